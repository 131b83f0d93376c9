"""The operators beside `grad`: Jacobians, Hessians, products with them, linearisation. JAX's names and meanings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import Any, Literal, overload

from s2sad.api.gradients import (
    A,
    Argnums,
    LinearFunction,
    P,
    R,
    R_co,
    V,
    active_arguments,
    asked,
    check_pair,
    derivative,
    derivative_of,
    in_kind_of,
    named_positions,
    spread_for,
)
from s2sad.compiler.transform import Transform
from s2sad.differentiate.vmap.axes import ByKey
from s2sad.dispatch.bound import Method
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.display import NAMES
from s2sad.dispatch.frames import public
from s2sad.dispatch.subject import Subject, bound_arguments
from s2sad.dispatch.typed import BackendName, Lowered
from s2sad.errors import ArgumentError, SourceUnavailable, shown
from s2sad.frontend.reading.callables import UserValue, callable_name
from s2sad.ir.marks import AtPoint, Operator, StandsFor, mark
from s2sad.ir.signature import fast_key
from s2sad.view.cell import Pattern
from s2sad.view.text import Text


@overload
def jacfwd(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, Any]: ...
@overload
def jacfwd(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, object]], Derivative[P, Any]]: ...
@public
def jacfwd(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The Jacobian of a function by forward mode, one tangent sweep for each number of the arguments asked for.

    Best for functions with fewer arguments than results. The primal is computed once where it has no loops.

    Args:
        fun: a Python function over NumPy whose result is a float, a float array, or a container of these.
        argnums: the position or name of the parameter to differentiate by, or a tuple of these.
        has_aux: the function gives `(value, aux)`; the result is `(jacobian, aux)`.
        backend: what runs the emitted code; None is plain NumPy.
        holomorphic: the function takes and gives complex numbers, and has complex derivatives. Without it `jacfwd`
            takes real arguments, and `jacrev` real results.

    Returns:
        A function of the same arguments. Its result has the structure of that of `fun`; each leaf y of it is an array
        of shape `y.shape + x.shape` for the argument x, a tuple of them for a tuple of `argnums`, a container of the
        argument's structure for a container.

    Raises:
        NotDifferentiable: the argument asked for, or the result, holds what is no float.
        UnsupportedType: the rank of the result is not known.

    >>> import numpy as np
    >>> def f(x):
    ...     return np.array([x[0] ** 2 * x[1], 5.0 * x[0] + np.sin(x[1])])
    >>> jacfwd(f)(np.array([3.0, 0.0]))
    array([[0., 9.],
           [5., 1.]])

    Griewank & Walther, Evaluating Derivatives (2008), section 3.1.
    """
    return derivative(fun, Transform("jacfwd", (), has_aux=has_aux, holomorphic=holomorphic), argnums, backend)


@overload
def jacrev(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, Any]: ...
@overload
def jacrev(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, object]], Derivative[P, Any]]: ...
@public
def jacrev(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The Jacobian of a function by reverse mode, one adjoint sweep for each number of the result.

    Best for functions with fewer results than arguments. The primal is computed once. Arguments, result and errors
    are those of `jacfwd`. Griewank & Walther (2008), section 3.2.

    >>> import numpy as np
    >>> jacrev(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return derivative(fun, Transform("jacrev", (), has_aux=has_aux, holomorphic=holomorphic), argnums, backend)


@overload
def jacobian(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Jacobian[P, Any]: ...
@overload
def jacobian(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, object]], Jacobian[P, Any]]: ...
@public
def jacobian(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The Jacobian of a function, by the mode that takes fewer sweeps for the sizes at hand.

    Forward mode where the arguments asked for hold no more numbers than the result, reverse mode where they hold more,
    or where the size of the result is not known beforehand. The rest is as with `jacfwd`.

    >>> import numpy as np
    >>> jacobian(lambda t: np.array([np.cos(t), np.sin(t)]))(0.0)
    array([-0.,  1.])
    """
    if fun is None:
        return public(lambda f: jacobian(f, argnums, has_aux, backend, holomorphic))
    subject = Subject.of(fun)
    modes = (
        asked(subject, Transform(kind, (), has_aux=has_aux, holomorphic=holomorphic), argnums)
        for kind in ("jacfwd", "jacrev")
    )
    return Jacobian(*(Derivative(subject, mode, backend) for mode in modes))


class Jacobian(Method[P, R_co]):
    """What `jacobian` gives: a Jacobian that takes the cheaper mode at each call."""

    def __init__(self, forward: Derivative[P, R_co], reverse: Derivative[P, R_co]) -> None:
        self.forward = forward
        self.reverse = reverse
        functools.update_wrapper(self, forward, NAMES, ())
        self.__name__ = f"{callable_name(forward.target)}_jacobian"
        self._chosen: dict[tuple[object, ...], Derivative[P, R_co]] = {}

    @public
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.mode(*args, **kwargs)(*args, **kwargs)

    def mode(self, *args: P.args, **kwargs: P.kwargs) -> Derivative[P, R_co]:
        """The one of the two Jacobians that serves arguments of these sizes."""
        values = [*args, *kwargs.values()]
        # the pattern is the same for all lengths, and which mode is cheaper is not
        key = (fast_key(values, {}, []), tuple(kwargs), tuple(getattr(v, "shape", None) for v in values))
        mode = self._chosen.get(key)
        if mode is None:
            try:
                inputs, outputs = self.forward.sizes(args, kwargs)
            except SourceUnavailable:  # it came from another process: as there, for this pattern
                known = (m for k, m in self._chosen.items() if k[:2] == key[:2])
                mode = next(known, self.reverse)
            else:
                # one sweep for each number: where both need as many, the forward ones store nothing
                mode = self.forward if outputs is not None and inputs <= outputs else self.reverse
            self._chosen[key] = mode
        return mode

    @public
    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Lowered[P, R_co]:
        """The plain emitted function for arguments like these; its text is `.source`."""
        return self.mode(*args, **kwargs).lower(*args, **kwargs)

    @public
    def explore(
        self, *args: Any, path: str | PathLike[str] | None = None, browser: bool = False, **kwargs: Any
    ) -> Path:
        """Write a page that shows the Jacobian beside the code and the trace; see `Derivative.explore`."""
        return self.mode(*args, **kwargs).explore(*args, path=path, browser=browser, **kwargs)

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        # by reverse mode, whatever the sizes are
        return self.reverse._generic_text(given)

    def _title(self) -> str:
        return self.forward._title().removesuffix(", column by column")

    def _patterns(self) -> Iterator[Pattern]:
        yield from self.forward._patterns()
        yield from self.reverse._patterns()

    def _before(self, given: Sequence[object] = ()) -> Iterator[Pattern]:
        return self.reverse._before(given)

    def _function(self) -> object:
        return self.forward._function()


mark(Jacobian, StandsFor(attrgetter("reverse")))


@overload
def hessian(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, Any]: ...
@overload
def hessian(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, object]], Derivative[P, Any]]: ...
@public
def hessian(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The Hessian of a function: forward mode over reverse mode, one pair of sweeps for each number of the arguments.

    The result for a function with a scalar result and one array argument has the shape `x.shape + x.shape`; in general
    it is nested as `jacfwd(jacrev(fun, argnums), argnums)` nests it. Arguments and errors are those of `jacfwd`.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])

    Griewank & Walther (2008), section 5.4.
    """
    if fun is None:
        return public(lambda f: hessian(f, argnums, has_aux, backend, holomorphic))
    subject = Subject.of(fun)
    # Forward mode outside: a tangent through the adjoint sweep stores nothing, reverse over reverse would store it all.
    first = asked(subject, Transform("jacrev", (), has_aux=has_aux, holomorphic=holomorphic), argnums)
    return Derivative(Derivative(subject, first, backend), replace(first, kind="jacfwd", label="hessian"), backend)


@overload
def hvp(fun: Callable[..., object], argnums: Argnums = ..., backend: BackendName | None = ...) -> HessianProduct: ...
@overload
def hvp(
    fun: None = None, argnums: Argnums = ..., backend: BackendName | None = ...
) -> Callable[[Callable[..., object]], HessianProduct]: ...
@public
def hvp(fun: object = None, argnums: Argnums = 0, backend: BackendName | None = None) -> Any:
    """The product of the Hessian of a scalar function with a vector: `hvp(f)(*args, v)`, forward over reverse mode.

    No Hessian is formed: the cost is a small multiple of that of the function. `v` and the result have the structure,
    shapes and dtypes of the argument asked for; for a tuple of `argnums` they are tuples.

    Raises:
        NonScalarOutput: the result of `fun` is no real scalar.
        ArgumentError: `v` does not have the shapes of the argument.

    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])

    Pearlmutter, Fast exact multiplication by the Hessian (1994); Griewank & Walther (2008), section 5.4.
    """
    if fun is None:
        return public(lambda f: hvp(f, argnums, backend))
    return HessianProduct(fun, argnums, backend)


class HessianProduct(Method[..., Any]):
    """What `hvp` gives: a function of the arguments and a vector."""

    __name__: str

    def __init__(self, fun: object, argnums: Argnums, backend: str | None) -> None:
        subject = Subject.of(fun)
        first = asked(subject, Transform("grad", ()), argnums)
        self._one = first.one
        self._signature = subject.signature
        gradient = Derivative(subject, first, backend)
        self.derivative = Derivative(gradient, replace(first, kind="pushforward", label="hvp"), backend)
        functools.update_wrapper(self, self.derivative, NAMES, ())
        anywhere = inspect.Parameter.POSITIONAL_OR_KEYWORD
        # The vector comes behind all arguments, so that none of them can be left to its default.
        parameters = [p.replace(kind=anywhere, default=p.empty) for p in self._signature.parameters.values()]
        vector = inspect.Parameter("vector" if self._one else "vectors", anywhere)
        if not self.derivative.is_variadic and vector.name not in self._signature.parameters:
            self.__signature__ = inspect.Signature([*parameters, vector])

    @public
    def __call__(self, /, *args: object, **kwargs: object) -> UserValue:
        further = kwargs if self.derivative.is_variadic else {}
        return self.derivative(*self._given(args, kwargs), **further)

    @public
    def lower(self, *args: object, **kwargs: object) -> Lowered[..., Any]:
        """The plain emitted function `(*args, *vectors)` for arguments like these; its text is `.source`."""
        further = kwargs if self.derivative.is_variadic else {}
        return self.derivative.lower(*self._given(args, kwargs), **further)

    @public
    def explore(
        self, *args: object, path: str | PathLike[str] | None = None, browser: bool = False, **kwargs: object
    ) -> Path:
        """Write a page that shows the product beside the code and the trace; see `Derivative.explore`."""
        further = kwargs if self.derivative.is_variadic else {}
        return self.derivative.explore(*self._given(args, kwargs), path=path, browser=browser, **further)

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        return self.derivative._generic_text(given)

    def _title(self) -> str:
        return self.derivative._title()

    def _patterns(self) -> Iterator[Pattern]:
        return self.derivative._patterns()

    def _before(self, given: Sequence[object] = ()) -> Iterator[Pattern]:
        return self.derivative._before(given)

    def _function(self) -> object:
        return self.derivative._function()

    def _given(self, args: Sequence[UserValue], kwargs: Mapping[str, object]) -> tuple[object, ...]:
        if len(args) + len(kwargs) < 2 or not args:
            what = "takes the arguments of the function, and a vector after them"
            raise ArgumentError(f"{self.__name__} {what}: hvp(f)(x, v)")
        *arguments, v = args
        primals = tuple(arguments)
        if not self.derivative.is_variadic:
            primals = tuple(bound_arguments(self._signature, arguments, kwargs, self.__name__).values())
        vectors = (v,) if self._one else tuple(v)
        along = self.derivative.placed(arguments, kwargs)
        if len(vectors) != len(along.argnums):
            raise ArgumentError(f"{len(vectors)} vectors for {len(along.argnums)} argnums")
        given = (*primals, *kwargs.values()) if self.derivative.is_variadic else primals
        vectors = tuple(
            in_kind_of(given[k], vector, f"the vector for argument {k}") if k < len(given) else vector
            for k, vector in zip(along.argnums, vectors, strict=True)
        )
        # users give the vectors in the order of `argnums`, the derivative takes them in that of its parameters
        return (*primals, *(vectors[along.argnums.index(k)] for k in along.dotted))


mark(HessianProduct, StandsFor(attrgetter("derivative")))


@overload
def linearize(
    fun: Callable[..., tuple[V, A]], *primals: object, has_aux: Literal[True], backend: BackendName | None = ...
) -> tuple[V, Callable[..., V], A]: ...
@overload
def linearize(
    fun: Callable[..., R], *primals: object, has_aux: Literal[False] = ..., backend: BackendName | None = ...
) -> tuple[R, Callable[..., R]]: ...
@public
def linearize(
    fun: Callable[..., Any], *primals: object, has_aux: bool = False, backend: BackendName | None = None
) -> tuple[Any, ...]:
    """The value of a function, and its derivative at that point as a function of tangents: `(f(*primals), f_jvp)`.

    `f_jvp(*tangents)` is `J @ tangents`; it has one parameter for each of `primals`, that of an integer is ignored.
    What the tangents have no part in is computed once; loops that carry them run again. With `has_aux` the function
    gives `(value, aux)`, and the result is `(value, f_jvp, aux)`. `backend` is what runs both parts; None is plain
    NumPy.

    >>> y, f_jvp = linearize(lambda x: x**2, 3.0)
    >>> y, f_jvp(1.0), f_jvp(2.0)
    (9.0, 6.0, 12.0)
    """
    fun = spread_for(fun, primals)
    active = active_arguments(fun, primals)
    both = derivative_of(fun, Transform("linear", active), backend)
    (value, residuals), tangent = both.sweeps(primals)

    def pushforward(*tangents: object) -> Any:
        if len(tangents) != len(primals):
            raise ArgumentError(f"{len(primals)} primals and {len(tangents)} tangents")
        dots = [in_kind_of(primals[k], tangents[k], f"the tangent of argument {k}") for k in active]
        return tangent(residuals, *dots)[0] if has_aux else tangent(residuals, *dots)

    if has_aux:
        return check_pair(fun, value)[0], pushforward, value[1]
    # The derivative has tangents of the active arguments alone: it stands for the pushforward where all are active.
    if len(active) < len(primals):
        return value, pushforward
    along = derivative_of(fun, _pushforward(active, len(primals)))
    return value, LinearFunction.at(pushforward, along, primals, both)


def _pushforward(active: tuple[int, ...], count: int) -> Transform:
    return Transform("pushforward", active)


mark(linearize, AtPoint(_pushforward, derivative_of))


@overload
def elementwise_grad(
    fun: Callable[..., object], argnums: Argnums = ..., backend: BackendName | None = ...
) -> Derivative[..., Any]: ...
@overload
def elementwise_grad(
    fun: None = None, argnums: Argnums = ..., backend: BackendName | None = ...
) -> Callable[[Callable[..., object]], Derivative[..., Any]]: ...
@public
def elementwise_grad(fun: object = None, argnums: Argnums = 0, backend: BackendName | None = None) -> Any:
    """The derivative of a function that works number by number: the sum of the rows of its Jacobian.

    The result has the shape of the argument, for a result of any shape. HIPS autograd's function of that name.

    >>> import numpy as np
    >>> elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """
    if fun is None:
        return public(lambda f: elementwise_grad(f, argnums, backend))
    return derivative(fun, Transform("elementwise_grad", ()), argnums, backend)


@overload
def vmap(
    fun: Callable[..., object], in_axes: object = ..., out_axes: object = ..., backend: BackendName | None = ...
) -> Derivative[..., Any]: ...
@overload
def vmap(
    fun: None = None, in_axes: object = ..., out_axes: object = ..., backend: BackendName | None = ...
) -> Callable[[Callable[..., object]], Derivative[..., Any]]: ...
@public
def vmap(fun: object = None, in_axes: object = 0, out_axes: object = 0, backend: BackendName | None = None) -> Any:
    """A function of one example as a function of many, the examples along an axis of its arguments and of its result.

    Each operation is done for all examples at once; what has no such form, and a branch or loop that goes another way
    for each example, stands in a loop over the examples. Composes with every operator: `vmap(grad(f))` gives the
    gradient of each example.

    Args:
        fun: a Python function over NumPy.
        in_axes: the axis of the examples in each argument: an int for all, or a tuple with one for each, None for what
            is the same for all examples; for a container an axis for all of it, or a container of axes.
        out_axes: the axis in the result, or a container of axes; None for what is the same for all examples.
        backend: what runs the emitted code; None is plain NumPy.

    Raises:
        ArgumentError: there is no such axis, or the arguments have different lengths along theirs.

    >>> import numpy as np
    >>> xs = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> vmap(lambda x, w: np.dot(x, w), in_axes=(0, None))(xs, np.array([1.0, 10.0]))
    array([21., 43.])
    >>> from s2sad import grad
    >>> vmap(grad(lambda x: np.sum(x**3)))(xs)
    array([[ 3., 12.],
           [27., 48.]])
    """
    if fun is None:
        return public(lambda f: vmap(f, in_axes, out_axes, backend))
    subject = Subject.of(fun)
    asked(subject, Transform("vmap", ()), 0)
    try:
        axes, out_axes = _axes(in_axes), _axes(out_axes)
    except RecursionError:
        raise ArgumentError("vmap: axes hold themselves, or are nested too deeply") from None
    parameters = [*subject.signature.parameters.values()]
    optional = tuple(k for k, p in enumerate(parameters) if p.default is not p.empty)
    needed = sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    if isinstance(axes, tuple) and len(axes) < needed:
        what = f"vmap: in_axes has {len(axes)} axes for {needed} arguments"
        raise ArgumentError(f"{what}; None is for what is the same for all examples")
    transform = Transform("vmap", (), False, in_axes=axes, out_axes=out_axes, optional=optional)
    return Derivative(subject, transform, backend)


@overload
def jit(fun: Callable[P, R], backend: BackendName | None = ...) -> Derivative[P, R]: ...
@overload
def jit(fun: None = None, backend: BackendName | None = ...) -> Callable[[Callable[P, R]], Derivative[P, R]]: ...
@public
def jit(fun: object = None, backend: BackendName | None = "native") -> Any:
    """The function itself, compiled for each pattern of its arguments, with the derivatives that it takes inside.

    A descent around a gradient is one program of the backend: loop, gradient and steps.

    Args:
        fun: a function over NumPy. Without it, `jit(backend=...)` is a decorator.
        backend: what runs the emitted code; None is plain NumPy.

    Raises:
        UnsupportedCall: the function changes what it is given.
        UnsupportedSyntax, UnsupportedType: the function is outside the supported language; the message shows the line.

    >>> import numpy as np
    >>> from s2sad import grad, jit
    >>> def descended(x, rate):
    ...     for _ in range(100):
    ...         x = x - rate * grad(lambda y: np.sum((y - 1.0) ** 4))(x)
    ...     return x
    >>> jit(descended, backend=None)(np.array([2.0, 0.5]), 0.05).round(3)
    array([1.154, 0.85 ])
    """
    if fun is None:
        return public(lambda f: jit(f, backend))
    return Derivative(Subject.of(fun), Transform("jit", ()), backend)


MAX_RANK = 64
"""Of an array of NumPy's."""


def _axes(axes: object) -> object:
    """A specification of axes as a value that can be compared: an int, None, a tuple, or ByKey."""
    if isinstance(axes, dict):
        return ByKey(tuple((k, _axes(a)) for k, a in axes.items()))
    if isinstance(axes, (tuple, list)):
        return tuple(map(_axes, axes))
    # True and False are integers to Python, and no axes
    if axes is not None and (not isinstance(axes, int) or isinstance(axes, bool) or abs(axes) > MAX_RANK):
        raise ArgumentError(f"vmap: an axis is an int or None, not {shown(axes)}; arguments are passed to vmap(f)(...)")
    return axes


def _inside(operator: Callable[..., object], *kinds: tuple[str, str]) -> None:
    """Let an operator be used in a function that is differentiated: the transformations that it applies, in order."""

    def transforms(
        names: list[str],
        argnums: Argnums = 0,
        has_aux: bool = False,
        backend: str | None = None,
        holomorphic: bool = False,
    ) -> list[Transform]:
        positions, one = named_positions(names, argnums, "the function", False)
        first = Transform("", positions, one, has_aux=has_aux, holomorphic=holomorphic)
        return [replace(first, kind=kind, label=label) for kind, label in kinds]

    mark(operator, Operator(transforms))


_inside(jacfwd, ("jacfwd", ""))
_inside(jacrev, ("jacrev", ""))
# Inside a function there is no call to read the sizes from: it is reverse mode, whatever they are.
_inside(jacobian, ("jacrev", ""))
_inside(hessian, ("jacrev", ""), ("jacfwd", "hessian"))
_inside(hvp, ("grad", ""), ("pushforward", "hvp"))
_inside(elementwise_grad, ("elementwise_grad", ""))


def _vmap_inside(
    names: list[str], in_axes: object = 0, out_axes: object = 0, backend: str | None = None
) -> list[Transform]:
    axes = tuple(map(_axes, in_axes)) if isinstance(in_axes, (tuple, list)) else (_axes(in_axes),) * len(names)
    if len(axes) > len(names):
        raise ArgumentError(f"vmap: in_axes has {len(axes)} axes for {len(names)} arguments")
    return [Transform("vmap", (), False, in_axes=axes, out_axes=out_axes)]


mark(vmap, Operator(_vmap_inside))


def _jit_inside(names: list[str], backend: str | None = None) -> list[Transform]:
    """Inside a function that is compiled as a whole a compiled function is the function itself."""
    return []


mark(jit, Operator(_jit_inside))
