"""Derivatives that users give: `custom_vjp`, `custom_jvp`, rules for black boxes, `stop_gradient`."""

from __future__ import annotations

import functools
import inspect
import linecache
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import numpy as np

from s2sad.dispatch.display import NAMES, Displayed, written
from s2sad.dispatch.frames import public
from s2sad.errors import ArgumentError, did_you_mean, shown
from s2sad.frontend.reading.callables import UserValue, callable_name
from s2sad.ir.objects import object_items
from s2sad.ir.primitive import Effect, give_rule, lookup
from s2sad.ir.user_rules import BlackBox, Custom, home_of, parameter_names, unbound
from s2sad.ir.user_rules import adjoint as adjoint
from s2sad.ir.user_rules import stop_gradient as stop_gradient
from s2sad.view.cell import Pattern

F = TypeVar("F", bound=Callable[..., object])
P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class _Custom(Displayed, Custom, Generic[P, R_co]):
    """What both kinds of functions with rules have in common: they are made, and called, as functions are."""

    @overload
    def __new__(
        cls,
        fun: Callable[P, R_co],
        nondiff_argnums: int | Sequence[int] = ...,
        nondiff_argnames: str | Sequence[str] = ...,
    ) -> Self: ...
    @overload
    def __new__(  # type: ignore[misc]
        cls,
        fun: None = None,
        nondiff_argnums: int | Sequence[int] = ...,
        nondiff_argnames: str | Sequence[str] = ...,
    ) -> Callable[[Callable[Q, R]], _Custom[Q, R]]: ...
    def __new__(
        cls,
        fun: object = None,
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ) -> Any:
        if fun is None:
            return functools.partial(cls, nondiff_argnums=nondiff_argnums, nondiff_argnames=nondiff_argnames)
        return super().__new__(cls)

    def __init__(
        self,
        fun: Callable[P, R_co] | None = None,
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ) -> None:
        if not isinstance(fun, types.FunctionType):
            raise ArgumentError(f"custom_{self.kind} needs a Python function, not {shown(fun)}; see defvjp and defjvp")
        parameters = list(inspect.signature(fun).parameters.values())
        if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
            raise ArgumentError(f"custom_{self.kind} of {fun.__name__}: *args, **kwargs and keyword-only parameters")
        argnums = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else nondiff_argnums
        if not isinstance(argnums, (tuple, list)) or any(type(k) is not int for k in argnums):
            raise ArgumentError(f"nondiff_argnums holds positions, not {shown(nondiff_argnums)}")
        names = [p.name for p in parameters]
        argnames = (nondiff_argnames,) if isinstance(nondiff_argnames, str) else nondiff_argnames
        for name in argnames:
            if name not in names:
                guess = did_you_mean(name, names) if isinstance(name, str) else ""
                known = f"{fun.__name__} has the parameters {', '.join(names)}{guess}"
                raise ArgumentError(f"nondiff_argnames {shown(name)}: {known}")
        positions = tuple(
            sorted([k + len(parameters) if k < 0 else k for k in argnums] + [*map(names.index, argnames)])
        )
        if any(not 0 <= k < len(parameters) for k in positions) or len(set(positions)) < len(positions):
            raise ArgumentError(f"nondiff_argnums {nondiff_argnums}: {fun.__name__} has {len(parameters)} parameters")
        functools.update_wrapper(self, fun, NAMES)
        self.fun = fun
        self.nondiff = positions
        self.fwd = self.bwd = self.rule = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """The function itself; its result is memory of its own."""
        return _own(  # type: ignore[no-any-return]
            self.fun(*args, **kwargs), _arrays([*args, *kwargs.values()])
        )

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: _Custom[Concatenate[Any, Q], R], instance: object, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)  # type: ignore[arg-type]

    def _title(self) -> str:
        given = f"its derivative given by {' and '.join(callable_name(f) for f in self.rules.values())}"
        return f"{self.name}, {given if self.rules else f'a custom_{self.kind} without a rule yet'}"

    def _patterns(self) -> Iterator[Pattern]:
        yield written("the function and its rules", [self.fun, *self.rules.values()])

    def _function(self) -> object:
        return self.fun


class custom_vjp(_Custom[P, R_co]):
    """A function whose derivative in reverse mode is given.

        f = custom_vjp(f, nondiff_argnums=(), nondiff_argnames=())
        f.defvjp(fwd, bwd)

    `fwd(*args)` gives `(f(*args), residuals)`, `bwd(*nondiff_args, residuals, y_bar)` a tuple with the cotangent of
    each other argument, None for zero. Both are functions that can be compiled; their derivatives are taken as usual.
    Forward mode raises `RuleError`, as in JAX. Also a decorator, with and without arguments.

    >>> import numpy as np
    >>> import s2sad
    >>> @s2sad.custom_vjp
    ... def log1pexp(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> def log1pexp_fwd(x):
    ...     return log1pexp(x), x
    >>> def log1pexp_bwd(x, y_bar):
    ...     return (y_bar / (1.0 + np.exp(-x)),)
    >>> log1pexp.defvjp(log1pexp_fwd, log1pexp_bwd)
    >>> float(s2sad.grad(log1pexp)(0.0))
    0.5
    """

    kind = "vjp"

    def defvjp(self, fwd: Callable[..., object], bwd: Callable[..., object]) -> None:
        """Give the two functions of the derivative."""
        self.fwd, self.bwd = _function(fwd), _function(bwd)


class custom_jvp(_Custom[P, R_co]):
    """A function whose derivative in forward mode is given; reverse mode is made from it.

        f = custom_jvp(f, nondiff_argnums=(), nondiff_argnames=())
        f.defjvp(rule)                       rule(*nondiff_args, primals, tangents) -> (out, out_dot)
        f.defjvps(*rules)                    rule(x_dot, ans, *primals) -> its part of out_dot, one for each argument

    `out_dot` must be linear in the tangents. `f.defjvp` and `f.defvjp` of `custom_vjp` may be decorators.

    >>> import numpy as np
    >>> import s2sad
    >>> @s2sad.custom_jvp
    ... def safe_sqrt(x):
    ...     return np.sqrt(x)
    >>> @safe_sqrt.defjvp
    ... def safe_sqrt_jvp(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     y = safe_sqrt(x)
    ...     return y, 0.5 * x_dot / np.maximum(y, 1e-3)
    >>> float(s2sad.grad(safe_sqrt)(4.0))
    0.25
    """

    kind = "jvp"

    def defjvp(self, rule: F) -> F:
        """Give the tangent as one function; also a decorator."""
        self.rule = _function(rule)
        return rule

    def defjvps(self, *rules: Callable[..., object] | None) -> None:
        """Give the tangent by one function for each argument, None for zero."""
        if self.nondiff:
            raise ArgumentError("defjvps is for functions without nondiff_argnums: use defjvp")
        names = parameter_names(self.fun, len(inspect.signature(self.fun).parameters))
        if len(rules) != len(names):
            raise ArgumentError(f"{self.name} has {len(names)} parameters, and {len(rules)} rules are given")
        named = [
            None if r is None else _named(_function(r), f"{self.name}_jvp_{n}")
            for r, n in zip(rules, names, strict=True)
        ]
        self.rule = _sum_of_rules(self, names, named)


@public
def defvjp(
    f: Callable[..., object],
    *rules: Callable[..., object] | None,
    argnums: Sequence[int] | None = None,
    result: object = None,
) -> None:
    """Give the derivative in reverse mode of a function that runs as it is: of C, of a library, without source.

    There is a rule for each argument, or for those at `argnums`: `rule(ans, *args)` gives the function from the
    cotangent of the result to that of the argument (the convention of HIPS autograd); None is a derivative of zero.
    The rules are compiled. The function must not write into its arguments.

    `result` says of which type the result is: "elementwise" for functions of numbers that broadcast; or a function that
    is given, for each array, its `shape` and `dtype` and gives one of them back, or another pair `(shape, dtype)`.
    Without it the function is run twice on small arguments where one is compiled that calls it; where that raises,
    nothing is known of the result, which costs a call of a helper.

    >>> import s2sad
    >>> def black_box(x, n):
    ...     return eval("x ** n")
    >>> s2sad.defvjp(black_box, lambda ans, x, n: lambda g: g * n * x ** (n - 1.0), None)
    >>> s2sad.grad(lambda x: 2.0 * black_box(x, 3))(2.0)
    24.0
    """
    _give(f, "adjoints", rules, argnums, result)


@public
def defjvp(
    f: Callable[..., object],
    *rules: Callable[..., object] | None,
    argnums: Sequence[int] | None = None,
    result: object = None,
) -> None:
    """Give the derivative in forward mode of a function that runs as it is; see `defvjp`.

    `rule(g, ans, *args)` gives the part of the tangent of the result that comes of the tangent `g` of its argument.

    >>> import s2sad
    >>> def black_box_2(x):
    ...     return eval("x * x")
    >>> s2sad.defjvp(black_box_2, lambda g, ans, x: 2.0 * x * g)
    >>> s2sad.jvp(black_box_2, (3.0,), (1.0,))
    (9.0, 6.0)
    """
    _give(f, "tangents", rules, argnums, result)


def _give(
    f: Callable[..., object], table: str, rules: Sequence[object], argnums: Sequence[int] | None, result: Any
) -> None:
    """Add rules to what is known of a black box; those for the same mode are replaced."""
    if not callable(f) or isinstance(f, Custom):
        raise ArgumentError(f"rules are for functions, not {shown(f)}")
    if isinstance(f, types.MethodType) and not isinstance(f.__self__, (type, types.ModuleType)):
        raise ArgumentError(f"{f.__qualname__} is a bound method: give the rule of a function that calls it")
    if not (result is None or callable(result) or (isinstance(result, str) and result == "elementwise")):
        raise ArgumentError(f'result is "elementwise" or a function, not {shown(result)}')
    if not rules:
        raise ArgumentError(f"no rule is given for {shown(f)}: one for each argument, None for a derivative of zero")
    known = lookup(f)
    module, name = home_of(f)
    if known is not None and not isinstance(known, BlackBox):
        raise ArgumentError(f"there is a rule for {known.name} already; use custom_vjp of a function that calls it")
    positions = range(len(rules)) if argnums is None else argnums
    if not isinstance(positions, (range, tuple, list)) or any(type(k) is not int for k in positions):
        raise ArgumentError(f"argnums holds positions, not {shown(argnums)}")
    if len(positions) != len(rules):
        raise ArgumentError(f"{len(rules)} rules for {len(positions)} argnums")
    # Nothing is known of what it does: the result may be an argument, or a part of one.
    box = known or BlackBox(name, f, unbound, effect=Effect.VIEW, module=module)
    asked = {k: None if r is None else _function(r) for k, r in zip(positions, rules, strict=True)}
    # each mode has rules of its own: those of the other one stay
    adjoints, tangents = (asked, box.tangents) if table == "adjoints" else (box.adjoints, asked)
    box = replace(box, adjoints=adjoints, tangents=tangents, result=result or box.result)
    give_rule(box)


def _function(rule: object) -> Callable[..., object]:
    if not callable(rule):
        raise ArgumentError(f"a rule is a function, not {shown(rule)}")
    return rule


def _named(rule: Callable[..., object], name: str) -> Callable[..., object]:
    """A lambda under a name; other functions as they are."""
    if not isinstance(rule, types.FunctionType) or rule.__name__ != "<lambda>":
        return rule
    # emitted functions are named after what they are made of, and all lambdas have one name
    named = types.FunctionType(rule.__code__, rule.__globals__, name, rule.__defaults__, rule.__closure__)
    named.__qualname__, named.__module__ = rule.__qualname__, rule.__module__
    return named


_numbers = count(1)


def _sum_of_rules(custom: Custom, names: list[str], rules: Sequence[object]) -> Any:
    """The tangent rule that adds what a rule for each argument gives."""
    # a parameter of the user's may have any name, and each is one in the text below
    ans = next(n for n in ("ans", "result", "ans_") if n not in names)
    called = [f"{custom.name}_jvp_{n}" for n in names]
    terms = [f"{r}({n}_dot, {ans}, {', '.join(names)})" for r, n, g in zip(called, names, rules, strict=True) if g]
    dots = [f"{n}_dot" if g else "_" for n, g in zip(names, rules, strict=True)]
    if not terms:
        raise ArgumentError(f"{custom.name} has no rule that is a function")
    lines = [
        f"def {custom.name}_jvp(primals, tangents):",
        f"    {', '.join(names)}, = primals",
        f"    {', '.join(dots)}, = tangents",
        f"    {ans} = {custom.name}({', '.join(names)})",
        f"    return {ans}, {' + '.join(terms)}",
        "",
    ]
    text = "\n".join(lines)
    file = f"<rules of {custom.name} {next(_numbers)}>"
    # rules are compiled from their source, which `inspect` finds here for a function without a file
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space: dict[str, object] = {
        custom.name: custom,
        **dict(zip(called, rules, strict=True)),
        "__name__": custom.fun.__module__,
    }
    exec(compile(text, file, "exec"), space)
    return space[f"{custom.name}_jvp"]


def _arrays(value: object) -> list[object]:
    """The arrays in a value."""
    match value:
        case np.ndarray():
            return [value]
        case dict():
            items = list(value.values())
        case tuple() | list():
            items = list(value)
        case _:
            items = list((object_items(value) or {}).values())
    return [a for item in items for a in _arrays(item)]


def _own(value: UserValue, arrays: Sequence[UserValue]) -> UserValue:
    """A result that shares no memory with the arguments, and no container."""
    match value:
        case np.ndarray():
            # by their bounds: a copy too many does no harm, an array too few would be written into
            return value.copy() if any(np.may_share_memory(value, a) for a in arrays) else value
        # A NamedTuple takes its fields one by one, a tuple all of them at once.
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(_own(v, arrays) for v in value))
    if type(value) in (tuple, list):
        return type(value)(_own(v, arrays) for v in value)
    if type(value) is dict:
        return {k: _own(v, arrays) for k, v in value.items()}
    return value
