"""Rules that users give, as data: functions with the functions that are their derivatives.

Custom            a function that has its derivative given: a call of it is an operation of its own to the compiler
PlainFunctionOf   that function itself as a target of the compiler: what it computes, its rule left out
BoxRule           a rule of a black box as a function of `g, ans, *args`
BlackBox          a function without source, as a primitive with rules
adjoint           a block that is done to the adjoint of a value
stop_gradient     a value whose derivative is zero
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from s2sad.errors import NESTED, ArgumentError, Location, Unsupported
from s2sad.ir.primitive import Effect, Primitive, Quantity, register
from s2sad.ir.types import ArrayType, Type
from s2sad.ir.unruled import has_its_turn, is_flat

T = TypeVar("T")


class Custom:
    """A function with a derivative of its own.

    `fwd` and `bwd` are the sweeps of reverse mode, `rule` is the tangent of forward mode; which of them it has is its
    `kind`. `nondiff` are the positions of parameters that have no derivative.
    """

    kind: str
    fun: Callable[..., object]
    nondiff: tuple[int, ...]
    fwd: Callable[..., object] | None
    bwd: Callable[..., object] | None
    rule: Callable[..., object] | None

    @property
    def name(self) -> str:
        name = getattr(self.fun, "__name__", "function")
        return name if name.isidentifier() else "function"

    @property
    def rules(self) -> dict[str, Callable[..., object]]:
        """The functions of its derivative, as far as they are given."""
        found = {n: getattr(self, n) for n in ("fwd", "bwd", "rule")}
        return {n: f for n, f in found.items() if f is not None}


@dataclass(frozen=True)
class PlainFunctionOf:
    """The function of a `Custom`, to be compiled as what its calls compute."""

    custom: Custom

    @property
    def __name__(self) -> str:
        return self.custom.name


@dataclass(frozen=True)
class BoxRule:
    """A rule of a black box of `count` arguments, as a function `name` of `g, ans, *args`.

    That is `function(g, ans, *args)`, or, where it is `curried`, `function(ans, *args)(g)`.
    """

    # Where docstrings are left out, dataclass would make one of the signature of the class, which has none.
    __doc__ = __doc__ or "A rule of a black box."
    function: Callable[..., Quantity]
    count: int
    name: str
    curried: bool
    static: tuple[tuple[str, object], ...] = ()
    """What the call gives by name."""

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def __signature__(self) -> inspect.Signature:
        P = inspect.Parameter
        names = parameter_names(self.function, self.count + 2 - self.curried)
        if self.curried:
            names = ["g" if "g" not in names else "cotangent", *names]
        return inspect.Signature([P(n, P.POSITIONAL_OR_KEYWORD) for n in names])

    def __call__(self, g: Quantity, *args: Quantity) -> Quantity:
        static = dict(self.static)
        return self.function(*args, **static)(g) if self.curried else self.function(g, *args, **static)


def parameter_names(function: Callable[..., object], count: int) -> list[str]:
    """Names for so many arguments of a function: those of its parameters, and numbered ones for `*args`."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = list(inspect.signature(function, follow_wrapped=False).parameters.values())
    except (ValueError, TypeError):
        parameters = []
    names = [p.name for p in parameters if p.kind in kinds][:count]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    return [*names, *(f"{rest}_{k}" for k in range(len(names), count))]


def accepts(function: Callable[..., object], count: int, names: Iterable[str] = ()) -> bool:
    """Whether a function can be called with so many arguments by position, and these by name."""
    try:
        inspect.signature(function, follow_wrapped=False).bind(*range(count), **dict.fromkeys(names))
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def place_of(function: object) -> Location:
    """Where a function is defined, for error messages."""
    code = getattr(function, "__code__", None)
    return Location(code.co_filename, code.co_firstlineno) if isinstance(code, types.CodeType) else Location()


# A value without derivative


def stop_gradient(x: T) -> T:
    """The same value, with a derivative of zero: what is computed from it does not depend on `x` for a derivative.

    A container gives a container of the same kind. Outside a derivative it is a copy. In the code of a derivative
    nothing is left of it.

    >>> import s2sad
    >>> def f(x):
    ...     return x * s2sad.stop_gradient(x)
    >>> f(3.0), s2sad.grad(f)(3.0)
    (9.0, 3.0)
    """
    try:
        return _copied(x)  # type: ignore[no-any-return]
    except RecursionError:
        raise ArgumentError(NESTED) from None


def _copied(x: Any) -> Any:
    match x:
        case np.ndarray():
            return x.copy()
        case dict():
            return type(x)((k, _copied(v)) for k, v in x.items())
        # A NamedTuple takes its fields one by one, a tuple all of them at once.
        case tuple() if hasattr(x, "_fields"):
            return type(x)(*map(_copied, x))
    return type(x)(map(_copied, x)) if type(x) in (tuple, list) else x


def _same(x: Type, /) -> Type:
    return x


STOP = register(
    Primitive("stop_gradient", stop_gradient, _same, constant=True, effect=Effect.VIEW, spelling="_0", transparent=True)
)


# What is done to an adjoint


class adjoint:
    """A block that runs in the reverse sweep, at this place and with the adjoint of `x` at hand.

        with s2sad.adjoint(x) as x_bar:
            x_bar = np.clip(x_bar, -1.0, 1.0)

    What the block leaves as `x_bar` takes the place of the adjoint; it may also print it, or assert something of it. It
    sees the values that the function has here. `x` is a variable that holds a number or an array.
    Forward mode goes past the block. Outside a derivative the block runs with an adjoint of zero.

    >>> import numpy as np
    >>> import s2sad
    >>> def f(x):
    ...     y = x * x
    ...     with s2sad.adjoint(y) as y_bar:
    ...         y_bar = np.minimum(y_bar, 1.0)
    ...     return 10.0 * y
    >>> f(3.0), float(s2sad.grad(f)(3.0))
    (90.0, 6.0)
    """

    def __init__(self, x: object) -> None:
        self.x = x

    def __enter__(self) -> Quantity:
        return np.zeros_like(self.x) if isinstance(self.x, np.ndarray) else 0.0

    def __exit__(self, *exception: object) -> None:
        return None


ADJOINT = "adjoint"
"""The name of the primitives that stand for such a block: an identity but for its adjoint."""


# Functions that run as they are


@dataclass(frozen=True, eq=False, slots=True)
class BlackBox(Primitive):
    """A function that is called as it is, with the rules that a user gives for it.

    `adjoints` have for a position the rule `rule(ans, *args)(g)`, `tangents` the rule `rule(g, ans, *args)`; None is a
    derivative of zero. `result` says of which type the result is: "elementwise", or a function of the arguments.
    """

    adjoints: Mapping[int, Callable[..., object] | None] | None = None
    tangents: Mapping[int, Callable[..., object] | None] | None = None
    result: Any = None
    module: str | None = None
    """The module to import for it; None where the function itself is put into the emitted module."""
    why: Unsupported | None = None
    """Why it has no derivative, where it has one for other arguments."""

    @property
    def rules(self) -> list[Callable[..., object]]:
        """The functions of its derivatives."""
        tables = (self.adjoints, self.tangents)
        return [r for table in tables for r in (table or {}).values() if r is not None]


def unbound(*types: Type) -> Type:
    """The type of a result of which nothing is known."""
    return ArrayType(None, None, "any")


def home_of(f: object) -> tuple[str | None, str]:
    """The module from which a function can be imported, and its name there; None where it cannot."""
    name = str(getattr(f, "__qualname__", None) or getattr(f, "__name__", type(f).__name__.lower()))
    if isinstance(f, np.ufunc):
        modules = [m for m in ("numpy", "scipy.special") if getattr(sys.modules.get(m), name, None) is f]
    else:
        own = getattr(f, "__module__", None) or ""
        # `scipy.signal.butter`, which is made in scipy.signal._filter_design, is called by its public name
        modules = [m for m in dict.fromkeys((own.split("._")[0].split(".api.")[0], own)) if m]
    for module in modules:
        found = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is f and module not in ("__main__", "builtins"):
            return module, f"{'np' if module == 'numpy' else module}.{name}"
    return None, f"{getattr(f, '__module__', '')}.{name}"


@lru_cache(maxsize=1024)
def plain_box(function: Callable[..., object]) -> BlackBox | None:
    """A function of NumPy, SciPy or math as one that runs as it is, for what has no derivative; None for others."""
    module, name = home_of(function)
    root = (module or "").split(".")[0]
    if isinstance(function, type) or root not in ("numpy", "scipy", "math") or "random" in (module or ""):
        return None
    in_turn = has_its_turn(function)
    effect = Effect.IO if in_turn else Effect.VIEW
    return BlackBox(name, function, unbound, constant=is_flat(function), effect=effect, once=in_turn, module=module)
