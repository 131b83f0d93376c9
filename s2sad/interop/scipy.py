"""SciPy's solvers with the derivatives that they take filled in; what is minimised may hold its unknowns in a tree.

    minimize(misfit, {"rate": 0.1, "start": np.ones(2)}, method="trust-krylov")     jac, hessp
    least_squares(residuals, x0)                                                    jac
    solve_ivp(rhs, (0.0, 1.0), y0, method="Radau")                                  jac

Arguments and results are SciPy's. What is differentiated inside a function of the user's are SciPy's own functions:
these here are called from outside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.sparse.linalg

from s2sad.api.gradients import Argnums, derivative_of, jvp, value_and_grad, vjp
from s2sad.api.operators import hvp, jacfwd, jacobian
from s2sad.compiler.transform import Transform
from s2sad.dispatch.typed import BackendName
from s2sad.interop.ravelled import Ravelled

PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
"""The methods of `minimize` that take products with the Hessian."""
HESSIANS = frozenset({"dogleg", "trust-exact"})
"""Those that take the Hessian itself."""
IMPLICIT = frozenset({"Radau", "BDF", "LSODA"})
"""The methods of `solve_ivp` that take a Jacobian."""


def _unknowns(x0: Any) -> Ravelled:
    """What an optimiser starts from. A tuple or list of numbers alone is a vector, as SciPy has it."""
    is_vector = type(x0) in (tuple, list) and all(isinstance(v, (int, float, np.number)) for v in x0)
    return Ravelled(np.asarray(x0, float) if is_vector else x0)


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | None = None,
    *,
    backend: BackendName | None = None,
    **options: Any,
) -> Any:
    """`scipy.optimize.minimize` with the gradient, and for methods of second order the Hessian or its products.

    `x0` is a number, an array, or a tuple, list, dict or object of these; `result.x` is of the same kind. A tuple or
    list of numbers alone is a vector, as SciPy has it. Bounds, constraints and a callback see the vector of numbers.
    With `jac=True` what is given is the value and gradient.

    >>> import numpy as np
    >>> def rosenbrock(p):
    ...     return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2
    >>> found = minimize(rosenbrock, {"x": -1.2, "y": 1.0}, method="trust-krylov", tol=1e-8)
    >>> round(found.x["x"], 4), round(found.x["y"], 4)
    (1.0, 1.0)
    """
    ravelled = _unknowns(x0)
    given = options.pop("jac", None) is True
    both = fun if given else value_and_grad(fun, backend=backend)

    def value(x: np.ndarray, *args: Any) -> tuple[float, np.ndarray]:
        value, gradient = both(ravelled.back(x), *args)
        return value, ravelled(gradient)

    order = "" if given else (method or "").lower()
    if order in PRODUCTS and not {"hess", "hessp"} & options.keys():
        product = hvp(fun, backend=backend)
        options["hessp"] = lambda x, v, *args: ravelled(product(ravelled.back(x), *args, ravelled.back(v)))
    elif order in HESSIANS and "hess" not in options:
        product = hvp(fun, backend=backend)
        eye = np.eye(ravelled.vector.size)
        options["hess"] = lambda x, *args: np.stack(
            [ravelled(product(ravelled.back(x), *args, ravelled.back(e))) for e in eye]
        )
    found = scipy.optimize.minimize(value, ravelled.vector, args, method, jac=True, **options)
    found.x = ravelled.back(found.x)
    return found


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    *,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    matrix_free: bool = False,
    backend: BackendName | None = None,
    **options: Any,
) -> Any:
    """`scipy.optimize.least_squares` with the Jacobian; `matrix_free` gives its products with vectors in its place.

    `x0` is as with `minimize`.

    >>> import numpy as np
    >>> t = np.linspace(0.0, 1.0, 9)
    >>> found = least_squares(lambda p: p[0] * np.exp(p[1] * t) - 2.0 * np.exp(-t), np.array([1.0, 0.0]))
    >>> found.x.round(6)
    array([ 2., -1.])
    """
    ravelled = _unknowns(x0)
    fun = functools.partial(fun, **kwargs) if kwargs else fun
    made = jacobian(fun, backend=backend)

    def residuals(x: np.ndarray, *args: Any) -> Any:
        return np.ravel(fun(ravelled.back(x), *args))

    def dense(x: np.ndarray, *args: Any) -> np.ndarray:
        at = ravelled.back(x)
        return ravelled.matrix(made(at, *args), np.size(fun(at, *args)))

    def products(x: np.ndarray, *args: Any) -> Any:
        at = ravelled.back(x)
        value, pullback = vjp(fun, at, *args, backend=backend)
        nothing = (None,) * len(args)
        forward = lambda v: np.ravel(  # noqa: E731
            jvp(fun, (at, *args), (ravelled.back(np.ravel(v)), *nothing), backend=backend)[1]
        )
        back = lambda u: ravelled(pullback(np.reshape(u, np.shape(value)))[0])  # noqa: E731
        shape = (np.size(value), x.size)
        return scipy.sparse.linalg.LinearOperator(shape, matvec=forward, rmatvec=back, dtype=float)

    jac = products if matrix_free else dense
    found = scipy.optimize.least_squares(residuals, ravelled.vector, jac, args=args, **options)
    found.x = ravelled.back(found.x)
    return found


def root(fun: Callable[..., Any], x0: Any, args: tuple[Any, ...] = (), method: str = "hybr", **options: Any) -> Any:
    """`scipy.optimize.root` with the Jacobian, for a function of a vector.

    >>> import numpy as np
    >>> root(lambda x: np.array([x[0] ** 2 - 2.0, x[1] - x[0]]), np.ones(2)).x.round(6)
    array([1.414214, 1.414214])
    """
    jac = jacobian(fun) if method in ("hybr", "lm") else None
    return scipy.optimize.root(fun, np.asarray(x0, float), args, method, jac=jac, **options)


def nonlinear_constraint(fun: Callable[..., Any], lb: Any, ub: Any, **options: Any) -> Any:
    """`scipy.optimize.NonlinearConstraint` with the Jacobian, and the Hessian of its products with multipliers.

    >>> import numpy as np
    >>> circle = nonlinear_constraint(lambda x: x @ x, 1.0, 1.0)
    >>> found = minimize(lambda x: x[0] + x[1], np.array([1.0, 0.0]), method="trust-constr", constraints=circle)
    >>> found.x.round(4)
    array([-0.7071, -0.7071])
    """
    # The Hessian of v @ fun is the Jacobian of its gradient, the pullback of v.
    second = jacfwd(derivative_of(fun, Transform("pullback", (0,), count=1)))

    def hess(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        found: np.ndarray = second(x, v if np.ndim(fun(x)) else v[0])[0]
        return found

    return scipy.optimize.NonlinearConstraint(fun, lb, ub, jac=jacobian(fun), hess=hess, **options)


def curve_fit(f: Callable[..., Any], xdata: Any, ydata: Any, p0: Sequence[float] | None = None, **options: Any) -> Any:
    """`scipy.optimize.curve_fit` with the Jacobian by the parameters: as many as in `p0`, or as `f` has names for.

    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 20)
    >>> found, _ = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, 3.0 * np.exp(-2.0 * x), p0=(1.0, 1.0))
    >>> found.round(6)
    array([3., 2.])
    """
    count = len(inspect.signature(f).parameters) - 1 if p0 is None else len(p0)
    by: Argnums = tuple(range(1, count + 1))
    columns = jacfwd(f, by)
    jac = lambda x, *p: np.stack(columns(x, *map(float, p)), axis=-1)  # noqa: E731
    return scipy.optimize.curve_fit(f, xdata, ydata, p0, jac=jac, **options)


def solve_ivp(
    fun: Callable[..., Any], t_span: tuple[float, float], y0: Any, method: str = "BDF", **options: Any
) -> Any:
    """`scipy.integrate.solve_ivp` with the Jacobian of the right-hand side, for the methods that take one.

    >>> import numpy as np
    >>> found = solve_ivp(lambda t, y: np.array([-1000.0 * y[0] + y[1], -y[1]]), (0.0, 1.0), [1.0, 1.0])
    >>> found.njev < 10 and bool(found.success)
    True
    """
    if method in IMPLICIT:
        options.setdefault("jac", jacobian(fun, 1))
    return scipy.integrate.solve_ivp(fun, t_span, np.asarray(y0, float), method, **options)
