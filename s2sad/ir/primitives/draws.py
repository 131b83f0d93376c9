"""Generators of random numbers, and what is drawn of them.

    rng = np.random.default_rng(seed)         a value of the type STREAM
    z = rng.normal(mu, sigma, size=n)         a draw: its operands are the generator and the arguments

A draw is made once, in its order, where the program runs forward. Without a generator, as an operand that is None, it
is one of the module `np.random`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.types import NONE, STREAM, Type


def _made(*arguments: Any, function: str, names: tuple[str, ...]) -> Any:
    first = arguments[: len(arguments) - len(names)]
    return getattr(np.random, function)(*first, **dict(zip(names, arguments[len(first) :], strict=True)))


def _made_type(*arguments: Type, function: str, names: tuple[str, ...]) -> Type:
    return STREAM


def _made_text(*arguments: Type, function: str, names: tuple[str, ...]) -> str:
    first = [f"_{k}" for k in range(len(arguments) - len(names))]
    return f"np.random.{function}({', '.join([*first, *(f'{n}=_{k}' for k, n in enumerate(names, len(first)))])})"


MAKE_STREAM = register(
    Primitive("random.generator", _made, _made_type, constant=True, effect=Effect.IO, draws=True, spelling=_made_text)
)
"""A generator, or what one is made with."""


def _seed(*arguments: Any) -> None:
    np.random.seed(*arguments)


SEED = register(
    Primitive(
        "random.seed",
        _seed,
        lambda *arguments: NONE,
        constant=True,
        effect=Effect.IO,
        draws=True,
        spelling=lambda *types: f"np.random.seed({', '.join(f'_{k}' for k in range(len(types)))})",
    )
)


@dataclass(frozen=True)
class Draw:
    """A method of generators: the names of its parameters in their order, and those that its draws move with."""

    primitive: Primitive
    parameters: tuple[str, ...]
    moves: tuple[str, ...]


_DRAWS: dict[str, Draw] = {}


def add_draw(
    method: str,
    parameters: tuple[str, ...],
    moves: tuple[str, ...],
    type_rule: Callable[..., Type],
    tangent: Callable[..., Any] | None,
    adjoint: Callable[..., Any] | None,
    constant: bool,
    function: Callable[..., Any] | None = None,
) -> None:
    """Add a method of generators, or a function of a library that draws, under its name."""

    def run(stream: Any, *values: Any, names: tuple[str, ...], positional: int) -> Any:
        named = dict(zip(names[positional:], values[positional:], strict=True))
        called = function or getattr(np.random if stream is None else stream, method)
        return called(*values[:positional], **named)

    def text(stream: Type, *values: Type, names: tuple[str, ...], positional: int) -> str:
        first = [f"_{k + 1}" for k in range(positional)]
        named = [f"{n}=_{k + 1}" for k, n in enumerate(names) if k >= positional]
        owner = "" if function else "np.random." if stream == NONE else "_0."
        return f"{owner}{method}({', '.join([*first, *named])})"

    facts: dict[str, Any] = {"constant": constant, "effect": Effect.IO, "draws": True, "spelling": text}
    name = method if function else f"random.{method}"
    _DRAWS[method] = Draw(Primitive(name, run, type_rule, tangent, adjoint, **facts), parameters, moves)


def draw_of(method: str) -> Draw | None:
    """The row of a method of generators; None where there is none."""
    return _DRAWS.get(method)
