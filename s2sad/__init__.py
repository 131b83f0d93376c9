"""Automatic differentiation of Python functions over NumPy by source-to-source compilation."""

import s2sad.travelling  # noqa: F401  (derivatives can be pickled)
from s2sad.api import grad, jvp, trace, value_and_grad, vjp
from s2sad.checkpointing import checkpoint, checkpointed
from s2sad.errors import Error
from s2sad.operators import elementwise_grad, hessian, hvp, jacfwd, jacobian, jacrev, linearize
from s2sad.testing import check_grads
from s2sad.version import __version__

__all__ = [
    "Error",
    "__version__",
    "check_grads",
    "checkpoint",
    "checkpointed",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "trace",
    "value_and_grad",
    "vjp",
]
