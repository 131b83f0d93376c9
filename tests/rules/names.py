"""The page of names, docs/reference/names.md: NumPy's and SciPy's public names, made from the tables of rules.

python -m tests.rules.names      writes it
"""

from __future__ import annotations

import importlib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from s2sad.frontend import lower
from s2sad.frontend.meanings import is_pure, meaning_of
from s2sad.ir.batch_rule import batch_rule
from s2sad.ir.definition import definition_of
from s2sad.ir.late import load_late
from s2sad.ir.loop_rule import RULES, WRITTEN
from s2sad.ir.primitive import Primitive, lookup
from s2sad.ir.primitives.draws import draw_of
from s2sad.ir.solver import is_holder, methods_of, solver_of
from s2sad.ir.sparse import REFUSED, row_of_function
from s2sad.ir.unruled import has_its_turn, is_flat, refusal_of
from s2sad.rules import everything, looping

assert lower and looping, "they fill the tables of meanings and of loop rules"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "names.md"
NAMESPACES = [
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.random",
    "numpy.lib.stride_tricks",
    "numpy.polynomial",
    "numpy.polynomial.polynomial",
    "numpy.polynomial.chebyshev",
    "numpy.polynomial.legendre",
    "numpy.polynomial.laguerre",
    "numpy.polynomial.hermite",
    "numpy.polynomial.hermite_e",
    "scipy.special",
    "scipy.linalg",
    "scipy.fft",
    "scipy.signal",
    "scipy.signal.windows",
    "scipy.ndimage",
    "scipy.stats",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.sparse.linalg",
    "scipy.spatial",
    "scipy.spatial.distance",
    "scipy.spatial.transform",
    "scipy.cluster.vq",
    "scipy.cluster.hierarchy",
]


@dataclass(frozen=True)
class Row:
    """A name: forward and reverse mode, many examples, native code, and a note."""

    forward: str
    reverse: str
    many: str = ""
    native: str = ""
    note: str = ""

    @property
    def kind(self) -> str:
        """What it counts as."""
        return {"yes": "differentiable", "0": "constant"}.get(self.reverse, "not")


AS_TEXT = "as its parts"


def _of_primitive(row: Primitive) -> Row:
    many = "at once" if batch_rule(row) else "a loop"
    known = {row.function, row.name} & {*RULES, *WRITTEN}
    native = "loops" if known or row.on_numbers or row.elementwise else "a call"
    if row.constant:
        return Row("0", "0", many, native)
    return Row("yes" if row.tangent else "", "yes" if row.adjoint else "", many, native)


def _of_distribution(function: Any) -> str:
    """The methods of a distribution that have a definition."""
    found = [n for n in dir(type(function)) if n[0] != "_" and definition_of(getattr(function, n, None))]
    return ", ".join(found)


def told(function: Any, name: str) -> Row:
    """What the tables know of a function, which is told here in a line."""
    definition, primitive = definition_of(function), lookup(function)
    if definition is not None and (primitive is None or primitive.constant):
        return Row("yes", "yes", AS_TEXT, AS_TEXT)
    if primitive is not None:
        return _of_primitive(primitive)
    solver = solver_of(function)
    if solver is not None and solver.without:
        return Row("", "", note=solver.without)
    if solver is not None and row_of_function(function) is None:
        return Row("yes", "yes", "a loop", "", "a solver")
    if row_of_function(function) is not None:
        return Row("", "", note="refused") if function in REFUSED else Row("yes", "yes", "a loop", "", "sparse")
    methods = methods_of(function)
    if methods is not None:
        return Row("yes", "yes", "a loop", "", f"an object: {', '.join(sorted(methods))}")
    if is_holder(function):
        return Row("0", "0", note="held for a solver")
    if is_flat(function):
        return Row("0", "0", note="done once, in order" if has_its_turn(function) else "")
    refusal = refusal_of(function)
    if refusal is not None:
        return Row("", "", note=refusal.why)
    draw = draw_of(name) if getattr(np.random, name, None) is function else None
    if draw is not None:
        moves = f"by {', '.join(draw.moves)}" if draw.moves else "data"
        return Row(*("yes", "yes") if draw.moves else ("0", "0"), note=f"drawn once; {moves}")
    if hasattr(function, "rvs"):
        found = _of_distribution(function)
        return Row("yes", "yes", AS_TEXT, AS_TEXT, found) if found else Row("", "", note="no rule")
    if is_pure(function):
        return Row("0", "0", AS_TEXT, AS_TEXT, "computed while compiling")
    return Row("yes", "yes", AS_TEXT, AS_TEXT) if meaning_of(function) is not None else Row("", "", note="no rule")


def public(namespace: str) -> Iterator[tuple[str, Any]]:
    """The functions of a namespace, and its classes that are no exceptions, by their names."""
    module = importlib.import_module(namespace)
    for name in sorted(set(getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"])):
        found = getattr(module, name, None)
        if callable(found) and not _is_aside(found):
            yield name, found


def _is_aside(found: object) -> bool:
    if isinstance(found, types.ModuleType):
        return True
    return isinstance(found, type) and issubclass(found, (BaseException, Warning, np.generic))


def known() -> dict[str, dict[str, Row]]:
    """All names by their namespace."""
    everything()
    for namespace in NAMESPACES:
        importlib.import_module(namespace)
    load_late()
    return {namespace: {n: told(f, n) for n, f in public(namespace)} for namespace in NAMESPACES}


def versions() -> str:
    return f"NumPy {np.__version__} and SciPy {scipy.__version__}"


def text() -> str:
    """The page of now."""
    names = known()
    lines = [HEAD.format(versions=versions(), counts=counts(names))]
    for namespace, rows in names.items():
        lines += [f"## {namespace}", "", "| Name | Forward | Reverse | Many | Native | |", "|---|---|---|---|---|---|"]
        lines += [f"| `{n}` | {r.forward} | {r.reverse} | {r.many} | {r.native} | {r.note} |" for n, r in rows.items()]
        lines.append("")
    return "\n".join(lines)


def counts(names: dict[str, dict[str, Row]]) -> str:
    """How many there are of each kind."""
    lines = ["| Namespace | Names | Differentiable | Constant | Not |", "|---|---|---|---|---|"]

    def line(title: str, rows: list[Row]) -> str:
        kinds = [sum(r.kind == k for r in rows) for k in ("differentiable", "constant", "not")]
        return f"| {title} | {len(rows)} | {' | '.join(map(str, kinds))} |"

    lines += [line(namespace, list(rows.values())) for namespace, rows in names.items()]
    return "\n".join([*lines, line("all", [r for rows in names.values() for r in rows.values()])])


def read(page: str) -> dict[tuple[str, str], str]:
    """The rows of a page, by namespace and name."""
    found = {}
    for section in page.split("\n## ")[1:]:
        namespace = section.partition("\n")[0]
        found.update({(namespace, n): row for n, row in re.findall(r"^\| `(\w+)` \|(.*)$", section, re.MULTILINE)})
    return found


HEAD = """# Names

The public functions and classes of NumPy and SciPy, and what is known of each: made from the rules by
`python -m tests.rules.names`, with {versions}.

- *Forward*, *Reverse*: `yes` where there is a derivative, `0` where it is zero wherever it exists (of what gives
  integers, truth values, places). Where nothing is said there is none; the last column says why. Such a function stands
  as it is where no derivative depends on it.
- *Many*: how `vmap` computes it: `at once`, in `a loop` over the examples, or `as its parts`, the functions that it is
  made of.
- *Native*: in machine code it is `loops`, `a call` of the library, or `as its parts`; where nothing is said, a program
  that calls it runs with NumPy.

A function that has no rule here may get [one of yours](../how-to/custom-rules.md).

{counts}
"""

if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
