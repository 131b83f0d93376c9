"""Automatic differentiation of Python functions over NumPy by source-to-source compilation."""

import s2sad.api.pages  # noqa: F401  (derivatives have pages)
import s2sad.dispatch.pickling  # noqa: F401  (derivatives can be pickled)
import s2sad.rules  # noqa: F401  (they are there where they are asked for)
import s2sad.solvers  # noqa: F401  (as the rules)
from s2sad.api.checkpoint import checkpoint, checkpointed
from s2sad.api.custom import adjoint, custom_jvp, custom_vjp, defjvp, defvjp, stop_gradient
from s2sad.api.gradients import grad, jvp, trace, value_and_grad, vjp
from s2sad.api.nans import check_nan, debug_nans
from s2sad.api.operators import elementwise_grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, linearize, vmap
from s2sad.api.solvers import custom_linear_solve, custom_root
from s2sad.api.sparse import sparse_hessian, sparse_jacobian, sparsity
from s2sad.dispatch.derivative import Derivative
from s2sad.errors import Error, NotFinite
from s2sad.ir.trees import ravel_pytree
from s2sad.testing import check_grads
from s2sad.version import __version__

__all__ = [
    "Derivative",
    "Error",
    "NotFinite",
    "__version__",
    "adjoint",
    "check_grads",
    "check_nan",
    "custom_jvp",
    "custom_linear_solve",
    "custom_root",
    "custom_vjp",
    "debug_nans",
    "defjvp",
    "defvjp",
    "checkpoint",
    "checkpointed",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linearize",
    "ravel_pytree",
    "sparse_hessian",
    "sparse_jacobian",
    "sparsity",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]
