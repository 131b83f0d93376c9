"""A smooth function of a symmetric matrix, as an operation: what `(V * f(w)) @ V.T` is, if `w, V = np.linalg.eigh(A)`.

Before the derivative the product gets this claim behind it: its derivative is that of f(A), which exists where
eigenvalues are equal, and not the one that goes through V, which does not. The optimiser takes the claim away again.
"""

from __future__ import annotations

from s2sad.ir.primitive import Quantity


def function_of_matrix(
    y: Quantity,
    a: Quantity,
    w: Quantity,
    v: Quantity,
    g: Quantity,
    slope: Quantity,
    *rest: Quantity,
    lower: bool = True,
    side: str = "",
) -> Quantity:
    """`y`, which is `(v * g) @ v.conj().T`: `w, v` are of the triangle of `a`, `slope` the derivative of `g` by `w`.

    `rest` begins with what stands on the `side`: `y` is that product times it, or it times that product. What
    follows are pairs: a number that `g` depends on too, and the derivative of `g` by it.
    """
    return y
