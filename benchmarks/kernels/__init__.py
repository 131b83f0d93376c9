"""The kernels of examples/kernels: s2sad with NumPy and with numba, beside JAX, in one run."""
