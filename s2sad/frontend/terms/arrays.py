"""Arrays that are written into: names, views and stores.

An array lives in a cell of the environment, as a list does, and a view of it is the cell with the steps that lead to
what is seen. The IR knows values only: a store gives the cell a new value, which the emitter writes in the memory of
the old one wherever nothing reads that any more.

    v = a[1:]          v -> View(#1, getitem 1:)
    v[0] = x           #1 -> index_set(#1, 1, x)
    v                  getitem(#1, 1:)

Whoever sees the cell, through whatever view, sees the store. Where NumPy's result may be a view or a copy (reshape), it
may be read as long as nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.terms.cells import Cells, Environment
from s2sad.frontend.terms.terms import (
    Ref,
    Slice,
    Step,
    Term,
    View,
    as_index,
    describe,
    is_array,
    is_container,
    is_none,
    known_integer,
    parts,
)
from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_SET, is_basic_index
from s2sad.ir.primitive import Effect, Layout, Primitive, lookup, required
from s2sad.ir.types import ArrayType, SliceType, StaticType, Type, same_dtype
from s2sad.ir.values import Apply, Call, Constant, Operand, Value, constant, is_operand, is_update

NONE = constant(None)
WHOLE = Slice(NONE, NONE, NONE)
RECENT = 40
"""How far back the sign of an index is looked for."""


class MemoryNeeded(Exception):
    """The function writes into an array: it is lowered again, with the arrays in cells."""


class ArrayCells(Cells):
    """The environment, with arrays in cells once the function is known to write into one."""

    def __init__(self, builder: Builder) -> None:
        super().__init__(builder)
        self.slices: dict[Operand, Slice] = {}
        """The parts of the slices made here."""
        self.counters: set[Operand] = set()
        """Indices of loops that are never negative."""

    def need_memory(self) -> None:
        if not self.memory:
            raise MemoryNeeded

    def is_new(self, array: Operand) -> bool:
        made = self.builder.maker(array)
        fresh = isinstance(made, Apply) and made.effect is Effect.FRESH and not is_update(made)
        return fresh or isinstance(made, Call)

    # what is seen

    def seen(self, view: View, builder: Builder | None = None, env: Environment | None = None) -> Operand:
        """What a view of an array shows now."""
        builder, env = builder or self.builder, self.env if env is None else env
        self.check_sources(view.ref, env)
        value = env[view.ref.cell]
        assert is_operand(value)
        if view.born is not None and view.born is not value:
            raise UnsupportedType(
                "the array behind this one was written since: whether it is a view or a copy depends on its layout",
                "take a copy, or index the array itself",
                builder.location,
            )
        for step in view.steps:
            value = self.step(value, step, builder)
        return value

    def step(self, base: Operand, step: Step, builder: Builder) -> Operand:
        """One step of a view, applied to an array."""
        if step.primitive is GETITEM:
            return builder.apply(GETITEM, (base, self.index_operand(step.operands, builder)))
        operands = [self.to_operand(o, builder) for o in step.operands]
        return builder.apply(step.primitive, (base, *operands), dict(step.static))

    def index_operand(self, items: Sequence[Term], builder: Builder) -> Operand:
        """The items of a subscript as the operand of a getitem."""
        operands = [self.to_operand(i, builder) for i in items]
        return operands[0] if len(operands) == 1 else builder.operand(tuple(operands))

    # views

    def rank(self, term: Term) -> int | None:
        t = self.array_type(term)
        return t.rank

    def array_type(self, term: Term) -> ArrayType:
        """The type of what an array in a cell, or a view of it, holds now."""
        value = self.open(term)
        t = value.type if is_operand(value) else None
        return t if isinstance(t, ArrayType) else ArrayType(None, None, "any")  # it is refused already

    def view(self, base: Term, step: Step, sure: bool = True) -> View:
        """A further step from an array or view."""
        ref, steps, born = (base, (), None) if isinstance(base, Ref) else (base.ref, base.steps, base.born)  # type: ignore[union-attr]
        assert isinstance(ref, Ref)
        # a view or a copy, as NumPy has it: it may be read as long as the array is what it was, as then both are
        # equal
        if not sure and born is None:
            held = self.env[ref.cell]
            assert is_operand(held)
            born = held
        # one subscript in place of two: the store through it is one statement, and the analyses see one place
        if steps and step.primitive is GETITEM:
            composed = self.composed(View(ref, steps[:-1], born), steps[-1], step.operands)
            if composed is not None:
                return View(ref, (*steps[:-1], *composed), born)
        return View(ref, (*steps, step), born)

    def subscript(self, base: Term, index: Term) -> Term | None:
        """`base[index]` of an array in a cell as a view; None where it is a number or a copy."""
        items = self.index_items(index, self.rank(base))
        t = self.array_type(base)
        operand = self.index_operand(items, Builder())
        if not is_basic_index(operand.type):
            return None
        view = self.view(base, Step(GETITEM, tuple(items)))
        return None if _is_element(t, items) else view

    def part(self, base: Term, items: tuple[Term, ...]) -> Term:
        """The part of an array that these items of a subscript take: a view, where the array lives in a cell."""
        if is_array(base):
            return self.view(base, Step(GETITEM, items))
        return self.builder.apply(GETITEM, (self.to_operand(base), self.index_operand(items, self.builder)))

    def index_items(self, index: Term, rank: int | None) -> list[Term]:
        """The items of a subscript, slices by their parts, as many as the array has axes where that is known."""
        if is_container(index) and index.type.cls is tuple:
            index = self.opened(index)
        items = [self.index_item(i) for i in (index if isinstance(index, tuple) else (index,))]
        dots = [k for k, i in enumerate(items) if isinstance(i, Constant) and i.value is Ellipsis]
        if rank is not None and dots:
            missing = rank - sum(_axes(i) for i in items) + 0
            items[dots[0] : dots[0] + 1] = [WHOLE] * missing
        return items

    def index_item(self, item: Term) -> Term:
        if isinstance(item, Constant) and isinstance(item.value, slice):
            return Slice(*(constant(p) for p in (item.value.start, item.value.stop, item.value.step)))
        if isinstance(item, Value) and item in self.slices:
            return self.slices[item]
        return self.to_operand(as_index(item))

    def composed(self, base: View, first: Step, items: Sequence[Term]) -> tuple[Step, ...] | None:
        """One step for two: `a[1:][i]` is `a[1 + i]`, `a.T[i]` is `a[:, i]`; None where it is not known to be."""
        rank = self.array_type(base).rank
        if rank is None:
            return None
        if first.primitive is lookup(np.transpose) and not first.operands:
            return self.through_transpose(first, items, rank)
        if first.primitive is not GETITEM:
            return None
        # an index array or a mask in the first step moves axes about: only integers and slices, each of one axis, are
        # composed
        outer = [*first.operands, *[WHOLE] * (rank - sum(map(_axes, first.operands)))]
        if any(_axes(i) != 1 or (not isinstance(i, Slice) and not is_integer(i)) for i in outer):
            return None
        free = [k for k, i in enumerate(outer) if isinstance(i, Slice)]
        many = [i for i in items if not isinstance(i, Slice) and not is_integer(i)]
        if many:
            whole = all(_is_whole(outer[k]) for k in free)
            if (
                len(items) > 1
                or not whole
                or free != list(range(rank - len(free), rank))
                or _axes(items[0]) > len(free)
            ):
                return None
            return (Step(GETITEM, (*outer[: free[0]], items[0])),)
        if len(items) > len(free):
            return None
        for k, item in zip(free, items, strict=False):
            found = self.narrowed(outer[k], item)
            if found is None:
                return None
            outer[k] = found
        while len(outer) > 1 and _is_whole(outer[-1]):
            outer.pop()
        return (Step(GETITEM, tuple(outer)),)

    def through_transpose(self, first: Step, items: Sequence[Term], rank: int) -> tuple[Step, ...] | None:
        axes = dict(first.static).get("axes")
        order = [int(a) % rank for a in axes] if isinstance(axes, (tuple, list)) else list(range(rank))[::-1]
        if len(items) > rank or any(not isinstance(i, Slice) and not is_integer(i) for i in items):
            return None
        own: list[Term] = [WHOLE] * rank
        for axis, item in zip(order, items, strict=False):
            own[axis] = item
        left = [a for a in order if isinstance(own[a], Slice)]
        places = {a: k for k, a in enumerate(sorted(left))}
        new = tuple(places[a] for a in left)
        step = Step(GETITEM, tuple(own))
        if new == tuple(range(len(new))):
            return (step,)
        return (step, Step(first.primitive, (), () if new == tuple(range(len(new)))[::-1] else (("axes", new),)))

    def narrowed(self, outer: Term, item: Term) -> Term | None:
        """The item that takes `item` of what the slice `outer` takes; None where their signs are not known."""
        assert isinstance(outer, Slice)
        if isinstance(item, Slice) and _is_whole(item):
            return outer
        if _is_whole(outer):
            return item
        # a start that may be negative counts from the end, and cannot be added to
        if not _is_none_or(outer.step, 1) or not (is_none(outer.start) or self.is_counter(outer.start)):
            return None
        if isinstance(item, Slice):
            return self.narrowed_slice(outer, item)
        assert is_operand(item)
        if self.is_counter(item):
            return self.plus(outer.start, item)
        known = known_integer(item)
        if known is None:
            return None
        if is_none(outer.stop):
            return item
        end = known_integer(outer.stop)
        return constant(end + known) if end is not None and end < 0 else None

    def narrowed_slice(self, outer: Slice, item: Slice) -> Slice | None:
        if not (is_none(item.start) or self.is_counter(item.start)):
            return None
        step = known_integer(item.step)
        if not is_none(item.step) and (step is None or step < 1):
            return None
        start = outer.start if is_none(item.start) else self.plus(outer.start, item.start)
        if is_none(item.stop):
            return Slice(start, outer.stop, item.step)
        if self.is_counter(item.stop):
            return Slice(start, self.plus(outer.start, item.stop), item.step) if is_none(outer.stop) else None
        known, end = known_integer(item.stop), known_integer(outer.stop)
        if known is None:
            return None
        if is_none(outer.stop):
            return Slice(start, item.stop, item.step)
        return Slice(start, constant(end + known), item.step) if end is not None and end < 0 else None

    def plus(self, a: Operand, b: Operand) -> Operand:
        if is_none(a) or known_integer(a) == 0:
            return b
        primitive = lookup(np.add)
        assert primitive is not None
        total = self.builder.apply(primitive, (a, b))
        self.counters.add(total)
        return total

    def is_counter(self, operand: Operand, depth: int = 4) -> bool:
        """Whether an index is known not to be negative."""
        known = known_integer(operand)
        if known is not None:
            return known >= 0
        if operand in self.counters:
            return True
        made = next((o for o in reversed(self.builder.operations[-RECENT:]) if operand in o.results), None)
        if depth and isinstance(made, Apply) and made.primitive.function in (np.add, np.multiply):
            return all(self.is_counter(o, depth - 1) for o in made.operands)
        return isinstance(made, Apply) and made.primitive.function is len

    # stores

    def store(self, target: Term, value: Operand, node: gast.AST) -> None:
        """`target[...] = value` for an array in a cell, or a view of one."""
        if isinstance(target, Ref):
            t = self.array_type(target)
            if t.shape == value.type.shape == ():
                # an array of no axes has no part of it to store in: it becomes another one
                value = self.builder.apply(required(np.array), (value,), {"dtype": t.dtype})
            elif not value.type.is_numeric or value.type.shape != t.shape or not same_dtype(value.type.dtype, t.dtype):
                value = self.builder.apply(INDEX_SET, (self.whole(target), constant(Ellipsis), value))
            self.change(target, self.labelled(target, value), node)
            return
        assert isinstance(target, View)
        self.write(target.ref, target.steps, target, value, node)

    def store_item(
        self, base: Term, index: Term, value: Operand, node: gast.AST, primitive: Primitive = INDEX_SET
    ) -> None:
        """`base[index] = value`, or `np.add.at(base, index, value)`."""
        if value.type.is_container:
            value = self.builder.apply(required(np.array), (value,))
        items = self.index_items(index, self.rank(base))
        if not items and self.array_type(base).shape == value.type.shape == () and primitive is INDEX_SET:
            self.store(base, value, node)
            return
        view = self.view(base, Step(GETITEM, tuple(items)))
        self.write(view.ref, view.steps, view, value, node, primitive)

    def write(
        self,
        ref: Ref,
        steps: Sequence[Step],
        view: View,
        value: Operand,
        node: gast.AST,
        primitive: Primitive = INDEX_SET,
    ) -> None:
        if view.born is not None:
            self.refuse(
                node,
                "this may be a view of another array or a copy of it, as its layout has it, and is written",
                "write into the array itself, or take a copy first",
                UnsupportedType,
            )
        new = self.written(self.whole(ref), steps, value, node, primitive)
        self.change(ref, self.labelled(ref, new), node)

    def whole(self, ref: Ref) -> Operand:
        held = self.env[ref.cell]
        assert is_operand(held)
        return held

    def labelled(self, ref: Ref, value: Operand) -> Operand:
        """The new contents under the name that the array has."""
        name = self.shown(ref.cell)
        if not isinstance(value, Value) or (value.hint is not None and not value.loose) or name is None:
            return value
        named = Value(value.type, name)
        return named if self.builder.rename(value, named) else value

    def written(
        self, base: Operand, steps: Sequence[Step], value: Operand, node: gast.AST, primitive: Primitive
    ) -> Operand:
        """The array `base` with `value` stored at the end of the steps."""
        if not steps:
            return self.builder.apply(primitive, (base, constant(Ellipsis), value))
        first, *rest = steps
        if first.primitive is GETITEM:
            index = self.index_operand(first.operands, self.builder)
            if not rest:
                return self.builder.apply(primitive, (base, index, value))
            inner = self.builder.apply(GETITEM, (base, index))
            return self.builder.apply(INDEX_SET, (base, index, self.written(inner, rest, value, node, primitive)))
        inner = self.written(self.step(base, first, self.builder), rest, value, node, primitive)
        return self.stepped_back(base, first, inner, node)

    def stepped_back(self, base: Operand, step: Step, inner: Operand, node: gast.AST) -> Operand:
        """The array of which a step shows `inner`."""
        # a store through a view is done in the view, and the view is undone around it: these undo themselves
        if step.primitive.flips:
            return self.step(inner, step, self.builder)
        if step.primitive.keeps_order:
            shape = self.builder.apply(required(np.shape), (base,))
            return self.builder.apply(required(np.reshape), (inner, shape))
        if step.primitive.layout is Layout.AXES and step.primitive.adjoint is not None:
            g, x = map(self.builder.expr, (inner, base))  # the transpose of a permutation is its inverse
            return self.builder.operand(step.primitive.adjoint(g, None, [x], [True], **dict(step.static))[0])
        part = step.primitive.function
        if part in (np.real, np.imag) and base.type.is_numeric and base.type.dtype is not None:
            if not base.type.is_complex and part is np.real:
                return inner
            if not base.type.is_complex:
                self.refuse_store(node, step.primitive.name)
            x, new = map(self.builder.expr, (base, inner))
            parts = (new, np.imag(x)) if part is np.real else (np.real(x), new)
            return self.builder.operand(parts[0] + 1j * parts[1])
        self.refuse_store(node, step.primitive.name)

    def refuse_store(self, node: gast.AST, name: str) -> NoReturn:
        self.refuse(node, f"a store into what {name} gives", "write into the array itself", UnsupportedType)

    def is_contiguous(self, term: Term) -> bool:
        """Whether an array is known to be laid out row by row, so that a reshape of it is a view."""
        if isinstance(term, View):
            same = all(s.primitive.function in (np.reshape, np.ravel) for s in term.steps)
            return same and term.born is None and self.is_contiguous(term.ref)
        origin = self.origins.get(term.cell) if isinstance(term, Ref) else None
        if origin is None or not origin[0].type.is_numeric:
            return False
        made = self.builder.maker(origin[0])
        if not isinstance(made, Apply) or made.effect is not Effect.FRESH:
            return False
        return made.primitive.row_by_row or origin[0].type.rank == 1

    def set_shape(self, target: Term, shape: Operand, node: gast.AST) -> None:
        """`target.shape = shape`: all names of the array see the same memory in another shape."""
        instead = "make a view of another shape: np.reshape"
        if not isinstance(target, Ref):
            self.refuse(node, "the shape of a part of an array is set", instead, UnsupportedType)
        if self.rank(target) != 1 and not self.is_contiguous(target):
            what = "the shape of an array is set that may not lie row by row"
            self.refuse(node, what, "take a copy first", UnsupportedType)
        if any(v.ref == target for term in self.env.values() for v in _views(term)):
            what = "the shape of an array is set of which there is a view"
            self.refuse(node, what, "take the view of the array in its new shape", UnsupportedType)
        made = self.builder.apply(required(np.reshape), (self.whole(target), shape))
        self.change(target, self.labelled(target, made), node)

    def must_be_array(self, term: Term, node: gast.AST) -> Term:
        """A term that is written into: an array in a cell."""
        self.need_memory()
        if not is_array(term):
            self.refuse(node, f"{describe(term)} is written into", "write into an array", UnsupportedType)
        return term


def _views(term: Term) -> Iterator[View]:
    """The views in a term."""
    found = parts(term)
    if isinstance(term, View):
        yield term
    elif found is not None:
        for child in found[1]:
            yield from _views(child)


def _axes(item: Term) -> int:
    """How many axes an item of a subscript takes."""
    if isinstance(item, Slice):
        return 1
    t: Type | None = item.type if is_operand(item) else None
    if isinstance(t, ArrayType) and t.is_mask:
        return t.rank or 0
    return 0 if isinstance(t, StaticType) else 1


def _is_element(t: ArrayType, items: Sequence[Term]) -> bool:
    """Whether a subscript takes one element: an integer for every axis."""
    return t.shape is not None and len(items) == len(t.shape) and all(map(is_integer, items))


def is_integer(item: Term) -> bool:
    """Whether a term is one integer."""
    if not is_operand(item) or isinstance(item.type, SliceType):
        return False
    t = item.type
    return t.is_scalar and t.is_integer


def _is_whole(item: Term) -> bool:
    return isinstance(item, Slice) and all(map(is_none, (item.start, item.stop, item.step)))


def _is_none_or(operand: Operand, value: int) -> bool:
    return is_none(operand) or known_integer(operand) == value
