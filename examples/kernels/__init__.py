"""Classic numerical kernels as their textbooks have them: they write into arrays, element by element or by slices."""
