"""What terms refer to: the objects in them, and behind these, by their cells in an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from s2sad.frontend.terms.terms import Record, Ref, Term, flatten, is_array, parts, structure
from s2sad.ir.types import join


def refs(term: Term) -> list[Ref]:
    """The references in a term, those behind them not."""
    if isinstance(term, Ref):
        return [term]
    found = parts(term)
    return [] if found is None else [r for c in found[1] for r in refs(c)]


def reached(term: Term, env: Mapping[str, Term]) -> dict[str, Ref]:
    """The references in a term, and in what they refer to, by their cells."""
    found: dict[str, Ref] = {}
    work = refs(term)
    while work:
        ref = work.pop()
        if ref.cell not in found and ref.cell in env:
            found[ref.cell] = ref
            work += refs(env[ref.cell])
    return found


Place: TypeAlias = tuple[str, tuple[str | int, ...]]
"""An object in a parameter: its name, and the keys that lead from there to it."""


def object_places(term: Term, env: Mapping[str, Term]) -> dict[str, tuple[str | int, ...]]:
    """The objects that a term leads to, by their cells, and the keys on the way, as far as these are plain."""
    found: dict[str, tuple[str | int, ...]] = {}
    work: list[tuple[Term, tuple[str | int, ...]]] = [(term, ())]
    while work:
        item, path = work.pop()
        if isinstance(item, Ref):
            if item.cell in found:
                continue
            found[item.cell] = path
            item = env[item.cell]
        inner = item.items if isinstance(item, Record) else item
        if isinstance(inner, dict):
            work += [(t, (*path, k) if isinstance(k, (str, int)) else path) for k, t in inner.items()]
        elif isinstance(inner, (list, tuple)):
            work += [(t, (*path, k)) for k, t in enumerate(inner)]
    return found


def differing(t1: Term, env1: Mapping[str, Term], t2: Term, env2: Mapping[str, Term]) -> tuple[list[Ref], list[Ref]]:
    """The objects that two terms to be merged have in one place, where these are not the same."""
    first: dict[str, Ref] = {}
    second: dict[str, Ref] = {}
    met = set()
    work = [(t1, t2)]
    while work:
        a, b = work.pop()
        if isinstance(a, Ref) and isinstance(b, Ref):
            # objects may refer to one another in a circle
            if a.cell == b.cell or (a.cell, b.cell) in met:
                continue
            met.add((a.cell, b.cell))
            first[a.cell], second[b.cell] = a, b
            if a.cell in env1 and b.cell in env2:
                work.append((env1[a.cell], env2[b.cell]))
            continue
        if is_array(a) and is_array(b) and same_array(a, b):
            continue
        p1, p2 = parts(a), parts(b)
        if p1 is not None and p2 is not None and p1[0] == p2[0] and not is_array(a):
            work += zip(p1[1], p2[1], strict=True)
        else:
            first |= reached(a, env1)
            second |= reached(b, env2)
    return list(first.values()), list(second.values())


def map_refs(term: Term, change: Callable[[Ref], Term]) -> Term:
    """The term with its references replaced."""
    if isinstance(term, Ref):
        return change(term)
    found = parts(term)
    return term if found is None else found[2]([map_refs(c, change) for c in found[1]])


def same_array(t1: Term, t2: Term) -> bool:
    """Whether two terms are views of one array, the same but for the values in their subscripts."""
    if structure(t1) != structure(t2) or refs(t1) != refs(t2):
        return False
    pairs = zip(flatten(t1)[0], flatten(t2)[0], strict=True)
    return all(join(a.type, b.type) is not None for a, b in pairs)
