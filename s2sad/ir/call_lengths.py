"""Lengths that the text leaves open, settled by the call that compiles: what is used of its lengths is noted as a fact.

    z[:h] * x       z: float64[n1], x: float64[n2], h = len(x)      n1 = 8, n2 = 2 in this call
    len(z[:h]) == n2    where n1 >= n2                              noted, and guarded: other calls compile anew

Only what is asked is noted, where an answer is used: whether two lengths that meet are equal, or one of them is 1. A
slice is asked where it was clipped when its length meets another one, not where it is cut. A function that is called
notes what is used of the lengths of its own parameters; each of its calls hands that on in the lengths of its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from s2sad.ir.dims import (
    DERIVATIONS,
    CallLengths,
    Dim,
    Fact,
    Size,
    Symbol,
    derivation,
    dim_scaled,
    dim_sum,
    least_value,
    may_be_negative,
    roots,
    substitute_dim,
    value_of,
)


def note(facts: Iterable[Fact]) -> None:
    """Have what is compiled rest on facts, which hold."""
    for fact in facts:
        if not _is_noted(Fact(_resolved(fact.dim), "==") if fact.relation == "==" else fact):
            raise AssertionError(f"a length that the call does not say is used: {fact}")


@contextmanager
def asking(calls: Iterable[CallLengths]) -> Iterator[None]:
    """Have calls say their lengths."""
    shut = [call for call in calls if not call.is_open and not call.is_final]
    for call in shut:
        call.is_open = True
    try:
        yield
    finally:
        for call in shut:
            call.is_open = False


@contextmanager
def unasked(calls: Iterable[CallLengths]) -> Iterator[None]:
    """Have calls say nothing: what is compiled serves others."""
    asked = [call for call in calls if not call.is_final]
    for call in asked:
        call.is_final = True
    try:
        yield
    finally:
        for call in asked:
            call.is_final = False


def solution(call: CallLengths, derived: bool = True) -> dict[Symbol, Dim]:
    """What symbols must be, by the facts, for all lengths of which these are true; those that are `derived` too."""
    table = dict(call.resolved) if derived else {}
    for fact in call.facts:
        found = _solved(substitute_dim(fact.dim, table), derived) if fact.relation == "==" else None
        if found is not None:
            table = {s: substitute_dim(d, dict([found])) for s, d in table.items()} | dict([found])
    return table


def texts(call: CallLengths) -> Iterator[tuple[str, str, str]]:
    """The facts as Python, simplified: `n1`, `==`, `4*n2`."""
    table = solution(call, derived=False)
    for s, d in table.items():
        yield s.name, "==", _text(d)
    left = dict.fromkeys(fact.put(table) for fact in call.facts)
    for fact in left:
        if not isinstance(fact.dim, int) and not any(_follows(fact, other) for other in left if other != fact):
            plus, minus = _parts(fact.dim)
            yield _text(plus), fact.relation, _text(minus)


def _follows(fact: Fact, other: Fact) -> bool:
    """Whether one bound says nothing that another one does not, or is known."""
    if fact.relation != ">=":
        return False
    return not may_be_negative(fact.dim) or (
        other.relation == ">=" and not may_be_negative(dim_sum(fact.dim, other.dim, -1))
    )


def equal(a: Dim, b: Dim) -> bool:
    """Whether two lengths are equal, by what is known of them or by the call; that is noted."""
    if a == b:
        return True
    value = value_of(a)
    if value is None or value != value_of(b):
        return False
    return _is_noted(Fact(dim_sum(_resolved(a), _resolved(b), -1), "=="))


def differ(a: Dim, b: Dim) -> None:
    """Note that two lengths are not equal, where the call says so: for others there is a better form."""
    fact = Fact(dim_sum(a, b, -1), "!=")
    if fact.is_true:
        _is_noted(fact)


def hold(facts: Mapping[Fact, None], dims: Mapping[Symbol, Dim]) -> bool:
    """Whether facts hold of what their symbols stand for, which is noted then."""
    # what is not said of these lengths is a fact of those of another call
    if not all(roots(s) <= dims.keys() for f in facts if isinstance(f.dim, Size) for s, _ in f.dim.terms):
        return False
    put = [f.put(dims) for f in facts]
    return all(_is_known(f) or f.is_true for f in put) and all(map(_is_noted, put))


def _is_noted(fact: Fact) -> bool:
    """Note a fact that holds, where it is not known; whether what rests on it may be used."""
    if _is_known(fact):
        return True
    call = None if isinstance(fact.dim, int) else _only_call(fact.dim)
    if call is None or not call.is_open or call.is_final:
        return False
    call.facts[fact] = None
    return True


def _is_known(fact: Fact) -> bool:
    """Whether a fact is true whatever the lengths are, or was noted before."""
    dim = fact.dim
    if isinstance(dim, int):
        return fact.is_true
    call = _only_call(dim)
    return (fact.relation == ">=" and not may_be_negative(dim)) or (call is not None and fact in call.facts)


def _only_call(dim: Size) -> CallLengths | None:
    """The call that says all of a length."""
    first, *others = {s.call for s, _ in dim.terms}
    return None if others else first


def _resolved(d: Dim) -> Dim:
    """A length with those of slices by where they were clipped in this call, which is noted."""
    if isinstance(d, int):
        return d
    table: dict[Symbol, Dim] = {}
    for s, _ in d.terms:
        kind, parts = derivation(s)
        found = _clipped(*parts) if kind == "s" and s.call is not None else None
        if found is not None and s.call is not None:
            table[s] = s.call.resolved[s] = found
    return substitute_dim(d, table)


def _clipped(length: Dim, start: Dim | None, stop: Dim | None, step: Dim | None) -> Dim | None:
    """The length of a slice of step 1, linear in those that it is cut by; None where the call does not say."""
    if step not in (None, 1):
        return None
    length = _resolved(length)
    first, last = _place(0 if start is None else start, length), _place(length if stop is None else stop, length)
    if first is None or last is None:
        return None
    found = dim_sum(last, first, -1)
    return found if at_least(found, 0) else 0 if at_least(first, last) else None


def _place(place: Dim, length: Dim) -> Dim | None:
    """Where an end of a slice is: counted from the end if negative, and clipped."""
    if at_least(-1, place):
        place = dim_sum(length, place)
        if at_least(-1, place):
            return 0
    if at_least(length, place):
        return place if at_least(place, 0) else None
    return length if at_least(place, length) else None


def at_least(a: Dim, b: Dim) -> bool:
    """Whether `a >= b`, by what is known of them or by the call; that is noted."""
    fact = Fact(dim_sum(a, b, -1), ">=")
    return _is_known(fact) or (fact.is_true and _is_noted(fact))


def _solved(dim: Dim, derived: bool) -> tuple[Symbol, Dim] | None:
    """A symbol, and what it is where `dim` is 0; None where there is none that says no less than the symbol does."""
    if isinstance(dim, int):
        return None
    # what is derived goes first, as it is spoken of nowhere else
    for s, c in sorted(dim.terms, key=lambda t: (not derivation(t[0])[0], t[0].name)):
        rest = dim_scaled(dim_sum(dim, Size(frozenset({(s, c)})), -1), -c)
        if abs(c) != 1 or (derivation(s)[0] and not derived):
            continue
        if derivation(s)[0] or (least_value(rest) >= s.least and not _is_derived(rest)):
            return s, rest
    return None


def _is_derived(d: Dim) -> bool:
    return isinstance(d, Size) and any(derivation(s)[0] for s, _ in d.terms)


def _parts(d: Size) -> tuple[Dim, Dim]:
    """Two lengths, nothing in them subtracted, of which a length is the difference."""
    plus, minus = (Size(frozenset((s, sign * c) for s, c in d.terms if sign * c > 0)) for sign in (1, -1))
    halves = [h if h.terms else 0 for h in (plus, minus)]
    return dim_sum(halves[0], max(d.offset, 0)), dim_sum(halves[1], max(-d.offset, 0))


def _text(d: Dim) -> str:
    """A length as Python."""
    if isinstance(d, int):
        return str(d)
    parts = []
    for s, c in sorted(d.terms, key=lambda t: t[0].name):
        kind, inner = derivation(s)
        shown = DERIVATIONS[kind][1].format(*map(_part_text, inner)) if kind in DERIVATIONS else s.name
        factor = f"({shown})" if kind in DERIVATIONS and kind != "s" else shown
        parts.append(shown if c == 1 and len(d.terms) == 1 and not d.offset else factor if c == 1 else f"{c}*{factor}")
    if d.offset:
        parts.append(str(d.offset))
    return " + ".join(parts).replace("+ -", "- ")


def _part_text(d: Dim | None) -> str:
    text = "" if d is None else _text(d)
    return text if text.lstrip("-").isalnum() or not text else f"({text})"
