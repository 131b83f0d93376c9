"""Heaps and ordered lists: `heapq` and `bisect`, as the standard library has them in Python."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Term, is_none
from s2sad.ir.values import constant


def _in_python(text: Callable[..., object], *names: str) -> Meaning:
    """A function of `heapq` by its text; its arguments have no names."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        if len(args) != len(names) or kw:
            lowering.refuse(node, f"heapq.{text.__name__.rstrip('_')} of other arguments than {', '.join(names)}", "")
        return lowering.synthetic(text, dict(zip(names, args, strict=True)), node)

    return handler


meaning(heapq.heappush)(_in_python(in_python.heappush_, "heap", "item"))
meaning(heapq.heappop)(_in_python(in_python.heappop_, "heap"))
meaning(heapq.heapify)(_in_python(in_python.heapify_, "heap"))
meaning(heapq.heapreplace)(_in_python(in_python.heapreplace_, "heap", "item"))
meaning(heapq.heappushpop)(_in_python(in_python.heappushpop_, "heap", "item"))


def _place(text: Callable[..., object], inserts: bool) -> Meaning:
    """Where an item belongs in an ordered list, or that it is put there."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        given = {**dict(zip(("a", "x", "lo", "hi"), args, strict=False)), **kw}
        if not is_none(given.pop("key", constant(None))):
            lowering.refuse(node, "bisect with a key", "keep a list of the keys beside it", UnsupportedCall)
        if not {"a", "x"} <= given.keys():
            lowering.refuse(node, "bisect without a list and an item", "bisect.bisect(a, x)", UnsupportedCall)
        a, x = given["a"], given["x"]
        end = given.get("hi", constant(None))
        bound = {"lo": constant(0), **given, "hi": lowering.length(a, node) if is_none(end) else end}
        place = lowering.synthetic(text, bound, node)
        if not inserts:
            return place
        insert = lowering.attribute(a, "insert", node)
        return lowering.call(insert, [place, x], {}, node, None)

    return handler


meaning(bisect.bisect_left)(_place(in_python.bisect_left_, inserts=False))
meaning(bisect.bisect_right)(_place(in_python.bisect_right_, inserts=False))
meaning(bisect.insort_left)(_place(in_python.bisect_left_, inserts=True))
meaning(bisect.insort_right)(_place(in_python.bisect_right_, inserts=True))
