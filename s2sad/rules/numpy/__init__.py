"""The rules of NumPy's functions, an area a module."""
