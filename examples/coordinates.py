"""The Jacobian of a small function, column by column and row by row, printed step by step.

python -m examples.coordinates
"""

import numpy as np

import s2sad


def f(x):
    """A map of the plane: (x1^2 x2, 5 x1 + sin x2). x: float64[2]."""
    return np.array([x[0] ** 2 * x[1], 5.0 * x[0] + np.sin(x[1])])


def by_hand(x):
    """Its Jacobian, by hand."""
    return np.array([[2.0 * x[0] * x[1], x[0] ** 2], [5.0, np.cos(x[1])]])


def main():
    x = np.array([3.0, 0.5])
    print(f"x = {x},  f(x) = {f(x)}")
    print("by columns: forward mode, the tangent of f along each unit vector")
    for j, unit in enumerate(np.eye(2)):
        print(f"  J[:, {j}] = {s2sad.jvp(f, (x,), (unit,))[1]}")
    print("by rows: reverse mode, the adjoint of x for each unit cotangent")
    value, pullback = s2sad.vjp(f, x)
    for i, unit in enumerate(np.eye(2)):
        print(f"  J[{i}] = {pullback(unit)[0]}")
    columns, rows = s2sad.jacfwd(f)(x), s2sad.jacrev(f)(x)
    print(f"all at once:\n{columns}")
    return columns, rows


if __name__ == "__main__":
    main()
