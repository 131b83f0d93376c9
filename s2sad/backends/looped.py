"""The functions of a module as programs of loops: what code, and text for other compilers, is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import s2sad.rules.looping  # noqa: F401  (the rules are there)
from s2sad.ir.primitive import Primitive
from s2sad.ir.values import Function
from s2sad.loops import to_loops
from s2sad.loops.lengths import is_small


def loops_of(
    functions: Sequence[Function],
    entry: Function,
    fixed: Callable[[int], bool] = is_small,
    left: Collection[Primitive] = (),
    blocks: bool = True,
) -> Function:
    """An entry, and all that it calls of these functions, as one program of loops (see `to_loops`).

    Raises:
        Unsupported: something in them cannot be said in loops.
    """
    return to_loops({f.name: f for f in functions} | {entry.name: entry}, entry.name, fixed, left, blocks)
