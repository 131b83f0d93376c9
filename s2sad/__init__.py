"""Automatic differentiation of Python functions over NumPy by source-to-source compilation."""

__version__ = "0.1.0"

from s2sad.api import grad, jvp, trace, value_and_grad, vjp
from s2sad.errors import Error
from s2sad.testing import check_grads

__all__ = ["Error", "__version__", "check_grads", "grad", "jvp", "trace", "value_and_grad", "vjp"]
