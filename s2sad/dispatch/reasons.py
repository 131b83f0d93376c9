"""What the log says of a compilation: which derivative, for which arguments, from where, and why it was not there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from s2sad.dispatch.arguments import item_at
from s2sad.dispatch.specialised import Family, Specialised, Statics
from s2sad.errors import shown
from s2sad.frontend.dependencies import Change, replay
from s2sad.ir.signature import Signature
from s2sad.ir.types import StaticType, Type
from s2sad.progress import LOGGER, Work


def report(work: Work, names: Sequence[str], given: Sequence[Type], why: str) -> None:
    """Say what was compiled, or in which file it was found, for arguments of which types; and why again."""
    pattern = ", ".join(f"{n}: {t}" for n, t in zip(names, map(_in_words, given), strict=True))
    if work.found_in is not None:
        LOGGER.info("%s(%s) came from the cache in %.3f s: %s", work.name, pattern, work.seconds, work.found_in)
    else:
        again = f" again: {why}" if why else ""
        LOGGER.info("%s(%s) compiled in %.3f s%s", work.name, pattern, work.seconds, again)
    if LOGGER.isEnabledFor(logging.DEBUG) and work.times:
        LOGGER.debug("%s: %s", work.name, ", ".join(f"{n} {s:.3f} s" for n, s in work.times.items()))


def why_again(
    names: Sequence[str],
    values: Sequence[object],
    dims: Mapping[int, int],
    family: Family | None,
    families: Iterable[Family],
    shared: Iterable[Specialised],
    roots: Callable[[Statics], Sequence[object]],
) -> str:
    """Why what was compiled before does not serve for these arguments; nothing where nothing was.

    `family` is what was compiled for the pattern of these arguments, `families` for all, `shared` for other functions
    of the same code.
    """
    members = [m for kept in family.known.values() for m in kept] if family is not None else list(shared)
    if members:
        return _other(members[0], names, values, dims, roots)
    others = [_other_types(names, m.given, values) for f in families for kept in f.known.values() for m in kept]
    # what is nearest to these arguments says most
    return min(others, key=len) if others else ""


def _other(
    member: Specialised,
    names: Sequence[str],
    values: Sequence[object],
    dims: Mapping[int, int],
    roots: Callable[[Statics], Sequence[object]],
) -> str:
    """Why something that was compiled for arguments of these types does not serve."""
    types = _other_types(names, member.given, values)
    if types:
        return types
    for (k, path), known in zip(member.statics, member.known, strict=True):
        now: Any = item_at(values[k], path)
        if isinstance(now, (int, str, type(None))) and now != known:
            return f"{names[k]} is {shown(now)}, a value that must be known"
    found = None if member.seen is None else replay(member.seen.looks, roots(member.statics), member.seen)
    if isinstance(found, Change):
        return found.told
    if found is None:
        return "another function, or another value that must be known"
    return "other lengths of arguments" if not member.serves(dims) else "what is read outside has another type"


def _other_types(names: Sequence[str], before: Sequence[Type], values: Sequence[object]) -> str:
    signature = Signature()
    now = [signature.type_of(v) for v in values]
    pairs = zip(names, map(_in_words, before), map(_in_words, now), strict=False)
    changed = [f"{n} is {b}, and was {a}" for n, a, b in pairs if a != b]
    return f"other arguments: {'; '.join(changed)}" if changed else ""


def _in_words(t: Type) -> str:
    return shown(t.value) if isinstance(t, StaticType) else str(t)
