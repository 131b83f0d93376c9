"""What was compiled, found again: by this process in its memory, by others in the cache.

    for x, y in batches:
        w -= rate * s2sad.grad(lambda w: loss(w, x, y))(w)      one function per batch, one compiled derivative

Both are one mechanism: what was compiled for one function is good for another one where all that was read of the first
is found again at the same places around the second (`frontend.dependencies.replay`). What is read anew at each call is
then read there.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from s2sad import cache
from s2sad.compiler.compiled import Compiled
from s2sad.dispatch.lengths import fits, lengths_of
from s2sad.dispatch.specialised import Kept, Places, Specialised, Statics, outside_key
from s2sad.errors import Location
from s2sad.frontend.dependencies import (
    LOGGER,
    READ_ANEW,
    Looks,
    Reads,
    Seen,
    Settled,
    Variable,
    is_place,
    replay,
    told_apart,
)
from s2sad.frontend.reading.callables import Spread, code_in_file
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.marks import is_derivative
from s2sad.ir.signature import Signature, key_of
from s2sad.ir.user_rules import Custom


def roots_of(target: object, statics: Iterable[object]) -> tuple[object, ...]:
    """What the program is read from: the function, static arguments of which more than a text is read, classes."""
    return (target, *(s for s in statics if fingerprint(s) is None or isinstance(s, type) or is_place(s)))


def code_key(target: Any) -> object:
    """What functions that one piece of code makes have in common, hashable."""
    match target:
        case types.FunctionType():
            # Not the function: a lambda in a loop is another one each time, with one code.
            return target.__code__
        case _ if is_derivative(target):
            return (_hashable(target.transform), getattr(target, "backend", None), code_key(target.target))
        case types.MethodType():
            return (types.MethodType, code_key(target.__func__))
        case functools.partial():
            return (functools.partial, code_key(target.func))
        case Spread():
            return (target.names, target.count, code_key(target.function))
        case Custom():
            return (Custom, code_key(target.fun))
    return fingerprint(target) or type(target)


def _hashable(transform: object) -> object:
    try:
        hash(transform)
    except TypeError:
        return repr(transform)
    return transform


class Shared(Kept):
    """What was compiled in this process, by code and pattern of arguments."""

    def find(
        self, key: object, roots: Callable[[Statics], Sequence[object]], settled: Settled
    ) -> Iterator[tuple[Specialised, Seen]]:
        """What was compiled for code and arguments like these, with what its looks find from other roots.

        `roots` gives these for the leaves of the arguments that are known. The numbers that are others now are noted
        as such that vary.
        """
        for member in tuple(self.known.get(key, ())):
            seen = None if member.seen is None else replay(member.seen.looks, roots(member.statics), member.seen)
            if isinstance(seen, Seen):
                yield member, seen
            elif seen is not None and seen.number_that_varies is not None:
                settled.varying.add(seen.number_that_varies)


SHARED = Shared()
"""That of this process."""


# in the cache


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """A module, what was read to make it, and where the variables are that it captures."""

    module: types.ModuleType
    seen: Seen
    places: Places
    made: bool = False
    """It was not there before."""

    @property
    def captured(self) -> tuple[Variable, ...]:
        """The variables that are passed."""
        return tuple(self.seen.variable(look, label) for look, label in self.places)

    @property
    def watched(self) -> tuple[Variable, ...]:
        """These, and those of which the type alone was read."""
        return watched_of(self.seen)


def watched_of(seen: Seen) -> tuple[Variable, ...]:
    """The variables that are read anew."""
    return tuple(seen.variable(k, None) for k, look in enumerate(seen.looks.looks) if look.found in READ_ANEW)


def kind_of_module(roots: Sequence[object], *parts: str) -> str:
    """What all modules have in common that may serve for these roots."""
    return cache.digest(*(told_apart(r, True) or "" for r in roots), *parts)


def outside_text(values: Sequence[object], watched: Sequence[Variable]) -> str:
    """The pattern of what variables hold that are read anew, beside that of the arguments."""
    signature = Signature()
    for v in values:
        signature.type_of(v)
    return ";".join(key_of(signature.type_of(v.pattern())) for v in watched)


def stored(
    name: str, kind: str, roots: Sequence[object], values: Sequence[object], dims: Mapping[int, int]
) -> Found | None:
    """The module of a kind whose looks find what they found when it was made, for lengths like these."""
    for candidate in cache.variants(name, kind):
        facts = read_facts(candidate)
        seen = None if facts is None else replay(facts[0], roots)
        if facts is None or not isinstance(seen, Seen):
            continue
        # Its looks are compared first: a module that is not good for this function is never imported.
        module = candidate.module()
        if module is None:
            continue
        found = Found(module, seen, facts[1])
        same = outside_text(values, found.watched) == candidate.facts["outside_key"]
        if same and is_for(module, found.watched, dims):
            return replace(found, module=bound_here(module, seen))
    return None


def is_for(module: types.ModuleType, watched: Sequence[Variable], dims: Mapping[int, int]) -> bool:
    """Whether a module is for these lengths among the arguments, and those of what is read anew."""
    asked = fits(module.__s2sad_meta__)
    return asked is None or asked(*all_lengths(watched, dims))


def all_lengths(watched: Sequence[Variable], dims: Mapping[int, int]) -> dict[int, int]:
    """The lengths among the arguments, and those of what is read anew."""
    lengths = dict(dims)
    outside_key(watched, lengths)
    return lengths


FORM: dict[str, type | tuple[type, ...]] = {
    "entry": str,
    "reverse": (str, type(None)),
    "residuals": bool,
    "changed": list,
    "outside_key": str,
    "lengths": list,
    "objects": dict,
    "places": list,
}
"""What is known of every module, beside its looks and the variables that it captures."""


def read_facts(candidate: cache.Stored) -> tuple[Looks, Places] | None:
    """The looks and the captured variables of a stored module; None where others cannot use it, or it is malformed."""
    facts = candidate.facts
    try:
        if facts["looks"] is None:
            return None
        looks = Looks.of(facts["looks"])
        places = tuple((look, label) for look, label in facts["captured"])
        if not all(isinstance(facts[name], form) for name, form in FORM.items()):
            raise TypeError("a fact of another form")
    except (LookupError, TypeError, ValueError) as e:
        LOGGER.debug("%s is not used, it is malformed: %s", candidate.path, e)
        return None
    return looks, places


def store(
    name: str,
    kind: str,
    compiled: Compiled,
    reads: Reads,
    values: Sequence[object],
    signature: Signature,
    dims: Mapping[int, int],
    facts: dict[str, object],
) -> Found:
    """Write a module, with what was read to make it."""
    classes = {n: reads.number(c) for n, c in sorted(compiled.classes.items())}
    places = tuple((reads.variables[v.key], v.label) for v in compiled.captured)
    lines = line_table(compiled.lines, reads)
    seen = reads.seen()
    outside = outside_text(values, [seen.variable(k, None) for k in reads.variables.values()])
    lengths = lengths_of(compiled, signature, all_lengths(watched_of(seen), dims))
    # Where something that was read has no text, only an identity, no other process can tell whether the module is good
    # for it: it is kept for this one alone.
    shared = seen.looks.is_shared
    meta = {
        **facts,
        "looks": seen.looks.data() if shared else None,
        "captured": [list(p) for p in places],
        "outside_key": outside,
        "lengths": lengths,
        "objects": classes,
        "places": lines,
    }
    if not shared:
        LOGGER.debug("%s is not stored for other processes: %s", name, ", ".join(told_by_identity(seen)))
    rest = cache.digest(repr(seen.looks.data()), outside, repr(lengths), "" if shared else cache.unique())
    module = cache.store(name, kind[: cache.VARIANT] + rest[cache.VARIANT :], compiled.text, meta, not shared)
    return Found(bound_here(module, seen), seen, places, made=True)


def told_by_identity(seen: Seen) -> Iterator[str]:
    """What keeps a module from being found by other processes."""
    for look, value in zip(seen.looks.looks, seen.found, strict=True):
        if look.found is None:
            yield f"{look.kind} {look.name!r} ({type(value).__module__}.{type(value).__qualname__})"


def bound_here(module: types.ModuleType, seen: Seen) -> types.ModuleType:
    """A module with the classes and functions of this process that it speaks of, and the places in its files."""
    meta = module.__s2sad_meta__
    objects = {n: seen.objects[k] for n, k in meta["objects"].items()}
    # Two classes of one name in one process, of a function that is called twice for one: the second gets a module of
    # its own, as the first still calls the one that there is.
    if any(vars(module).get(n, o) is not o for n, o in objects.items()):
        module = cache.again(module)
        meta = module.__s2sad_meta__
    vars(module).update(objects)
    codes = [getattr(seen.objects[number], "__code__", None) for number, _ in meta["places"]]
    if "lines" not in meta or not all(map(operator.is_, codes, meta["codes"])):
        written = [code_in_file(seen.objects[number]) for number, _ in meta["places"]]
        meta["codes"], meta["lines"] = codes, lines_here(meta["places"], written)
    return module


def lines_here(
    places: Sequence[tuple[int, Sequence[tuple[int, int]]]], codes: Sequence[types.CodeType]
) -> dict[str, list[tuple[int, int]]]:
    """For each file of this process: lines of an emitted text, and the lines that they come from."""
    table: dict[str, list[tuple[int, int]]] = {}
    for (_, rows), code in zip(places, codes, strict=True):
        found = table.setdefault(code.co_filename, [])
        found.extend((emitted, code.co_firstlineno + offset) for emitted, offset in rows)
    return table


def line_table(lines: Mapping[int, Location], reads: Reads) -> list[list[object]]:
    """For each function: lines of an emitted text, and the lines behind its first one that they come from."""
    table: dict[int, list[list[int]]] = {}
    spans: dict[str, list[tuple[int, int, int]]] = {}
    for number, o in enumerate(reads.objects):
        if isinstance(o, types.FunctionType):
            code = code_in_file(o)
            span = (code.co_firstlineno, _last_line(code), number)
            spans.setdefault(code.co_filename, []).append(span)
    for emitted, at in lines.items():
        # The innermost function: the one that begins last.
        around = [(first, k) for first, last, k in spans.get(at.file, ()) if first <= at.line <= last]
        if around:
            first, number = max(around)
            table.setdefault(number, []).append([emitted, at.line - first])
    return [[number, rows] for number, rows in table.items()]


def _last_line(code: types.CodeType) -> int:
    own = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    return max([own, *(_last_line(c) for c in code.co_consts if isinstance(c, types.CodeType))])
