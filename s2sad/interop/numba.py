"""Derivatives as functions that numba's call: machine code of s2sad's, called by its address.

    step = wrap(s2sad.grad(loss), x)          a function of numba's: `step(x)` in functions that are compiled

What it is called with goes to machine code as it lies in memory, and what that gives lies in numba's memory: Python has
no part in it. Where machine code does not go on (an index out of range, a division by zero, lengths that it is not
compiled for), the derivative is called as Python calls it, and raises what is to be raised.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import njit, typeof
from numba.core import errors
from numba.core.typing.templates import signature
from numba.extending import intrinsic, overload, typeof_impl
from numba.np.numpy_support import as_dtype, from_dtype

from s2sad.api.operators import jit
from s2sad.backends.boundary import classes_in
from s2sad.dispatch.addressed import Addressed
from s2sad.dispatch.derivative import Derivative
from s2sad.errors import ArgumentError, shown
from s2sad.interop.numba_calls import KEPT, PYTHON, Member, NativeCall, Raised, types


def wrap(fun: Callable[..., Any], *args: Any, also: Sequence[tuple[Any, ...]] = ()) -> Any:
    """A derivative, or a function with derivatives in it, as a function that numba's call.

    Args:
        fun: what s2sad gives, or a function that it compiles.
        args: arguments as it will be called with. Where all are numbers they may be left out.
        also: arguments with other numbers of axes, or of lengths that a program of its own is for.

    Variables outside of the function are taken as they are now, as numba takes its own.

    Raises:
        ArgumentError: the arguments do not fit the function, or are nothing that numba's functions give it.
        Unsupported: there is no machine code for it; the message shows the line.

    >>> import numba
    >>> import s2sad
    >>> slope = wrap(s2sad.grad(lambda x: np.sum(x**3)), np.ones(9))
    >>> @numba.njit
    ... def descended(x):
    ...     for _ in range(3):
    ...         x = x - 0.1 * slope(x)
    ...     return x
    >>> descended(np.linspace(0.0, 1.0, 9)).round(3)[-2:]
    array([0.439, 0.461])
    """
    derivative: Any = fun if isinstance(fun, Derivative) else jit(fun)
    if args:
        derivative = derivative.spread(args, {})
    known = _Known(derivative.another(derivative.target, derivative.transform, "native"), [args, *also])
    parameters = known.native.__signature__.parameters
    name = known.native.__name__
    text = _TEXT.format(
        name=name,
        types=", ".join(parameters),
        taken=", ".join(n if p.default is p.empty else f"{n}=default_{n}" for n, p in parameters.items()),
        given=", ".join(f"in_rows({n})" for n in parameters),
    )
    space: dict[str, Any] = {"intrinsic": intrinsic, "in_rows": in_rows, "typed": known.typed, "Raised": Raised}
    space |= {f"default_{n}": p.default for n, p in parameters.items()}
    exec(compile(text, f"<{name} for numba>", "exec"), space)
    space[name].__doc__ = known.native.__doc__
    return njit(space[name])


_TEXT = """
@intrinsic
def native(typing, {types}):
    return typed([{types}])


def {name}({taken}):
    failed, value = native({given})
    if failed:
        raise Raised(failed)
    return value
"""


def in_rows(x: Any) -> Any:
    """An array that lies row by row: itself, or a copy."""
    return np.ascontiguousarray(x) if isinstance(x, np.ndarray) else x


@overload(in_rows)
def _in_rows(x: Any) -> Any:
    # numba compares their annotations with its own
    def copied(x: Any) -> Any:
        return np.ascontiguousarray(x)

    def itself(x: Any) -> Any:
        return x

    return copied if isinstance(x, types.Array) and x.layout != "C" else itself


@typeof_impl.register(Derivative)
def _no_type(derivative: Derivative, context: Any) -> Any:
    raise errors.TypingError(
        f"{derivative.__name__} in numba: s2sad.interop.numba.wrap(df, *args) is a function of its"
    )


class _Known:
    """What numba's compiler asks of a wrapped function."""

    def __init__(self, native: Derivative, examples: Sequence[tuple[Any, ...]]) -> None:
        self.native = native
        self.addressed = Addressed(native.target, native.transform)
        count = len(native.__signature__.parameters)
        self.examples = [native._bind(values, {}) for values in examples if values or not count]
        self.members = [self._member(values) for values in self.examples]
        KEPT.append(self)

    def _member(self, values: Sequence[Any]) -> Member:
        own = tuple(_plain(_type_of(v)) for v in values)
        found = self.addressed.at(values)
        classes = {name: cls for t in found.given for name, cls in classes_in(t).items()}
        return Member(own, found, _result_type(found.gives, classes))

    def typed(self, given: Sequence[Any]) -> tuple[Any, Any]:
        """The signature for arguments of these types, and what writes the call."""
        wanted = tuple(map(_plain, given))
        if not any(m.types == wanted for m in self.members):
            self.members.append(self._member(self._example(wanted)))
        members = [m for m in self.members if m.types == wanted]
        result = members[0].result
        own = [g if isinstance(w, (types.Array, types.BaseTuple)) else w for g, w in zip(given, wanted, strict=True)]
        call = NativeCall(self.native, [m for m in members if m.result == result], result, own)
        return signature(types.Tuple([types.boolean, result]), *own), call

    def _example(self, wanted: Sequence[Any]) -> list[Any]:
        """Arguments of these types, as long as those of an example."""
        for like in (*self.examples, [None] * len(wanted)):
            try:
                return [_example(t, x) for t, x in zip(wanted, like, strict=True)]
            except LookupError:
                pass
        raise errors.TypingError(
            f"{self.native.__name__} with {', '.join(map(str, wanted))}: give an example of such arguments, "
            "s2sad.interop.numba.wrap(f, *args, also=[other_args])"
        )


def _plain(t: Any) -> Any:
    """A type of numba's as patterns are told apart: arrays by their elements and axes, no number by its value."""
    t = types.unliteral(t)
    if isinstance(t, types.Omitted):
        return _plain(typeof(t.value))
    if isinstance(t, types.Array):
        return types.Array(t.dtype, t.ndim, "C")
    if isinstance(t, types.BaseTuple):
        return _tuple_type([_plain(i) for i in t], getattr(t, "instance_class", tuple))
    return t


def _tuple_type(items: Sequence[Any], cls: type) -> Any:
    if cls is tuple:
        return types.Tuple(items)
    return types.NamedUniTuple(items[0], len(items), cls) if len(set(items)) == 1 else types.NamedTuple(items, cls)


def _type_of(value: object) -> Any:
    """The type of numba's of an example."""
    try:
        found = typeof(value)
    except (ValueError, errors.NumbaError):
        found = None
    if found is None or not _is_taken(found):
        raise ArgumentError(
            f"{shown(value)} as an argument: functions of numba's give numbers, arrays that lie in rows, and tuples "
            "of them; bind others, wrap(lambda x: df(x, other), x)"
        )
    return found


def _is_taken(t: Any, inside: bool = False) -> bool:
    if isinstance(t, types.BaseTuple):
        return len(t) > 0 and all(_is_taken(i, True) for i in t)
    if isinstance(t, types.Array):
        return isinstance(t.dtype, (types.Number, types.Boolean)) and (t.layout == "C" or not inside)
    return isinstance(t, (types.Number, types.Boolean, types.NoneType))


def _example(t: Any, like: Any) -> Any:
    """A value of a type, as long as another one."""
    if isinstance(t, types.NoneType):
        return None
    if isinstance(t, (types.Number, types.Boolean)):
        value = as_dtype(t).type(1 if like is None or np.ndim(like) else like)
        return value.item() if t in PYTHON else value
    if isinstance(t, types.Array) and isinstance(like, np.ndarray) and like.ndim == t.ndim:
        return np.ones(like.shape, as_dtype(t.dtype))
    if isinstance(t, types.BaseTuple) and (like is None or (isinstance(like, tuple) and len(like) == len(t))):
        items = [_example(i, x) for i, x in zip(t, like or [None] * len(t), strict=True)]
        return t.instance_class(*items) if isinstance(t, types.BaseNamedTuple) else tuple(items)
    raise LookupError


def _result_type(form: Any, classes: dict[str, type]) -> Any:
    """The type of numba's for a form of `form_of_result`."""
    kind, rest = form
    if isinstance(rest, list):
        return _tuple_type([_result_type(i, classes) for i in rest], classes.get(kind, tuple))
    own = from_dtype(np.dtype(kind))
    return own if rest is None else types.Array(own, rest, "C")
