"""The emitted derivative beside the one that an expert writes by hand: length, names, memory and time, in one run."""
