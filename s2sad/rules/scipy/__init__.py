"""The rules of SciPy's functions, a namespace a module: read when that namespace has been imported."""
