"""Linear least squares through `np.linalg.solve`: which measurements decide the answer?

The gradient of a fitted value by the data is exact, and agrees with the formula of the textbook.
python -m examples.least_squares
"""

import numpy as np

import s2sad


def prediction(A, b, at, ridge=1e-3):
    """The value at `at` of the model whose coefficients fit `A @ c = b` best, with a small penalty on `c`."""
    n = A.shape[1]
    c = np.linalg.solve(A.T @ A + ridge * np.eye(n), A.T @ b)
    return at @ c


def main():
    rng = np.random.default_rng(1)
    t = np.linspace(-1.0, 1.0, 12)
    A = np.stack([np.ones_like(t), t, t**2], axis=1)
    b = 1.0 + 2.0 * t - t**2 + 0.05 * rng.normal(size=t.size)
    at = np.array([1.0, 1.2, 1.44])
    influence = s2sad.grad(prediction, argnums=1)(A, b, at)
    textbook = A @ np.linalg.solve(A.T @ A + 1e-3 * np.eye(3), at)
    print("prediction at t = 1.2          ", prediction(A, b, at))
    print("influence of each measurement  ", influence.round(3))
    print("difference from the textbook   ", np.max(np.abs(influence - textbook)))
    return influence, textbook


if __name__ == "__main__":
    main()
