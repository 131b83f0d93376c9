"""Many at once. Takes a function of the trace, and which parameters have an axis of examples; gives that of all."""
