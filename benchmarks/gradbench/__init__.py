"""s2sad as a tool of GradBench, https://github.com/gradbench/gradbench: one module for each of its evals."""

EVALS = ("hello", "lse", "llsq", "kmeans", "gmm", "ode", "det", "lstm", "ba", "ht", "particle", "saddle")
