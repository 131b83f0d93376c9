"""Python's builtins and the classes of containers, as the lowering meets them in a call."""

from __future__ import annotations

import array
import collections
import contextlib
import copy
import dataclasses
import functools
import operator
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.dependencies import Variable, is_place
from s2sad.frontend.heeded import leave_out
from s2sad.frontend.library import in_python
from s2sad.frontend.library.sorting import extremum_of_many, sorted_by, sorted_many
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning, pure
from s2sad.frontend.reading import match_patterns
from s2sad.frontend.terms.terms import (
    Applied,
    Closure,
    Enumerate,
    Items,
    Keyed,
    Method,
    Once,
    Outside,
    Partial,
    Range,
    Record,
    Ref,
    Reversed,
    Super,
    Term,
    Zip,
    is_array,
    is_iterator,
    is_new_iterator,
    is_none,
    is_number,
    is_sequence,
    is_static,
    is_static_object,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.late import when_imported
from s2sad.ir.primitive import required
from s2sad.ir.primitives.effects import PRINT
from s2sad.ir.primitives.surroundings import PRINT_ERROR
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, Type
from s2sad.ir.values import Constant, Value, constant


@meaning(range, before_rule=True)
def _range(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    parts = [lowering.to_operand(a) for a in args]
    start, stop, step = (constant(0), parts[0], constant(1)) if len(parts) == 1 else (*parts, constant(1))[:3]
    return Range(start, stop, step)


# the iterations of numba's parallel loops come in any order, that of a range among them
when_imported("numba", lambda: meaning(sys.modules["numba"].prange)(_range))


@meaning(len, before_rule=True)
def _len(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if isinstance(args[0], Outside):
        return lowering.count_outside(args[0])
    if is_iterator(args[0]) or is_new_iterator(args[0]):
        lowering.refuse(node, "len() of an iterator", "make a list of it first", UnsupportedType)
    found = lowering.call_special(args[0], "__len__", [], node)
    if found is not None:
        return found
    term = lowering.open(lowering.listed(args[0]))
    if isinstance(term, Keyed):
        term = lowering.open(term.items)
    if isinstance(term, (tuple, list, dict)):
        return constant(len(term))
    if isinstance(term, Zip):
        return lowering.length(term, node)
    if isinstance(term, Record):
        return constant(len(term.items))
    if is_static(term):
        return constant(len(static_value(term)))
    whole = lowering.to_operand(term)
    if whole.type.is_numeric and whole.type.is_scalar:
        lowering.fails(node, "len() of a number", TypeError("a number has no len()"))
    return lowering.apply(len, [whole])


@meaning(enumerate)
def _enumerate(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    start = kw.get("start", args[1] if len(args) > 1 else constant(0))
    return Enumerate(lowering.taken(lowering.iterated(args[0]), "enumerate"), lowering.to_operand(start))


@meaning(zip)
def _zip(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    strict = bool(lowering.static(kw["strict"], node)) if "strict" in kw else False
    iterables = [lowering.iterated(a) for a in args]
    iterators = [t.cell for t in iterables if is_iterator(t)]
    if len(set(iterators)) < len(iterators):
        return lowering.rows_in_turn(iterables, node)
    return Zip(tuple(lowering.taken(t, "zip") for t in iterables), strict)


@meaning(print, before_rule=True)
def _print(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    static: dict[str, object] = {k: lowering.static(kw[k], node) for k in ("sep", "end", "flush") if k in kw}
    where = lowering.static(kw["file"], node) if "file" in kw else None
    # one of the two streams that each program has, whatever they are when it runs
    if not any(where is stream for stream in (None, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
        instead = "print to sys.stderr, or return what is to be written: has_aux=True"
        lowering.refuse(node, "what is printed to a file", instead)
    primitive = PRINT_ERROR if where is not None and where in (sys.stderr, sys.__stderr__) else PRINT
    return lowering.builder.apply(primitive, [lowering.to_operand(a) for a in args], static)


def _opened_items(lowering: Lowering, given: Term, node: gast.AST) -> Term:
    """The items of what `list` or `tuple` is given, as far as their number is known; else the sequence."""
    if is_array(given) and isinstance((lowering.array_type(given).shape or (None,))[0], int):
        return lowering.sequence(given, node)
    return lowering.open(lowering.listed(lowering.iterable(given)))


@meaning(tuple)
def _tuple(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if not args:
        return ()
    term = _opened_items(lowering, args[0], node)
    return term if is_sequence(term) else tuple(lowering.sequence(term, node))


@meaning(list, before_rule=True)
def _list(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if not args:
        return lowering.new(list, [])
    term = _opened_items(lowering, args[0], node)
    if isinstance(term, Value) and term.type.is_numeric and not isinstance((term.type.shape or (None,))[0], int):
        term = lowering.apply(list, [term])
    return lowering.new(list, term if is_sequence(term) else lowering.sequence(term, node))


@meaning(dict, collections.OrderedDict)
def _dict(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return _new_dict(lowering, args, kw, node)


def _new_dict(
    lowering: Lowering,
    args: list[Term],
    kw: dict[str, Term],
    node: gast.AST,
    factory: Term | None = None,
    counts: bool = False,
) -> Ref:
    """A dict of what `dict` takes."""
    base = lowering.open(args[0]) if args else {}
    if isinstance(base, Keyed):
        made = lowering.copied_table(replace(base, factory=factory, counts=counts))
        for key, item in kw.items():
            lowering.set_item(made, constant(key), item, node)
        return made
    base = lowering.open(lowering.listed(args[0])) if args else {}
    if isinstance(base, (tuple, list)):
        base = {lowering.static(k, node): v for k, v in (lowering.sequence(pair, node) for pair in base)}
    if isinstance(base, dict):
        return lowering.made_dict({**base, **kw}, node, factory, counts)
    made = lowering.made_dict({}, node, factory, counts)
    lowering.synthetic(in_python.update_, {"d": made, "pairs": base}, node)
    for key, item in kw.items():
        lowering.set_item(made, constant(key), item, node)
    return made


@meaning(dict.fromkeys)
def _fromkeys(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """One object under all keys."""
    value = lowering.adopt(args[1]) if len(args) > 1 else constant(None)
    keys = lowering.sequence(lowering.iterable(args[0]), node)
    return lowering.made_dict({lowering.static(key, node): value for key in keys}, node)


@meaning(sum)
def _sum(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    start = kw.get("start", args[1] if len(args) > 1 else None)
    iterable = lowering.iterable(args[0])
    folded = lowering.folded(iterable, "total", "sum", start)
    if folded is not None:
        return folded
    term = lowering.open(lowering.listed(iterable))
    if isinstance(term, Value) and term.type == BOTTOM:
        return term  # the item of a list that has none, or none yet
    if is_sequence(term):
        term = lowering.apply(np.array, [lowering.to_operand(term)])
    if is_number(term):
        if term.type.rank is None:
            lowering.refuse(node, "sum() of an array of unknown rank", "use np.sum", UnsupportedType)
        total: Term = lowering.builder.apply(required(np.sum), [term], {"axis": 0} if (term.type.rank or 0) > 1 else {})
        return total if start is None else lowering.apply(np.add, [lowering.to_operand(t) for t in (start, total)])
    items = lowering.sequence(term, node)
    if start is None:
        if not items:
            return constant(0)
        total, items = (constant(0), items) if isinstance(items[0], Ref) else (items[0], items[1:])
    else:
        total = start
    for item in items:
        total = lowering.binary(
            gast.copy_location(gast.BinOp(left=node, op=gast.Add(), right=node), node), total, item, None
        )
    return total


def _key(kw: dict[str, Term]) -> Term | None:
    """The `key=` of a call; None is none."""
    return None if is_none(kw.get("key")) else kw["key"]


def _extremum(function: Callable[..., object], reduction: Callable[..., object]) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        key = _key(kw)
        if len(args) == 1:
            term = lowering.open(lowering.listed(lowering.iterable(args[0])))
            if is_sequence(term) and not kw:
                return lowering.apply(reduction, [lowering.apply(np.array, [lowering.to_operand(term)])])
            if is_number(term) and not kw:
                return lowering.apply(reduction, [term])
            if _is_of_run_time(term):
                return extremum_of_many(
                    lowering, function is max, term, _key(kw) or constant(_same), kw.get("default"), node
                )
            args = lowering.sequence(term, node)
            if not args and "default" in kw:
                return kw["default"]
        if key is not None:
            return _by_key(lowering, function, args, key, node)
        operands = [lowering.to_operand(a) for a in args]
        if len(operands) == 1:
            return operands[0]
        if all(isinstance(o, Constant) for o in operands):
            return constant(function(*(o.value for o in operands)))  # type: ignore[union-attr]
        return lowering.apply(function, operands)

    return handler


def _is_of_run_time(term: Term) -> bool:
    """Whether how many items there are is not known, or they are those of an array or range: a loop goes over them."""
    return is_sequence(term) or is_number(term) or isinstance(term, (Range, Zip, Enumerate, Reversed))


def _by_key(lowering: Lowering, function: Callable[..., object], items: list[Term], key: Term, node: gast.AST) -> Term:
    """`max(items, key=key)`: the first item whose key no other exceeds."""
    better: object = gast.Gt() if function is max else gast.Lt()
    best, best_key = items[0], lowering.call(key, [items[0]], {}, node, None)
    for item in items[1:]:
        own = lowering.call(key, [item], {}, node, None)
        test = lowering.compare(node, better, own, best_key)
        old = (best, best_key)
        pair = lowering.choose(test, lambda i=item, k=own: (i, k), lambda o=old: o, node)  # type: ignore[misc]
        best, best_key = lowering.sequence(pair, node)
    return best


meaning(max, before_rule=True)(_extremum(max, np.max))
meaning(min, before_rule=True)(_extremum(min, np.min))


@meaning(isinstance)
def _isinstance(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    classes = lowering.static(args[1], node)
    answers = {issubclass(cls, classes) for cls in _classes_of(lowering, args[0], node)}
    return constant(answers.pop()) if len(answers) == 1 else _of_no_one_class(lowering, node)


def _classes_of(lowering: Lowering, term: Term, node: gast.AST) -> list[type]:
    """The classes that the object may have: a number may be Python's or NumPy's, and an integer counts as a float."""
    t = term.type if isinstance(term, Value) else None
    if not isinstance(t, ArrayType) or t.kind != "either" or t.dtype is None:
        return [_class_of(lowering, term, node)]
    narrower = [_PYTHON_NUMBERS[kind] for kind in "bifc"[: "bifc".index(t.dtype.kind) + 1] if kind != "b"]
    return [t.dtype.type, *(narrower or [bool])]


def _class_of(lowering: Lowering, term: Term, node: gast.AST) -> type:
    """The class of the object that a term stands for; an error where the signature does not settle it."""
    if isinstance(term, (tuple, list, dict)):
        return type(term)
    if is_array(term):
        term = lowering.to_operand(term)
    if isinstance(term, (Record, Ref)):
        return term.cls
    if isinstance(term, (Closure, Partial)):
        return types.FunctionType
    if isinstance(term, Constant):
        return type(term.value)
    t: Type | None = term.type if isinstance(term, Value) else None
    if isinstance(t, ContainerType):
        return t.cls
    if isinstance(t, ArrayType) and t.kind == "array":
        return np.ndarray
    if isinstance(t, ArrayType) and t.dtype is not None and t.kind not in ("any", "either"):
        return _PYTHON_NUMBERS[t.dtype.kind] if t.kind == "python" else t.dtype.type
    _of_no_one_class(lowering, node)


_PYTHON_NUMBERS: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}


def _of_no_one_class(lowering: Lowering, node: gast.AST) -> NoReturn:
    instead = "give it one on both ways: np.asarray(...)"
    lowering.refuse(node, "the class of this object is not known at compile time", instead, UnsupportedType)


@meaning(type)
def _type(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return constant(_class_of(lowering, args[0], node))


@meaning(hasattr)
def _hasattr(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    name = lowering.static(args[1], node)
    opened = lowering.open(args[0])
    if isinstance(opened, Record):
        there = hasattr(opened.cls, name)
        given = isinstance(args[0], Value) or (isinstance(args[0], Ref) and args[0].cell in lowering.origins)
        if given and not there and name not in opened.items and dataclasses.is_dataclass(opened.cls):
            lowering.refuse(node, f"hasattr of what is no field of {opened.cls.__name__}", "declare it as a field")
        lowering.reads.look(opened.cls, "has", name, there)
        return constant(name in opened.items or there)
    if is_static_object(opened):
        there = hasattr(opened.value, name)
        if is_place(opened.value) or isinstance(opened.value, (type, types.ModuleType)):
            lowering.reads.look(opened.value, "has", name, there)
        return constant(there)
    return constant(hasattr(_class_of(lowering, args[0], node), name))


@meaning(reversed)
def _reversed(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if is_array(args[0]) or (isinstance(args[0], Ref) and args[0].cls is list):
        return Reversed(args[0])
    term = lowering.open(lowering.iterable(args[0]))
    if isinstance(term, dict):
        term = [constant(k) for k in term]
    return Once(tuple(reversed(term))) if isinstance(term, (tuple, list)) else Reversed(term)


def _all_any(test_all: bool, function: Callable[..., object]) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        # it may end early
        iterable = lowering.taken(lowering.iterated(args[0]), "all" if test_all else "any")
        folded = lowering.folded(iterable, "items_", "all" if test_all else "any", None)
        if folded is not None:
            return folded
        term = lowering.open(lowering.listed(iterable))
        if is_sequence(term):
            term = lowering.apply(np.array, [lowering.to_operand(term)])
        if is_number(term):
            return lowering.apply(function, [term])
        items = lowering.sequence(term, node)
        result: Term = constant(test_all)
        for item in reversed(items):
            sides = (lambda r=result: r, lambda i=item: i)
            then, orelse = sides if test_all else reversed(sides)
            result = lowering.choose(item, then, orelse, node)
        return result

    return handler


meaning(all)(_all_any(True, np.all))
meaning(any)(_all_any(False, np.any))


@meaning(map)
def _map(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    iterables = _zip(lowering, args[1:], {}, node) if len(args) > 2 else None
    if isinstance(iterables, Once):
        return Once(lowering.synthetic(in_python.map_rows_, {"f": args[0], "rows": iterables}, node))
    if isinstance(iterables, Zip):
        return Applied("map", args[0], iterables.iterables)
    return Applied("map", args[0], (lowering.taken(lowering.iterated(args[1]), "map"),))


@meaning(filter)
def _filter(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return Applied("filter", args[0], (lowering.taken(lowering.iterated(args[1]), "filter"),))


@meaning(functools.reduce)
def _reduce(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return lowering.reduced(args[0], lowering.iterable(args[1]), args[2] if len(args) > 2 else None, node)


@meaning(functools.partial)
def _partial(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return Partial(args[0], tuple(args[1:]), dict(kw))


@meaning(functools.wraps)
def _wraps(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    leave_out(args, kw)
    return constant(_same)


def _same(function: object) -> object:
    """What `functools.wraps(f)` is taken for: it leaves the wrapper what it is."""
    return function


@meaning(functools.cache, _same)
def _first(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return args[0] if args else constant(_same)


@meaning(functools.lru_cache)
def _cached(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`@lru_cache`, and `@lru_cache(None)`."""
    leave_out(args, kw)  # the size of the cache
    given = args[0] if args else None
    named = given is None or (isinstance(given, Constant) and not callable(given.value))
    return constant(_same) if named or kw else given  # type: ignore[return-value]


@meaning(super)
def _super(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if args:
        return Super(lowering.static(args[0], node), args[1])
    frame: Any = lowering.frame
    while frame.function is None or "__class__" not in frame.function.__code__.co_freevars:
        frame = frame.parent or lowering.refuse(node, "super() outside a method")
    cell = frame.function.__closure__[frame.function.__code__.co_freevars.index("__class__")]
    lowering.reads.value(Variable(cell, "__class__"), cell.cell_contents)
    return Super(cell.cell_contents, frame.receiver)


@meaning(sorted)
def _sorted(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    key, term = _key(kw), lowering.open(lowering.listed(lowering.iterable(args[0])))
    backward = bool(lowering.static(kw["reverse"], node)) if "reverse" in kw else False
    if isinstance(term, dict):
        term = [constant(k) for k in term]
    if isinstance(term, Constant) and isinstance(term.value, (set, frozenset)):
        term = [constant(v) for v in sorted(term.value)]
    if isinstance(term, (tuple, list)):
        keys = [t if key is None else lowering.call(key, [t], {}, node, None) for t in term]
        values = [lowering.value_form(k) for k in keys]
        if all(map(is_static, values)):
            known = [static_value(v) for v in values]
            order = sorted(range(len(known)), key=known.__getitem__, reverse=backward)
            return lowering.new(list, [term[k] for k in order])
        found = sorted_by(lowering, term, keys, backward, node) if key is not None else None
        if found is not None:
            return found
    if key is not None and _is_of_run_time(term):
        return sorted_many(lowering, term, key, backward, node)
    if key is not None:
        lowering.refuse(node, "sorted by keys of run time", "sort an array: x[np.argsort(keys)]", UnsupportedType)
    array = term if isinstance(term, Value) and term.type.is_numeric else None
    if array is None:
        array = lowering.apply(np.array, [lowering.to_operand(term)])  # type: ignore[assignment]
    found = lowering.apply(np.sort, [array])  # type: ignore[list-item]
    if backward:
        found = lowering.builder.apply(GETITEM, (found, constant(slice(None, None, -1))))
    return _list(lowering, [found], {}, node)


@meaning(getattr)
def _getattr(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if len(args) > 2 and not static_value(_hasattr(lowering, args[:2], {}, node)):
        return args[2]
    return lowering.attribute(args[0], lowering.static(args[1], node), node)


@meaning(setattr)
def _setattr(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    lowering.set_named(args[0], lowering.static(args[1], node), args[2], node)
    return constant(None)


@meaning(delattr)
def _delattr(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    lowering.delete_named(args[0], lowering.static(args[1], node), node)
    return constant(None)


@meaning(iter)
def _iter(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if len(args) > 1:
        lowering.refuse(node, "iter() of a function and what it ends with", "write a loop", UnsupportedType)
    term = lowering.iterated(args[0])
    return term if is_iterator(term) or is_new_iterator(term) else Once(term)


@meaning(next)
def _next(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = lowering.call_special(args[0], "__next__", [], node)
    if found is not None:
        return found
    iterator = lowering.adopt(args[0])
    if not is_iterator(iterator):
        lowering.refuse(node, "next() of what is no iterator", "call iter() first", UnsupportedType)
    return lowering.next_item(iterator, args[1] if len(args) > 1 else None, node)


@meaning(divmod, before_rule=True)
def _divmod(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    operands = [lowering.to_operand(a) for a in args]
    return (lowering.apply(np.floor_divide, operands), lowering.apply(np.remainder, operands))


def _by_method(function: Callable[..., object], name: str, *named: str) -> Meaning:
    """A builtin that asks a method of the user's class first; `named` may be given by name."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        args = [*args, *(kw[k] for k in named if k in kw)]
        found = lowering.call_special(args[0], name, args[1:], node)
        if found is not None:
            return found
        if is_static(args[0]) and not args[0].type.is_numeric:  # type: ignore[union-attr]
            return constant(function(*map(static_value, args)))
        primitive = required(function)
        return lowering.builder.apply(primitive, [lowering.to_operand(a) for a in args], {})

    return handler


meaning(abs, before_rule=True)(_by_method(abs, "__abs__"))
meaning(round, before_rule=True)(_by_method(round, "__round__", "ndigits"))


def _operation(node_class: type) -> Meaning:
    """A function of the module `operator` that is an operator."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        made = gast.copy_location(gast.BinOp(left=node, op=node_class(), right=node), node)
        return lowering.binary(made, args[0], args[1], None)

    return handler


_OPERATORS: dict[object, type] = {
    operator.add: gast.Add,
    operator.sub: gast.Sub,
    operator.mul: gast.Mult,
    operator.truediv: gast.Div,
    operator.floordiv: gast.FloorDiv,
    operator.mod: gast.Mod,
    operator.pow: gast.Pow,
}
for _function, _node_class in _OPERATORS.items():
    meaning(_function, before_rule=True)(_operation(_node_class))
meaning(operator.matmul)(_operation(gast.MatMult))


def _comparison(node_class: type) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        return lowering.compare(node, node_class(), args[0], args[1])

    return handler


_COMPARISONS: dict[object, type] = {
    operator.lt: gast.Lt,
    operator.le: gast.LtE,
    operator.gt: gast.Gt,
    operator.ge: gast.GtE,
    operator.eq: gast.Eq,
    operator.ne: gast.NotEq,
}
for _function, _node_class in _COMPARISONS.items():
    meaning(_function, before_rule=True)(_comparison(_node_class))


@meaning(operator.contains)
def _contains(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    container, item = args
    opened = lowering.open(container)
    if is_number(opened):
        return lowering.apply(np.any, [lowering.apply(np.equal, [opened, lowering.to_operand(item)])])
    if is_sequence(opened):
        return lowering.synthetic(in_python.contains_, {"items": container, "item": item}, node)
    return lowering.compare(node, gast.In(), item, container)


@meaning(match_patterns.always)
def _always(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    leave_out(args)
    return constant(True)


@meaning(match_patterns.is_sequence_like)
def _is_sequence_like(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return constant(isinstance(lowering.open(args[0]), (tuple, list)) or is_sequence(lowering.open(args[0])))


@meaning(match_patterns.is_mapping_like)
def _is_mapping_like(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return constant(isinstance(lowering.open(args[0]), dict))


@meaning(match_patterns.positional)
def _positional(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    cls, k = lowering.static(args[1], node), lowering.static(args[2], node)
    if cls in match_patterns.SELF_MATCHING:
        return args[0]
    return lowering.attribute(args[0], lowering.reads.of_class(cls, "__match_args__")[1][k], node)


@meaning(match_patterns.without)
def _without(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    items, keys = lowering.open(args[0]), lowering.static(args[1], node)
    assert isinstance(items, dict)
    return lowering.new(dict, {k: v for k, v in items.items() if k not in keys})


@meaning(dataclasses.replace)
def _replaced(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`dataclasses.replace(object, **changes)`: a new object of its fields, and of the changes."""
    opened = lowering.open(args[0])
    if not isinstance(opened, Record) or not dataclasses.is_dataclass(opened.cls):
        lowering.refuse(node, "dataclasses.replace of something that is no dataclass", "", UnsupportedType)
    taken = [f.name for f in dataclasses.fields(opened.cls) if f.init]
    own = {name: opened.items[name] for name in taken if name not in kw}
    return lowering.call(constant(opened.cls), [], {**own, **kw}, node, None)


def _copied(deep: bool) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        term = args[0]
        if deep:
            return lowering.adopt(lowering.value_form(term))
        if not isinstance(term, Ref):
            return term
        lowering.check_sources(term, lowering.env)
        return lowering.new(term.cls, lowering.env[term.cell])

    return handler


meaning(copy.copy)(_copied(False))
meaning(copy.deepcopy)(_copied(True))


@meaning(collections.deque)
def _deque(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if kw or len(args) > 1:
        lowering.refuse(
            node, "a deque with a maximal length", "drop the first item yourself: xs.pop(0)", UnsupportedType
        )
    return _list(lowering, args, {}, node)


@meaning(array.array)
def _array(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`array.array("d", xs)`: a list of floats."""
    if lowering.static(args[0], node) != "d":
        lowering.refuse(node, "an array.array of another type than 'd'", "use a list, or np.array", UnsupportedType)
    if len(args) == 1:
        return lowering.new(list, [])
    return lowering.synthetic(in_python.floats_, {"xs": args[1]}, node)


@meaning(collections.defaultdict)
def _default_dict(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return _new_dict(lowering, args[1:], kw, node, None if is_none(args[0]) else args[0])


@meaning(collections.Counter)
def _counter(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """A dict that has 0 for what it does not hold."""
    values = [lowering.value_form(t) for t in (*args, *kw.values())]
    if all(map(is_static, values)):
        known = [static_value(v) for v in values]
        counts = collections.Counter(*known[: len(args)], **dict(zip(kw, known[len(args) :], strict=True)))
        items: Items = {k: constant(n) for k, n in counts.items()}
        return lowering.made_dict(items, node, constant(int), counts=True)
    made = lowering.made_dict({}, node, constant(int), counts=True)
    lowering.call_method(Method(made, "update"), args, kw, node, None)
    return made


@meaning(slice, before_rule=True)
def _slice(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    parts = [lowering.to_operand(a) for a in args]
    start, stop, step = (constant(None), parts[0], constant(None)) if len(parts) == 1 else (*parts, constant(None))[:3]
    return lowering.builder.operand(slice(start, stop, step))


@meaning(np.ndarray)
def _ndarray(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if len(args) > 2 or kw.keys() - {"shape", "dtype"}:
        lowering.refuse(node, "np.ndarray of a buffer", "use np.frombuffer outside the function", UnsupportedType)
    return lowering.call(constant(np.empty), args, kw, node, None)


pure(bool, bytes, callable, chr, complex, float, format, frozenset, hash, int, issubclass)
pure(collections.namedtuple, contextlib.suppress, np.dtype, oct, hex, bin, ord, pow, repr, set, str, id)


def _of_nothing(cls: type) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
        """`float()`; of an argument the rule, or the value at compile time, says what it is."""
        return None if args else constant(cls())

    return handler


for _cls in (int, float, complex, bool, str):
    meaning(_cls, before_rule=True)(_of_nothing(_cls))
