"""The elementary functions by their names, and the text of those that a program calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from s2sad.backends.native.elementary import (
    arcs,
    c,
    error_functions,
    exponentials,
    hyperbolic,
    llvm,
    logarithms,
    logistic,
    powers,
    trigonometric,
    words,
)
from s2sad.backends.native.elementary.translation import Definition, Table, closure, signature, translate
from s2sad.backends.native.elementary.words import SINGLE

FAMILIES = (exponentials, logarithms, powers, trigonometric, arcs, hyperbolic, logistic, error_functions)
"""The modules whose functions are entered, when they are read, in `words.PUBLIC`."""


def known(name: str) -> bool:
    """Whether there is a function of this name; `exp.f32` is that of float32."""
    return name.removesuffix(SINGLE) in words.PUBLIC


def arity(name: str) -> int:
    """How many numbers a function takes."""
    return len(signature(words.PUBLIC[name.removesuffix(SINGLE)])[0])


@cache
def _for_llvm(function: words.Function, target: llvm.Target) -> Definition:
    return translate(function, llvm.Text(function, target))


@cache
def _for_c(function: words.Function) -> Definition:
    return translate(function, c.Text(function))


def text_of(names: Iterable[str], target: llvm.Target | None = None) -> str:
    """LLVM's text of these functions and of all that they call, each once.

    `@"s2sad.exp"(double)` is `exp`, `@"s2sad.exp.f32"(float)` that of float32. The text goes into a module once.
    """
    target = target or llvm.Target()
    return _assembled(names, lambda f: _for_llvm(f, target), llvm.table_text, llvm.also_text)


def c_text_of(names: Iterable[str]) -> str:
    """C99 of these functions and of all that they call, each once: `s2sad_exp(double)`, `s2sad_exp_f32(float)`."""
    return c.PRELUDE + _assembled(names, _for_c, c.table_text, c.also_text)


def _assembled(
    names: Iterable[str],
    translated: Callable[[words.Function], Definition],
    table_text: Callable[[Table], str],
    also_text: Callable[[str, words.Function], str],
) -> str:
    wanted = dict.fromkeys(names)
    functions = {name: words.PUBLIC[name.removesuffix(SINGLE)] for name in wanted}
    found = closure(tuple(functions.values()), translated)
    parts = [table_text(item) if isinstance(item, Table) else text for item, text in found.items()]
    parts += [also_text(name, function) for name, function in functions.items() if name != function.__name__]
    return "".join(parts)
