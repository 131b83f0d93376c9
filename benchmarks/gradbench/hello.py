"""hello: the square of a number, and its derivative."""

import s2sad
from benchmarks.gradbench.function import Function


def square(x: float) -> float:
    """The square of x."""
    return x * x


FUNCTIONS = {
    "square": Function(lambda x: (float(x),), square, float),
    "double": Function(lambda x: (float(x),), s2sad.grad(square), float),
}
