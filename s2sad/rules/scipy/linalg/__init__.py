"""The rules of scipy.linalg: systems, factorisations, eigenvalues, functions of matrices, equations, patterns."""

from s2sad.rules.scipy.linalg import (  # noqa: F401
    bands,
    eigenvalues,
    eigenvalues_of_bands,
    equations,
    factorisations,
    functions,
    lu,
    patterns,
    schur,
    systems,
    toeplitz,
)
