"""The functions of a module as programs of loops: what code, and text for other compilers, is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import s2sad.rules.looping  # noqa: F401  (the rules are there)
from s2sad.errors import UnsupportedCall
from s2sad.ir.primitive import Primitive
from s2sad.ir.values import Function
from s2sad.loops import to_loops
from s2sad.loops.lengths import is_small


def loops_of(
    functions: Sequence[Function],
    entry: str,
    fixed: Callable[[int], bool] = is_small,
    left: Collection[Primitive] = (),
    blocks: bool = True,
    whole: int = 0,
) -> list[Function]:
    """An entry, and all that it calls of these functions, as a program of loops (see `to_loops`).

    Raises:
        Unsupported: something in them cannot be said in loops.
    """
    return to_loops({f.name: f for f in functions}, entry, fixed, left, blocks, whole)


def loop_of(
    functions: Sequence[Function],
    entry: str,
    language: str,
    fixed: Callable[[int], bool] = is_small,
    blocks: bool = True,
    whole: int = 0,
) -> Function:
    """The same where the whole program is one function, of a language in which none calls itself.

    Raises:
        Unsupported: something cannot be said in loops, or calls itself.
    """
    program, *others = loops_of(functions, entry, fixed, (), blocks, whole)
    if others:
        raise UnsupportedCall(f"{others[0].name}, which calls itself, in {language}", "write a loop")
    return program
