"""What runs an emitted module. NumPy runs it as it is; `numba` makes native code of it."""
