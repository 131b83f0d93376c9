"""The rules of SciPy's functions, a module for each namespace or theme of one: read when it has been imported."""
