"""The elementary functions by their names, and the text of those that a program calls."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from s2sad.backends.native.elementary import (
    arcs,
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

FAMILIES = (exponentials, logarithms, powers, trigonometric, arcs, hyperbolic, logistic, error_functions)
"""The modules whose functions are entered, when they are read, in `words.PUBLIC`."""

SINGLE = ".f32"


def known(name: str) -> bool:
    """Whether there is a function of this name; `exp.f32` is that of float32."""
    return name.removesuffix(SINGLE) in words.PUBLIC


def arity(name: str) -> int:
    """How many numbers a function takes."""
    return len(signature(words.PUBLIC[name.removesuffix(SINGLE)])[0])


@cache
def _definition(function: words.Function, target: llvm.Target) -> Definition:
    return translate(function, llvm.Text(function, target))


def text_of(names: Iterable[str], target: llvm.Target | None = None) -> str:
    """LLVM's text of these functions and of all that they call, each once.

    `@"s2sad.exp"(double)` is `exp`, `@"s2sad.exp.f32"(float)` that of float32. The text goes into a module once.
    """
    target = target or llvm.Target()
    wanted = dict.fromkeys(names)
    functions = [words.PUBLIC[n.removesuffix(SINGLE)] for n in wanted]
    texts = closure(functions, lambda f: _definition(f, target))
    parts = [llvm.table_text(i) if isinstance(i, Table) else t for i, t in texts.items()]
    for name in wanted:
        plain = name.removesuffix(SINGLE)
        function = words.PUBLIC[plain]
        if name != plain:
            parts.append(llvm.single_text(plain, function))
        elif plain != function.__name__:
            parts.append(llvm.alias_text(plain, function))
    return "".join(parts)
