"""The rules of scipy.sparse: products, how matrices are made and put together, their methods.

The systems and eigenvalues of scipy.sparse.linalg are read where that has been imported.
"""

from s2sad.rules.scipy.sparse import making, matrices, methods  # noqa: F401
