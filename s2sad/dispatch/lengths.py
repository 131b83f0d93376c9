"""What a module rests on of the lengths of the call that it was compiled for, asked of other calls.

A module has the facts as Python, in the names of its header, and the names of the lengths in the order in which
arguments, and variables read anew, have them; lengths that are the same are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from s2sad.compiler.compiled import Compiled
from s2sad.ir.signature import Signature

Fits = Callable[..., bool]
"""Whether a module is for these lengths, in the order of its names."""


def lengths_of(compiled: Compiled, signature: Signature, lengths: Iterable[int]) -> list[Sequence[str]]:
    """The names of the lengths of a call, and the facts."""
    names = [str(signature.dims.get(n, f"_{k}")) for k, n in enumerate(lengths)]
    return [names, compiled.lengths] if compiled.lengths else []


def fits(meta: Mapping[str, Any]) -> Fits | None:
    """What asks whether a module is for the lengths of a call; None where it is for all."""
    if not meta["lengths"]:
        return None
    names, facts = meta["lengths"]
    made: Fits = eval(f"lambda {', '.join(names)}: {' and '.join(facts)}", {"len": len, "range": range})
    return made
