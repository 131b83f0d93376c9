"""Data that objects of libraries hold, outside the function: tables, series, labelled arrays, masked ones, matrices.

    table["y"].to_numpy()      read when it runs: a further parameter `table_y`
    len(table), table.shape    part of the program: another length is another program
    x - table["y"]             what that gives is labelled too: its numbers can be computed with, its items not be read

What such an object gives is asked of itself, each time anew, along the path that the program says
(`dependencies.paths`): what pandas means by a mean is pandas' business. Where numbers that have derivatives meet it,
its own numbers are taken; what is made of them is a series to Python, whose items go by labels and whose methods are
not those of an array.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.dependencies.looks import is_plain, name_of
from s2sad.frontend.dependencies.paths import READ, Path, read_along
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import is_pure
from s2sad.frontend.syntax.iteration import MAX_UNROLLED
from s2sad.frontend.terms.terms import (
    Labelled,
    Method,
    Record,
    Ref,
    Slice,
    Term,
    Zip,
    is_number,
    is_static,
    is_static_object,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.definition import has_rule
from s2sad.ir.holder_classes import is_holder_class, way_out
from s2sad.ir.primitive import lookup
from s2sad.ir.types import ArrayType, StaticType
from s2sad.ir.values import Constant, constant, is_operand

SAME = frozenset({"sum", "prod", "mean", "min", "max"})
"""The methods of what is labelled that give what those of an array give, as long as no number is nan."""
OF_ARRAY = frozenset({"shape", "ndim", "size", "dtype", "T"})
"""The attributes."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldType(StaticType):
    """Something that was read of an object of a library, along a path; `label` names it in emitted text."""

    holder: object
    path: tuple[Path, ...]
    label: str

    def __repr__(self) -> str:
        return f"a {type(self.value).__name__}"


class HeldData(Lowering):
    """Lowers what is read of objects of libraries, and what is computed with them."""

    # what is read

    def held_data(self, term: Term) -> HeldType | None:
        """What an object of a library outside the function is read along; None for all else."""
        if not is_static_object(term):
            return None
        if isinstance(term.type, HeldType):
            return term.type
        value = term.value
        records = isinstance(value, np.ndarray) and value.dtype.kind == "V"
        if not records and not is_holder_class(type(value)):
            return None
        place = self.places.get(id(value))
        return HeldType(value, value, (), type(value).__name__.lower() if place is None else place[0].shown)

    def attribute_of_held(self, base: HeldType, name: str, node: gast.AST) -> Term:
        """`table.name`; a method is asked when it is called."""
        value = self._asked(lambda: getattr(base.value, name), base, node)
        if callable(value) and not is_holder_class(type(value)) and not hasattr(type(value), "__getitem__"):
            return Method(Constant(base.value, base), name)
        return self._read(base, ("get", name), f"{base.label}_{name}", value, node)

    def item_of_held(self, base: HeldType, index: Term, node: gast.AST) -> Term:
        """`table[key]`, and `series.iloc[k]` of a place that is known when it runs."""
        *way, last = base.path or ((),)
        column = replace(base, path=tuple(way)) if last in (("get", "iloc"), ("get", "iat")) else None
        if column is not None and is_number(index) and not is_static(index):
            column = replace(column, value=read_along(base.holder, way))
            if getattr(column.value, "ndim", None) == 1:
                numbers = self.numbers_in(Constant(column.value, column), node)
                return self.builder.apply(GETITEM, (self.to_operand(numbers), index))
        key = self._argument(index, base, node)
        label = base.label
        if is_static(index) and isinstance(static_value(index), str):
            label = f"{label}_{static_value(index)}"
        return self._read(base, ("item", key), label, None, node)

    def method_of_held(
        self, base: HeldType, name: str, arguments: Sequence[Term], keywords: Mapping[str, Term], node: gast.AST
    ) -> Term:
        """`table.method(...)`."""
        if "inplace" in keywords:
            self.refuse(node, f"{name} changes {base.label}", "change it outside the function", UnsupportedType)
        given = tuple(self._argument(a, base, node) for a in arguments)
        named = tuple((k, self._argument(a, base, node)) for k, a in keywords.items())
        label = base.label if name in ("to_numpy", "copy", "filled") else f"{base.label}_{name}"
        return self._read(base, ("do", name, given, named), label, None, node)

    def function_of_held(
        self, f: Callable[..., object], arguments: Sequence[Term], keywords: Mapping[str, Term], node: gast.AST
    ) -> Term | None:
        """`np.log(table["y"])`, `table["a"] + 1.0`: a function of what is held, and of constants; None for others."""
        terms = [*arguments, *keywords.values()]
        base = next((h for h in map(self.held_data, terms) if h is not None), None)
        name = name_of(f)
        if base is None or name is None or not (is_pure(f) or has_rule(f) or lookup(f) is not None):
            return None
        found = [self._coded(t, base) for t in terms]
        if None in found:
            return None
        n = len(arguments)
        step = ("apply", name, tuple(found[:n]), tuple(zip(keywords, found[n:], strict=True)))
        root = HeldType(base.holder, base.holder, (), base.label)
        label = base.label if name in ("numpy:asarray", "numpy:array") else f"{base.label}_{name.rpartition(':')[2]}"
        return self._read(root, step, label, None, node)

    def items_of_held(self, base: HeldType, node: gast.AST) -> Term:
        """What such an object gives one by one: numbers as an array, names as a tuple."""
        listed = ("apply", "builtins:list", (("way", base.path),), ())
        root = HeldType(base.holder, base.holder, (), base.label)
        value: Any = base.value
        items = self._asked(lambda: list(value), base, node)
        if items and base.path and base.path[-1][:2] == ("do", "itertuples"):
            return self._rows(base, items, node)
        if items and all(isinstance(v, (int, float, complex, np.number)) for v in items):
            return self._read(root, ("apply", "numpy:array", (("way", (listed,)),), ()), base.label, None, node)
        if all(map(is_plain, items)):
            return self._read(root, listed, base.label, None, node)
        if len(items) > MAX_UNROLLED:
            what = f"a loop over the {len(items)} items of {base.label}, which is written out"
            self.refuse(node, what, 'loop over its numbers: zip(table["a"], table["b"])', UnsupportedType)
        return self._parts(root, (listed,), items, base.label, node)

    def _parts(self, root: HeldType, path: tuple[Path, ...], value: Any, label: str, node: gast.AST) -> Term:
        """What stands in tuples and lists that an object gives, each read by itself."""
        if type(value) not in (tuple, list) or all(map(is_plain, value)):
            return self._read(replace(root, path=path[:-1]), path[-1], label, value, node)
        count = (("apply", "builtins:len", (("way", path),), ()),)
        self.reads.value(Variable(root.holder, (READ, count), label), len(value))
        return tuple(self._parts(root, (*path, ("item", ("plain", k))), v, label, node) for k, v in enumerate(value))

    def _rows(self, base: HeldType, rows: Sequence[tuple[object, ...]], node: gast.AST) -> Term:
        """`table.itertuples()`: the index, where it is asked for, and the columns in step."""
        first, table = rows[0], base.path[:-1]
        label = base.label.removesuffix("_itertuples")
        columns = len(read_along(base.holder, (*table, ("get", "columns"))))
        steps: list[tuple[Path, ...]] = [(("get", "index"),)] * (len(first) - columns)
        steps += [
            (("get", "iloc"), ("item", ("tuple", ("slice", None, None, None), ("plain", k)))) for k in range(columns)
        ]
        names = getattr(first, "_fields", range(len(first)))
        held = []
        for name, step in zip(names, steps, strict=True):
            path = (*table, *step)
            value = read_along(base.holder, path)
            if len(rows) > MAX_UNROLLED and value.dtype.kind not in "biufc":
                what = f"a loop over {len(rows)} rows of {label}, whose column {name!r} holds no numbers"
                self.refuse(node, what, 'take the columns that are needed: table[["a", "b"]]', UnsupportedType)
            held.append(HeldType(value, base.holder, path, f"{label}_{name}"))
        return Zip(tuple(self.items_of_held(h, node) for h in held), alike=True, cls=type(first))

    def _read(self, base: HeldType, step: Path, label: str, value: object, node: gast.AST) -> Term:
        """What one more step of a path leads to, now."""
        path = (*base.path, step)
        if value is None:
            value = self._asked(lambda: read_along(base.holder, path), base, node)
        label = re.sub(r"\W+", "_", label).strip("_") or "data"
        variable = Variable(base.holder, (READ, path), label)
        if isinstance(value, np.ndarray) and type(value) is np.ndarray and value.dtype.kind in "biufc":
            return self.captured_term(variable, value)
        if value is None:
            what = f"{step[1] if step[0] == 'do' else 'this'} gives nothing of {base.label}: it may change it"
            self.refuse(node, what, "change it outside the function", UnsupportedType)
        if isinstance(value, (np.generic, float, int, complex)) and not isinstance(value, bool):
            self.reads.opened.add(id(base.holder))
            return self.captured_term(variable, value)
        if isinstance(value, (list, tuple)) and all(map(is_plain, value)):
            fixed = Variable(base.holder, (READ, (("apply", "builtins:tuple", (("way", path),), ()),)), label)
            self.reads.value(fixed, tuple(value))
            return self.adopt(constant(value if isinstance(value, tuple) else list(value)))
        if is_plain(value) or isinstance(value, np.dtype):
            self.reads.value(variable, value)
            return constant(value)
        return Constant(value, HeldType(value, base.holder, path, label))

    def _asked(self, read: Callable[[], Any], base: HeldType, node: gast.AST) -> Any:
        try:
            return read()
        except Exception as e:
            self.refuse(node, f"{base.label}: {type(e).__name__}: {e}", "", UnsupportedType)

    def _argument(self, term: Term, base: HeldType, node: gast.AST) -> Path:
        found = self._coded(term, base)
        if found is None:
            what = f"what {base.label} is asked for is not known at compile time"
            whole = is_holder_class(type(base.value))
            instead = way_out(base.value, base.label) if whole else "table.to_numpy(), np.asarray(table)"
            self.refuse(node, what, f"make an array first: {instead}", UnsupportedType)
        return found

    def _coded(self, term: Term, base: HeldType) -> Path | None:
        """An argument as part of a path; None where it is not known, or is held by another object."""
        if self._computed(term) is not None:
            return None
        term = self.value_form(term)
        held = self.held_data(term)
        if held is not None:
            return ("way", held.path) if held.holder is base.holder else None
        made = self.slices.get(term) if is_operand(term) else term
        if isinstance(made, Slice):
            parts = [static_value(p) if is_static(p) else NotImplemented for p in (made.start, made.stop, made.step)]
            return ("slice", *parts) if all(map(is_plain, parts)) else None
        if isinstance(term, (tuple, list)):
            items = [self._coded(t, base) for t in term]
            return None if None in items else ("list" if isinstance(term, list) else "tuple", *items)
        if not isinstance(term, Constant):
            return None
        value = term.value
        if isinstance(value, slice):
            return ("slice", value.start, value.stop, value.step)
        if isinstance(value, (tuple, list)):
            items = [self._coded(constant(v), base) for v in value]
            return None if None in items else ("list" if isinstance(value, list) else "tuple", *items)
        if value is float or value is int or isinstance(value, np.dtype):
            return ("dtype", np.dtype(value).str)
        if is_plain(value):
            return ("plain", value)
        name = name_of(value)
        return None if name is None else ("name", name)

    # what is computed

    def is_labelled(self, term: Term) -> bool:
        """Whether a term is held by a library, or was computed with such."""
        return self._computed(term) is not None or self.held_data(term) is not None

    def _computed(self, term: Term) -> Record | None:
        """What was computed with labelled numbers, also under a name; None for all else."""
        opened = self.open(term) if isinstance(term, Ref) and term.cls is Labelled else term
        return opened if isinstance(opened, Record) and opened.cls is Labelled else None

    def numbers_in(self, term: Term, node: gast.AST) -> Term:
        """The array of a labelled term; other terms as they are.

        Raises:
            UnsupportedType: operators of its class are not those of an array.
        """
        computed = self._computed(term)
        if computed is not None:
            return computed.items["values"]
        held = self.held_data(term)
        if held is None:
            return term
        value: Any = held.value
        if isinstance(value, np.ndarray) or not hasattr(value, "to_numpy") or hasattr(value, "columns"):
            what = f"{held.label}, of the class {type(value).__name__}, is computed with"
            self.refuse(node, what, f"write {way_out(value, held.label)}", UnsupportedType)
        root = HeldType(held.holder, held.holder, (), held.label)
        return self._read(root, ("apply", "numpy:asarray", (("way", held.path),), ()), held.label, None, node)

    def labelled_call(
        self,
        f: Callable[..., object],
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term | None:
        """A function of NumPy, or an operator, of labelled numbers among others; None where there are none."""
        terms = [*arguments, *keywords.values()]
        if not any(map(self.is_labelled, terms)):
            return None
        found = self.function_of_held(f, arguments, keywords, node)
        if found is not None or not (lookup(f) is not None or has_rule(f)):
            return found
        labelled = [h for h in map(self._held_in, terms) if h is not None]
        if isinstance(f, np.ufunc):
            self._check_aligned(labelled, node)
        cls = type(labelled[0].value)
        plain = [self.numbers_in(t, node) for t in arguments]
        result = self.call(constant(f), plain, {k: self.numbers_in(t, node) for k, t in keywords.items()}, node, hint)
        # functions of NumPy written in Python ask for the method, those in C take what is in it
        asks = isinstance(getattr(f, "__wrapped__", f), types.FunctionType)
        stays = isinstance(f, np.ufunc) or (asks and callable(getattr(cls, getattr(f, "__name__", ""), None)))
        is_array_ = is_operand(result) and isinstance(result.type, ArrayType) and result.type.rank != 0
        of = Constant(labelled[0].value, labelled[0])
        return Record(Labelled, {"values": result, "of": of}) if stays and is_array_ else result

    def _held_in(self, term: Term) -> HeldType | None:
        """What a labelled term has its labels of."""
        computed = self._computed(term)
        return self.held_data(term if computed is None else computed.items["of"])

    def _check_aligned(self, labelled: Sequence[HeldType], node: gast.AST) -> None:
        """Refuse to put together by place what its library puts together by labels, where these are not the same."""
        first = labelled[0]
        for other in labelled[1:]:
            if other.holder is first.holder and other.path == first.path:
                continue
            index = ("way", (*other.path, ("get", "index")))
            path = (*first.path, ("get", "index"), ("do", "equals", (index,), ()))
            comparable = other.holder is first.holder and hasattr(type(first.value), "index")
            if not comparable or read_along(first.holder, path) is not True:
                what = f"{first.label} and {other.label} are put together by their labels"
                self.refuse(node, what, "make arrays first: .to_numpy()", UnsupportedType)
            self.reads.value(Variable(first.holder, (READ, path), first.label), True)

    def labelled_in_place(self, term: Term, result: Term, node: gast.AST) -> Term:
        """The target of `series += x`, which changes the series under all its names."""
        computed = self._computed(result)
        if not isinstance(term, Ref) or computed is None:
            held = self._held_in(term)
            what = f"an augmented assignment changes {held.label if held else 'it'}"
            self.refuse(node, what, "make a new one: s = s + x", UnsupportedType)
        self.change(term, dict(computed.items), node)
        return term

    def attribute_of_labelled(self, record: Record, name: str, node: gast.AST) -> Term:
        """An attribute of what was computed with labelled numbers."""
        values = record.items["values"]
        if name == "values":
            return values
        if name in OF_ARRAY:
            return self.attribute(values, name, node)
        return Method(record, name)

    def method_of_labelled(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of it: the numbers as an array, or what has one meaning for both."""
        values = record.items["values"]
        if name == "to_numpy" and not arguments and not keywords:
            return values
        if name in SAME and not arguments and not keywords:
            return self.call_method(Method(values, name), [], {}, node, hint)
        self.refuse_labelled(record, f"the method {name}", node)

    def refuse_labelled(self, record: Term, what: str, node: gast.AST) -> NoReturn:
        """Refuse what means another thing for what is labelled than for an array."""
        held = self._held_in(record)
        self.refuse(
            node,
            f"{what} of a {type(held.value if held else None).__name__}",
            "make an array first: .to_numpy()",
            UnsupportedType,
        )
