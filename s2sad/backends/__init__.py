"""What runs an emitted module. NumPy runs it as it is; numba is to follow."""
