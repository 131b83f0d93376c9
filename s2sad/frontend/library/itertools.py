"""The functions of `itertools`: of lists whose length is known as their items, of others as generators."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import gast

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Generated, Once, Term, is_iterator
from s2sad.ir.values import Constant, constant


def _moved(lowering: Lowering, term: Term) -> Term:
    """What is left of an iterator, for one that is made of it."""
    return lowering.taken(lowering.iterated(term), "another iterator")


def _combined(
    function: Callable[..., Iterable[Any]],
) -> Callable[[Lowering, list[Term], dict[str, Term], gast.AST], Term]:
    """A function of itertools on lists whose length is known: it combines whatever items there are."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        known = [
            lowering.static(a, node) if isinstance(a, Constant) else lowering.sequence(_moved(lowering, a), node)
            for a in args
        ]
        keywords = {k: lowering.static(v, node) for k, v in kw.items()}
        return Once(tuple(function(*known, **keywords)))

    return handler


for _function in (
    itertools.product,
    itertools.chain,
    itertools.combinations,
    itertools.permutations,
    itertools.pairwise,
):
    meaning(_function)(_combined(_function))


@meaning(itertools.zip_longest)
def _zip_longest(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    items = [lowering.sequence(lowering.iterable(a), node) for a in args]
    filling = kw.get("fillvalue", constant(None))
    return lowering.new(list, list(itertools.zip_longest(*items, fillvalue=filling)))


@meaning(itertools.islice)
def _islice(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if isinstance(args[0], Generated) and len(args) == 2:
        return lowering.generator_of(in_python.islice_, {"items": args[0], "count": args[1]}, node)
    if is_iterator(args[0]) and len(args) == 2 and isinstance(args[1], Constant):
        return Once(lowering.first_of(args[0], lowering.static(args[1], node), node))
    return _combined(itertools.islice)(lowering, args, kw, node)


def _while(text: Callable[..., object]) -> Meaning:
    """The items that a condition leaves, as a generator."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        if len(args) != 2:
            lowering.refuse(node, "a condition and what is to be gone through are wanted here", "", UnsupportedCall)
        condition, items = args
        return lowering.generator_of(text, {"f": condition, "items": items}, node)

    return handler


meaning(itertools.takewhile)(_while(in_python.takewhile_))
meaning(itertools.dropwhile)(_while(in_python.dropwhile_))
meaning(itertools.filterfalse)(_while(in_python.filterfalse_))


@meaning(itertools.count)
def _counted(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`itertools.count(start, step)`: the loop that it is in ends it."""
    given = {"start": constant(0), "step": constant(1), **dict(zip(("start", "step"), args, strict=False)), **kw}
    return lowering.generator_of(in_python.numbers_from_, {"n": given["start"], "step": given["step"]}, node)


@meaning(itertools.repeat)
def _repeated(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`itertools.repeat(x, n)`, as a generator."""
    if len(args) != 2 or kw:
        lowering.refuse(node, "itertools.repeat without an end", "give the number of items", UnsupportedType)
    return lowering.generator_of(in_python.repeat_, {"x": args[0], "n": args[1]}, node)


@meaning(itertools.accumulate)
def _accumulate(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    function = args[1] if len(args) > 1 else kw.get("func", constant(operator.add))
    return Once(lowering.accumulated(function, _moved(lowering, args[0]), kw.get("initial"), node))
