"""Evals of GradBench as they are written for other systems: `VERSIONS[name](*args)` is a call with all bound."""
