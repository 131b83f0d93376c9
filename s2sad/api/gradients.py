"""The public functions: each names a transformation and makes a derivative object, or calls one."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar, overload

import numpy as np

from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.display import Displayed
from s2sad.dispatch.frames import public
from s2sad.dispatch.subject import Subject, bound_arguments
from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError, NonScalarOutput, did_you_mean, shown
from s2sad.frontend.reading.callables import UserValue, callable_name
from s2sad.ir.marks import AtPoint, Forward, Operator, mark
from s2sad.ir.objects import make_object, object_items
from s2sad.ir.printer import print_function
from s2sad.ir.signature import Signature, mismatch
from s2sad.ir.trees import flatten, in_place_of
from s2sad.ir.types import is_active_type, is_namedtuple
from s2sad.view.cell import Pattern
from s2sad.view.text import Text

A = TypeVar("A")
P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")
"""The value beside which a function gives more."""
R_co = TypeVar("R_co", covariant=True)

Argnum: TypeAlias = int | str
Argnums: TypeAlias = Argnum | Sequence[Argnum]
Several: TypeAlias = tuple[Argnum, ...] | list[int] | list[str]
"""Parameters by position or name, for a tuple of gradients."""


@overload
def grad(
    fun: Callable[P, object],
    argnums: Several,
    has_aux: Literal[False] = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, tuple[Any, ...]]: ...
@overload
def grad(
    fun: Callable[P, tuple[object, A]],
    argnums: Argnums = ...,
    *,
    has_aux: Literal[True],
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, tuple[Any, A]]: ...
@overload
def grad(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, Any]: ...
@overload
def grad(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, object]], Derivative[P, Any]]: ...
@public
def grad(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The gradient of a function with a real scalar result, as a function of the same arguments.

    Args:
        fun: a Python function over NumPy. Without it, `grad(argnums=...)` is a decorator.
        argnums: the position or name of the parameter to differentiate by, or a tuple of these; the result is then a
            tuple. A parameter may be a float, a float array of any shape, or a container of these; the gradient
            has its structure, shapes and dtypes.
        has_aux: the function gives `(value, aux)`; the result is `(gradient, aux)`.
        backend: what runs the emitted code; None is plain NumPy.
        holomorphic: the function takes complex numbers and gives one, and has a complex derivative. Without it a
            gradient by a complex argument is that of a real result: df/dx - i df/dy.

    Raises:
        NonScalarOutput: the result is no real scalar.
        NotDifferentiable: the argument asked for holds no floats.
        UnsupportedSyntax, UnsupportedCall: the function cannot be differentiated; the message shows the line.

    >>> import numpy as np
    >>> def energy(x, k):
    ...     return 0.5 * k * np.sum(x * x)
    >>> grad(energy)(np.array([1.0, 2.0]), 3.0)
    array([3., 6.])
    >>> x_bar, k_bar = grad(energy, argnums=("x", "k"))(np.array([1.0, 2.0]), 3.0)
    >>> float(k_bar)
    2.5

    Reverse mode with code generated per operation: Griewank & Walther, Evaluating Derivatives (2008), section 3.2.
    """
    return derivative(fun, Transform("grad", (), has_aux=has_aux, holomorphic=holomorphic), argnums, backend)


@overload
def value_and_grad(
    fun: Callable[P, R],
    argnums: Several,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, tuple[R, tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    fun: Callable[P, R],
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Derivative[P, tuple[R, Any]]: ...
@overload
def value_and_grad(
    fun: None = None,
    argnums: Argnums = ...,
    has_aux: bool = ...,
    backend: BackendName | None = ...,
    holomorphic: bool = ...,
) -> Callable[[Callable[P, R]], Derivative[P, tuple[R, Any]]]: ...
@public
def value_and_grad(
    fun: object = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    backend: BackendName | None = None,
    holomorphic: bool = False,
) -> Any:
    """The value and the gradient of a function in one call: `(value, gradient)`, or `((value, aux), gradient)`.

    Arguments and errors are those of `grad`.

    >>> value, slope = value_and_grad(lambda x: x**3)(2.0)
    >>> value, slope
    (8.0, 12.0)
    """
    return derivative(fun, Transform("grad", (), True, True, has_aux, holomorphic), argnums, backend)


def derivative(fun: object, transform: Transform, argnums: Argnums, backend: str | None) -> Any:
    """The derivative of a function by some of its parameters; without a function, a decorator."""
    if fun is None:
        return public(lambda f: derivative(f, transform, argnums, backend))
    subject = Subject.of(fun)
    return Derivative(subject, asked(subject, transform, argnums), backend)


def asked(subject: Subject, transform: Transform, argnums: Argnums) -> Transform:
    """The transformation by the parameters that `argnums` means: positions, or names.

    Which positions the parameters of a function have that takes `*args` or `**kwargs` is known at a call only.
    """
    own, keywords = subject.parameters, subject.keywords
    if not subject.is_variadic:
        positions, one = named_positions(own, argnums, subject.name, False)
        return replace(transform, argnums=positions, one=one)
    # where there are no `*args`, those that are given by name alone have positions too
    counted = own if subject.takes_any_number else [*own, *keywords]
    known = [*own, *keywords]
    if subject.takes_any_name:
        names = [argnums] if isinstance(argnums, str) else argnums if isinstance(argnums, (tuple, list)) else []
        known += [n for n in names if isinstance(n, str) and n not in known]
    positions, one = named_positions(known, argnums, subject.name, True)
    by_name = [isinstance(a, str) for a in ([argnums] if one else list(argnums))]  # type: ignore[arg-type]
    names = [known[k] if named or k < len(counted) else None for k, named in zip(positions, by_name, strict=True)]
    places = tuple(k if n is None or n in own else -1 for k, n in zip(positions, names, strict=True))
    once_each([*zip(places, names, strict=True)], argnums)
    return replace(transform, argnums=places, one=one, names=tuple(names))


def named_positions(names: list[str], argnums: Argnums, name: str, variadic: bool) -> tuple[tuple[int, ...], bool]:
    """The positions that `argnums` means among these parameters, and whether it is one."""
    one = isinstance(argnums, (int, str, np.integer))
    if not one and not isinstance(argnums, (tuple, list)):
        instead = f"the derivative is a function, which takes the arguments: grad({name})(...)"
        raise ArgumentError(f"argnums holds positions or names of parameters, not {shown(argnums)}; {instead}")
    result = []
    for a in [argnums] if one else list(argnums):  # type: ignore[arg-type]
        if isinstance(a, str):
            if a not in names:
                guess = did_you_mean(a, names)
                raise ArgumentError(f"argnums {shown(a)}: {name} has the parameters {', '.join(names)}{guess}")
            a = names.index(a)
        if isinstance(a, np.integer):
            a = int(a)
        if not isinstance(a, int) or isinstance(a, bool):
            raise ArgumentError(f"argnums holds positions or names, not {shown(a)}")
        # how many parameters `*args` stands for is known at a call only: positions count on into it
        k = a + len(names) if a < 0 and not variadic else a
        if k < 0 or k >= len(names) and not variadic:
            known = f": {', '.join(names)}, counted from 0" if names else ""
            raise ArgumentError(f"argnums {a}: {name} has {len(names)} parameter{'s' * (len(names) != 1)}{known}")
        result.append(k)
    if not variadic:
        once_each(result, argnums)
    return tuple(result), one


def once_each(found: Sequence[object], argnums: Argnums) -> None:
    """Refuse `argnums` that mean a parameter twice, or none."""
    if len(set(found)) < len(found) or not found:
        raise ArgumentError(f"argnums {shown(argnums)} names a parameter twice, or none")


_cached: Callable[..., Derivative] = functools.lru_cache(maxsize=512)(Derivative)  # type: ignore[arg-type]
_cached_closure: Callable[..., Derivative] = functools.lru_cache(maxsize=16)(Derivative)  # type: ignore[arg-type]


def derivative_of(fun: object, transform: Transform, backend: str | None = None) -> Derivative:
    """A derivative, made once for each function that can be looked up in a table.

    Few closures are kept: they hold arrays, and what was compiled for one is found for the next.
    """
    try:
        return (_cached_closure if getattr(fun, "__closure__", None) else _cached)(fun, transform, backend)
    except TypeError:
        return Derivative(fun, transform, backend)


def spread_for(fun: object, args: Sequence[object], kwargs: dict[str, object] | None = None) -> Any:
    """The function for just these arguments, where it takes `*args` or `**kwargs`."""
    return Subject.of(fun).spread(args, kwargs or {})


def active_arguments(fun: object, primals: Sequence[object]) -> tuple[int, ...]:
    """The positions of the arguments that have derivatives."""
    if not primals:
        raise ArgumentError(f"the arguments of {callable_name(fun)} are missing: they follow the function")
    active = tuple(k for k, p in enumerate(primals) if is_active(p))
    if not active:
        raise ArgumentError(f"no argument of {callable_name(fun)} is a float or holds floats")
    return active


def is_active(primal: object) -> bool:
    """Whether an argument is a float or holds floats."""
    # arrays and floats, which are most arguments, without the cost of a signature
    if type(primal) is np.ndarray and primal.dtype.kind in "fc":
        return True
    return type(primal) is float or is_active_type(Signature().type_of(primal))


@overload
def jvp(
    fun: Callable[..., tuple[V, A]],
    primals: Sequence[object],
    tangents: Sequence[object],
    *,
    has_aux: Literal[True],
    backend: BackendName | None = ...,
) -> tuple[V, V, A]: ...
@overload
def jvp(
    fun: Callable[..., R],
    primals: Sequence[object],
    tangents: Sequence[object],
    *,
    has_aux: Literal[False] = ...,
    backend: BackendName | None = ...,
) -> tuple[R, R]: ...
@public
def jvp(
    fun: Callable[..., Any],
    primals: Sequence[object],
    tangents: Sequence[object],
    *,
    has_aux: bool = False,
    backend: BackendName | None = None,
) -> tuple[Any, ...]:
    """The value of a function and its derivative along tangents: `(fun(*primals), J @ tangents)`, forward mode.

    `tangents` has the structure, shapes and dtypes of `primals`; for an integer argument it is ignored. None stands for
    the tangent of an argument that is not moved: nothing is computed for it. With `has_aux` the function gives
    `(value, aux)`, and the result is `(value, tangent, aux)`. `backend` is what runs the emitted code; None is plain
    NumPy.

    >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, None))
    (6.0, 2.0)

    Griewank & Walther (2008), section 3.1.
    """
    for given, what in ((primals, "primals"), (tangents, "tangents")):
        if not isinstance(given, (tuple, list)):
            instead = "jvp(f, (x,), (x_dot,))"
            raise ArgumentError(
                f"{what} is a tuple or a list with one for each argument, not {shown(given)}: {instead}"
            )
    if len(primals) != len(tangents):
        instead = "None stands for the tangent of an argument that is not moved"
        raise ArgumentError(f"{len(primals)} primals and {len(tangents)} tangents; {instead}")
    fun = spread_for(fun, primals)
    active = tuple(k for k in active_arguments(fun, primals) if tangents[k] is not None)
    if not active:
        raise ArgumentError("all tangents are None; give one for what is moved")
    dots = [in_kind_of(primals[k], tangents[k], f"the tangent of argument {k}") for k in active]
    tangent = derivative_of(fun, Transform("jvp", active), backend)
    # tangents come behind all parameters, so that those left to their defaults must be there
    if len(primals) + len(active) != len(tangent.__signature__.parameters):
        subject = Subject(fun)
        primals = tuple(bound_arguments(subject.signature, primals, {}, subject.name).values())
    out, out_dot = tangent(*primals, *dots)
    return (check_pair(fun, out)[0], out_dot[0], out[1]) if has_aux else (out, out_dot)


def check_pair(fun: object, out: UserValue) -> UserValue:
    """The result of a function with has_aux.

    Raises:
        NonScalarOutput: it is no pair.
    """
    if not isinstance(out, tuple) or len(out) != 2:
        what = "with has_aux the result must be a pair (value, aux)"
        raise NonScalarOutput(f"{callable_name(fun)}: {what}, not {shown(out)}")
    return out


def zeros_of(aux: UserValue) -> UserValue:
    """The cotangent of what has none: zeros in the place of floats."""
    leaves, structure = flatten(aux)
    zeros = (lambda leaf=leaf: 0.0 if type(leaf) is float else np.zeros_like(leaf)[()] for leaf in leaves)
    return structure.tree(in_place_of(leaf, zero) for leaf, zero in zip(leaves, zeros, strict=True))


def in_kind_of(primal: UserValue, value: UserValue, what: str) -> UserValue:
    """A tangent or cotangent in the dtypes of its primal: what is added up in integers would be cut off.

    Raises:
        ArgumentError: it has not the structure and the shapes of its primal, its float leaves that is.
    """
    # The usual cases by their classes alone: a pullback may be called in a loop, and signatures take time.
    if isinstance(value, float) and isinstance(primal, float):
        return value
    both_arrays = type(value) is type(primal) is np.ndarray
    if both_arrays and value.shape == primal.shape and value.dtype == primal.dtype:
        return value
    # one signature for both: the same length is the same symbol
    signature = Signature()
    problem = mismatch(signature.type_of(value), signature.type_of(primal))
    if problem:
        if both_arrays and value.shape != primal.shape:
            problem = f"shape {value.shape} for {primal.shape}"
        raise ArgumentError(f"{what} must have the structure and shapes of its primal: {problem}")
    try:
        return _converted(primal, value)
    except OverflowError as e:
        raise ArgumentError(f"{what} is too large for a float") from e


def _converted(primal: UserValue, value: UserValue) -> UserValue:
    """A value of the structure of another one, its numbers of the dtypes of the floats there."""
    match primal:
        case np.ndarray() if isinstance(value, np.ndarray) and primal.dtype.kind in "fc":
            return value.astype(primal.dtype, copy=False)
        case float() | complex() | np.inexact() if isinstance(value, (int, np.integer, np.bool_)):
            return type(primal)(value)
        case dict():
            made = copy.copy(value)
            made.update((k, _converted(primal[k], v)) for k, v in value.items())
            return made
        case tuple() | list() if not isinstance(value, type(primal)) or len(primal) != len(value):
            return value
        case tuple() | list():
            items = [_converted(p, v) for p, v in zip(primal, value, strict=True)]
            return type(value)(*items) if is_namedtuple(type(value)) else type(value)(items)
    own, attributes = object_items(primal), object_items(value)
    if own is None or attributes is None:
        return value
    return make_object(type(value), **{k: _converted(own[k], v) if k in own else v for k, v in attributes.items()})


@overload
def vjp(
    fun: Callable[..., tuple[V, A]], *primals: object, has_aux: Literal[True], backend: BackendName | None = ...
) -> tuple[V, Callable[[V], tuple[Any, ...]], A]: ...
@overload
def vjp(
    fun: Callable[..., R], *primals: object, has_aux: Literal[False] = ..., backend: BackendName | None = ...
) -> tuple[R, LinearFunction[[R], tuple[Any, ...]]]: ...
@public
def vjp(
    fun: Callable[..., Any], *primals: object, has_aux: bool = False, backend: BackendName | None = None
) -> tuple[Any, ...]:
    """The value of a function and its pullback: `(fun(*primals), y_bar -> primal_bars)`, reverse mode.

    The pullback takes a cotangent of the structure of the result and gives a tuple with the cotangent of each
    argument, None for one that holds no floats. It may be called any number of times. With `has_aux` the function gives
    `(value, aux)`, and the result is `(value, pullback, aux)`. `backend` is what runs both sweeps; None is plain NumPy.

    >>> y, pullback = vjp(lambda x, y: x * y, 3.0, 2.0)
    >>> y, pullback(1.0)
    (6.0, (2.0, 3.0))

    Griewank & Walther (2008), section 3.2.
    """
    fun = spread_for(fun, primals)
    active = active_arguments(fun, primals)
    derivative = derivative_of(fun, Transform("vjp", active), backend)
    forward, reverse = derivative.sweeps(primals)
    out, residuals = forward
    value = check_pair(fun, out)[0] if has_aux else out
    zeros = (zeros_of(out[1]),) if has_aux else ()

    def pullback(*cotangents: object) -> tuple[UserValue, ...]:
        if len(cotangents) != 1:
            what = "a pullback takes one cotangent, of the structure of the result"
            raise ArgumentError(f"{what}, and is given {len(cotangents)}: pullback(1.0) for a scalar")
        y_bar = in_kind_of(value, cotangents[0], "the cotangent")
        if has_aux:
            made = getattr(type(out), "_make", tuple)
            y_bar = made((y_bar, *zeros))
        bars = reverse(residuals, y_bar)
        bars = (bars,) if len(active) == 1 else bars
        return tuple(bars[active.index(k)] if k in active else None for k in range(len(primals)))

    if has_aux:
        return value, pullback, out[1]
    return out, LinearFunction.at(pullback, derivative_of(fun, _pullback(active, len(primals))), primals, derivative)


class LinearFunction(Displayed, functools.partial[Any], Generic[P, R_co]):
    """A pullback or pushforward at a point: quick to call, and to every operator the derivative with its arguments."""

    quick: Callable[..., Any]
    made_with: Any
    """The derivative that was compiled for it: the value, and the sweep that is called."""
    __name__: str

    @classmethod
    def at(
        cls, quick: Callable[..., Any], derivative: Derivative, primals: Sequence[object], made_with: Derivative
    ) -> LinearFunction[P, R_co]:
        linear = cls(derivative, *primals)
        linear.quick, linear.__name__, linear.made_with = quick, derivative.__name__, made_with
        return linear

    @public
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.quick(*args, **kwargs)  # type: ignore[no-any-return]

    @property
    def _derivative(self) -> Any:
        return self.func

    def _title(self) -> str:
        return f"{self._derivative._title()}, at a point"

    @property
    def __signature__(self) -> inspect.Signature:
        """What comes behind the arguments of the function: tangents, or a cotangent."""
        transform, parameters = self._derivative.transform, [*self._derivative.__signature__.parameters.values()]
        return inspect.Signature(parameters[len(parameters) - (transform.further if transform else 0) :])

    @property
    def __wrapped__(self) -> object:
        """The function that it is of, which tools read."""
        return self._function()

    def _patterns(self) -> Iterator[Pattern]:
        return iter(self.made_with._patterns())

    def _function(self) -> object:
        return self.made_with._function()


@public
def trace(fun: Callable[..., object], *args: object, **kwargs: object) -> Text:
    """The evaluation trace of a function for arguments like these, as text: v1, v2, ...

    Nothing is evaluated: the trace is the typed three-address code that the derivatives are made from.

    >>> def area(r, h):
    ...     return 2.0 * r * (r + h)
    >>> print(trace(area, 1.0, 2.0))
    area(r: float, h: float):
        v1 = 2.0 * r
        v2 = r + h
        v3 = v1 * v2
        return v3
    """
    fun = spread_for(fun, args, kwargs)
    derivative = derivative_of(fun, Transform("primal"))
    return Text(print_function(derivative.primal(args, kwargs)))


def _pullback(active: tuple[int, ...], count: int) -> Transform:
    return Transform("pullback", active, count=count)


mark(vjp, AtPoint(_pullback, derivative_of))
mark(jvp, Forward(lambda active: Transform("jvp", active), derivative_of))


def _transform_of(operator: object) -> Callable[..., list[Transform]]:
    """The transformations that an operator stands for inside a function, by the names of the parameters."""

    def transforms(
        names: list[str],
        argnums: Argnums = 0,
        has_aux: bool = False,
        backend: str | None = None,
        holomorphic: bool = False,
    ) -> list[Transform]:
        positions, one = named_positions(names, argnums, "the function", False)
        return [Transform("grad", positions, one, operator is value_and_grad, has_aux, holomorphic)]

    return transforms


for _operator in (grad, value_and_grad):
    mark(_operator, Operator(_transform_of(_operator)))
