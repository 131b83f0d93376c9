"""`match` as branches: each pattern becomes a condition that binds names by `:=`.

    match how:                              how_ = how
        case ("scale", k) if k > 1:         if is_sequence(how_) and len(how_) == 2 and how_[0] == "scale"
            return x * k                            and always(k := how_[1]) and k > 1:
        case _:                                 return x * k
            return x                        else: return x

The functions that the conditions call are constants of the tree; `library/python.py` says what they mean for terms.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import gast

SELF_MATCHING = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


def always(*values: object) -> bool:
    """True, whatever was bound."""
    return True


def is_sequence_like(value: object) -> bool:
    """Whether a sequence pattern may match."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def is_mapping_like(value: object) -> bool:
    """Whether a mapping pattern may match."""
    return isinstance(value, Mapping)


def positional(value: object, cls: type, k: int) -> object:
    """What the positional pattern number `k` of a class is matched with."""
    # `case int(x)` takes the number itself: these classes have no `__match_args__`
    if cls in SELF_MATCHING:
        return value
    return inspect.getattr_static(value, cls.__match_args__[k])  # type: ignore[attr-defined]


def as_branches(node: gast.Match, subject: str) -> list[gast.AST]:
    """The statements that a `match` stands for; the subject gets this name."""
    read = _name(subject)
    chain: list[gast.AST] = []
    # from the last to the first: each is the `else` of the one before, and one without tests ends the chain
    for case in reversed(node.cases):
        tests = list(_tests(case.pattern, read)) + ([case.guard] if case.guard is not None else [])
        chain = [gast.If(test=_all(tests), body=case.body, orelse=chain)] if tests else list(case.body)
    return [gast.Assign(targets=[_name(subject, gast.Store())], value=node.subject, type_comment=None), *chain]


def _tests(pattern: gast.AST, subject: gast.AST) -> Iterator[gast.AST]:
    """The conditions of a pattern, in the order in which Python tests them."""
    match type(pattern).__name__:
        case "MatchValue":
            yield gast.Compare(left=subject, ops=[gast.Eq()], comparators=[pattern.value])
        case "MatchSingleton":
            yield gast.Compare(left=subject, ops=[gast.Is()], comparators=[_constant(pattern.value)])
        case "MatchAs":
            if pattern.pattern is not None:
                yield from _tests(pattern.pattern, subject)
            if pattern.name is not None:
                yield _bind(pattern.name, subject)
        case "MatchOr":
            # a name that an alternative binds is bound as its tests run, before a later alternative is tried, as in
            # Python
            yield gast.BoolOp(op=gast.Or(), values=[_all(list(_tests(p, subject))) for p in pattern.patterns])
        case "MatchSequence":
            yield from _sequence_tests(pattern, subject)
        case "MatchMapping":
            yield from _mapping_tests(pattern, subject)
        case "MatchClass":
            yield _call(isinstance, subject, pattern.cls)
            for k, p in enumerate(pattern.patterns):
                yield from _tests(p, _call(positional, subject, pattern.cls, _constant(k)))
            for name, p in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
                yield _call(hasattr, subject, _constant(name))
                yield from _tests(p, gast.Attribute(value=subject, attr=name, ctx=gast.Load()))


def _sequence_tests(pattern: gast.AST, subject: gast.AST) -> Iterator[gast.AST]:
    stars = [k for k, p in enumerate(pattern.patterns) if type(p).__name__ == "MatchStar"]
    count = len(pattern.patterns)
    yield _call(is_sequence_like, subject)
    size = _call(len, subject)
    if not stars:
        yield gast.Compare(left=size, ops=[gast.Eq()], comparators=[_constant(count)])
    else:
        yield gast.Compare(left=size, ops=[gast.GtE()], comparators=[_constant(count - 1)])
    for k, p in enumerate(pattern.patterns):
        if k in stars:
            if p.name is not None:
                # what stands behind the star is counted from the end: its position from the start is known at run
                # time only
                upper = None if k == count - 1 else _constant(k + 1 - count)
                part = gast.Slice(lower=_constant(k), upper=upper, step=None)
                yield _bind(p.name, _call(list, gast.Subscript(value=subject, slice=part, ctx=gast.Load())))
            continue
        at = k if not stars or k < stars[0] else k - count
        yield from _tests(p, gast.Subscript(value=subject, slice=_constant(at), ctx=gast.Load()))


def _mapping_tests(pattern: gast.AST, subject: gast.AST) -> Iterator[gast.AST]:
    yield _call(is_mapping_like, subject)
    for key, p in zip(pattern.keys, pattern.patterns, strict=True):
        yield gast.Compare(left=key, ops=[gast.In()], comparators=[subject])
        yield from _tests(p, gast.Subscript(value=subject, slice=key, ctx=gast.Load()))
    if pattern.rest is not None:
        yield _bind(pattern.rest, _call(without, subject, gast.List(elts=pattern.keys, ctx=gast.Load())))


def without(mapping: Mapping[object, object], keys: Sequence[object]) -> dict[object, object]:
    """The items of a mapping whose keys a pattern does not name."""
    return {k: v for k, v in mapping.items() if k not in keys}


def _all(tests: list[gast.AST]) -> gast.AST:
    if not tests:
        return _constant(True)
    return reduce(lambda a, b: gast.BoolOp(op=gast.And(), values=[a, b]), tests)


def _bind(name: str, value: gast.AST) -> gast.AST:
    return _call(always, gast.NamedExpr(target=_name(name, gast.Store()), value=value))


def _call(function: object, *arguments: gast.AST) -> gast.AST:
    return gast.Call(func=_constant(function), args=list(arguments), keywords=[])


def _constant(value: object) -> gast.Constant:
    return gast.Constant(value=value, kind=None)


def _name(name: str, ctx: gast.AST | None = None) -> gast.Name:
    return gast.Name(id=name, ctx=ctx or gast.Load(), annotation=None, type_comment=None)
