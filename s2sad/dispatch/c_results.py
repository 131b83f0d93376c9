"""What writes a derivative as C, with the names of its results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from s2sad.backends.embedded import CRunner
from s2sad.compiler.transform import Transform
from s2sad.version import __version__


def c_runner(transform: Transform | None, fixed: Collection[int] = ()) -> CRunner:
    """What writes a derivative as C; `fixed` are the lengths that are numbers in its text."""
    return CRunner(fixed=frozenset(fixed), named=partial(result_names, transform), version=__version__)


def result_names(transform: Transform | None, arguments: Sequence[Sequence[str]], count: int) -> list[str]:
    """What the results are called, from the names of the arguments: `value`, `x_bar`; none if unknown."""
    if transform is None or transform.has_aux or any(k >= len(arguments) for k in transform.argnums):
        return []
    if transform.kind == "jvp":
        return ["value", "value_dot"] if count == 2 else []
    bars = [f"{name}_bar" for k in transform.argnums for name in arguments[k]] if transform.kind == "grad" else []
    found = ["value"] * transform.value + bars
    return found if len(found) == count else []
