"""Linear systems of scipy.signal, (num, den) or (A, B, C, D): simulated, and their responses.

t, y, x = signal.lsim(([1.0], [1.0, c, k]), u, t)
"""

from __future__ import annotations

import sys
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Term, is_none
from s2sad.ir.late import when_imported
from s2sad.ir.values import Operand, constant


def _array(lowering: Lowering, term: Term) -> Operand:
    return lowering.to_operand(lowering.as_array_term(term))


def _matrices(lowering: Lowering, system: Term, node: gast.AST, name: str, further: int = 0) -> dict[str, Term]:
    """The matrices of a system; those that a quotient of polynomials stands for."""
    parts = lowering.sequence(system, node)
    parts = parts[: len(parts) - further]
    if len(parts) == 4:
        arrays = [_array(lowering, p) for p in parts]
        if any(a.type.rank != 2 for a in arrays):
            lowering.refuse(node, f"{name} of matrices that are none", "give arrays of two axes", UnsupportedType)
        return dict(zip("ABCD", arrays, strict=True))
    if len(parts) != 2:
        lowering.refuse(node, f"{name} of zeros, poles and gain", "give (num, den) or (A, B, C, D)", UnsupportedCall)
    num, den = (lowering.apply(np.atleast_1d, [_array(lowering, p)]) for p in parts)
    made = lowering.synthetic(_texts().companion_, {"num": num, "den": den}, node)
    return dict(zip("ABCD", lowering.sequence(made, node), strict=True))


def _texts() -> Any:
    from s2sad.frontend.library import scipy_in_python

    return scipy_in_python


def _given(names: str, args: list[Term], kw: dict[str, Term]) -> dict[str, Term]:
    return {**dict(zip(names.split(), args, strict=False)), **kw}


def _times(lowering: Lowering, found: dict[str, Term], node: gast.AST, name: str) -> Operand:
    t = found.get("T")
    if t is None or is_none(t):
        lowering.refuse(node, f"{name} without the times", "give T", UnsupportedCall)
    return _array(lowering, t)


def _lsim(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _given("system U T X0 interp", args, kw)
    name = "scipy.signal.lsim"
    times = _times(lowering, found, node, name)
    matrices = _matrices(lowering, found["system"], node, name)
    start = found.get("X0")
    bound: dict[str, Term] = {
        **matrices,
        "U": _array(lowering, found["U"]),
        "T": times,
        "X0": constant(None) if start is None or is_none(start) else _array(lowering, start),
        "hold": constant("interp" in found and not lowering.static(found["interp"], node)),
    }
    y, x = lowering.sequence(lowering.synthetic(_texts().lsim_, bound, node), node)
    return (times, y, x)


def _answer(kick: bool, name: str) -> Any:
    def called(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = _given("system X0 T N", args, kw)
        if any(not is_none(found[n]) for n in ("X0", "N") if n in found):
            lowering.refuse(node, f"{name} with X0 or N", "scipy.signal.lsim", UnsupportedCall)
        times = _times(lowering, found, node, name)
        matrices = _matrices(lowering, found["system"], node, name)
        return (times, lowering.synthetic(_texts().answer_, {**matrices, "T": times, "kick": constant(kick)}, node))

    return called


def _dlsim(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _given("system u t x0", args, kw)
    name = "scipy.signal.dlsim"
    if any(not is_none(found[n]) for n in ("t", "x0") if n in found):
        lowering.refuse(node, f"{name} with t or x0", "leave them out", UnsupportedCall)
    parts = lowering.sequence(found["system"], node)
    matrices = _matrices(lowering, found["system"], node, name, further=1)
    bound: dict[str, Term] = {**matrices, "u": _array(lowering, found["u"]), "dt": parts[-1]}
    t, y, x = lowering.sequence(lowering.synthetic(_texts().dlsim_, bound, node), node)
    return (t, y, x) if len(parts) == 5 else (t, y)


def _response(name: str, text: str) -> Any:
    def called(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = _given("system w", args, kw)
        parts = lowering.sequence(found["system"], node)
        if len(parts) != 2 or "w" not in found or is_none(found["w"]):
            lowering.refuse(node, f"{name} of other than (num, den) at given frequencies", "freqs", UnsupportedCall)
        num, den = (lowering.apply(np.atleast_1d, [_array(lowering, p)]) for p in parts)
        bound: dict[str, Term] = {"num": num, "den": den, "w": _array(lowering, found["w"])}
        return lowering.synthetic(getattr(_texts(), text), bound, node)

    return called


def _register() -> None:
    signal: Any = sys.modules["scipy.signal"]
    meaning(signal.lsim)(_lsim)
    meaning(signal.impulse)(_answer(True, "scipy.signal.impulse"))
    meaning(signal.step)(_answer(False, "scipy.signal.step"))
    meaning(signal.dlsim)(_dlsim)
    meaning(signal.freqresp)(_response("scipy.signal.freqresp", "freqresp_"))
    meaning(signal.bode)(_response("scipy.signal.bode", "bode_"))


when_imported("scipy.signal", _register)
