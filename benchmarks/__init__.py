"""Benchmarks: `python -m benchmarks` measures s2sad and the other systems side by side, in one run."""
