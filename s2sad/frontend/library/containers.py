"""Methods and item assignment of lists and dicts, on what their cells hold.

A list whose length is known is a Python list of terms; one of run-time length is a value, changed by the operations of
`ir/primitives/lists.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Ref, Term, describe
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitives.lists import APPEND, CONCATENATE, LIST_DELETE, LIST_INSERT, LIST_SET, REVERSED_ITEMS
from s2sad.ir.types import ArrayType, SequenceType
from s2sad.ir.values import Constant, Value, constant

Found = Callable[["Lowering", Term, Any, list[Term], gast.AST], Term]


def _own(lo: Lowering, receiver: Term, node: gast.AST) -> Ref:
    if not isinstance(receiver, Ref):
        lo.refuse(node, f"{describe(receiver)} is changed", "make a list of it first", UnsupportedType)
    return receiver


def index_of(lo: Lowering, index: Term, length: int) -> int | None:
    """A position known at compile time, counted from the start; None where it is known at run time only."""
    if isinstance(index, Constant) and isinstance(index.value, int):
        k = index.value
        return k + length if k < 0 else k
    if isinstance(index, Value) and isinstance(index.type, ArrayType) and isinstance(index.type.size, int):
        return index.type.size
    return None


def _append(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lo, receiver, node)
    if isinstance(items, list):
        lo.change(ref, [*items, args[0]], node)
    else:
        lo.change(ref, lo.builder.apply(APPEND, (items, lo.item_value(args[0])), None, lo.shown(ref.cell)), node)
    return constant(None)


def _extend(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lo, receiver, node)
    more = lo.open(lo.listed(args[0]))
    if isinstance(more, tuple):
        more = list(more)
    elif not isinstance(more, list) and not is_sequence(more):
        more = lo.sequence(more, node)
    lo.change(ref, joined(lo, items, more), node)
    return constant(None)


def joined(lo: Lowering, a: Any, b: Any) -> Term:
    """Two lists in one."""
    if isinstance(a, list) and isinstance(b, list):
        return a + b
    if isinstance(b, list):
        for item in b:
            a = lo.builder.apply(APPEND, (a, lo.item_value(item)))
        return a  # type: ignore[no-any-return]
    for item in a if isinstance(a, list) else ():
        lo.item_value(item)
    return lo.builder.apply(CONCATENATE, (lo.sequence_value(a), b))


def _pop(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lo, receiver, node)
    at = args[0] if args else constant(-1)
    if isinstance(items, list):
        k = position(lo, at, len(items), node)
        lo.change(ref, [*items[:k], *items[k + 1 :]], node)
        return items[k]  # type: ignore[no-any-return]
    place = lo.to_operand(at)
    item = lo.builder.apply(GETITEM, (items, place))
    lo.change(ref, lo.builder.apply(LIST_DELETE, (items, place), None, lo.shown(ref.cell)), node)
    return lo.adopt(item, "which came out of a list of run-time length")


def position(lo: Lowering, index: Term, length: int, node: gast.AST) -> int:
    """A position in a list whose length is known."""
    k = index_of(lo, index, length)
    if k is None:
        k = int(lo.static(index, node))
    if not 0 <= k < length:
        lo.refuse(node, f"list index out of range: {k} of {length} items", "", UnsupportedType)
    return k


def _insert(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lo, receiver, node)
    known = isinstance(args[0], Constant) or index_of(lo, args[0], 0) is not None
    if isinstance(items, list) and known:
        items = list(items)
        items.insert(lo.static(args[0], node), args[1])
        lo.change(ref, items, node)
    else:
        items = lo.sequence_value(items, name=lo.shown(ref.cell))
        operands = (items, lo.to_operand(args[0]), lo.item_value(args[1]))
        lo.change(ref, lo.builder.apply(LIST_INSERT, operands, None, lo.shown(ref.cell)), node)
    return constant(None)


def _reverse(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lo, receiver, node)
    contents = items[::-1] if isinstance(items, list) else lo.builder.apply(REVERSED_ITEMS, (items,))
    lo.change(ref, contents, node)
    return constant(None)


def _copy(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return lo.new(list, list(items) if isinstance(items, list) else items)


def _clear(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    lo.change(_own(lo, receiver, node), [], node)
    return constant(None)


def _index(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return constant(list(lo.static(list(items), node)).index(lo.static(args[0], node)))


def _count(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return constant(list(lo.static(list(items), node)).count(lo.static(args[0], node)))


def _append_left(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return _insert(lo, receiver, items, [constant(0), args[0]], node)


def _pop_left(lo: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return _pop(lo, receiver, items, [constant(0)], node)


LIST_METHODS: dict[str, Found] = {
    "appendleft": _append_left,
    "popleft": _pop_left,
    "append": _append,
    "extend": _extend,
    "pop": _pop,
    "insert": _insert,
    "reverse": _reverse,
    "copy": _copy,
    "clear": _clear,
    "index": _index,
    "count": _count,
}


def is_sequence(term: Term) -> bool:
    """Whether a term is a list of run-time length."""
    return isinstance(term, (Value, Constant)) and isinstance(term.type, SequenceType)


# dicts

FoundDict = Callable[["Lowering", Term, dict[Any, Any], list[Term], dict[str, Term], gast.AST], Term]


def _items(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple((constant(k), v) for k, v in d.items())


def _keys(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple(constant(k) for k in d)


def _values(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple(d.values())


def _get(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    default: Term = args[1] if len(args) > 1 else kw.get("default", constant(None))
    found: Term = d.get(lo.static(args[0], node), default)
    return found


def _dict_pop(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    key = lo.static(args[0], node)
    if key not in d:
        if len(args) > 1:
            return args[1]
        lo.refuse(node, f"the dict has no key {key!r}", "", UnsupportedType)
    lo.change(_own(lo, receiver, node), {k: v for k, v in d.items() if k != key}, node)
    found: Term = d[key]
    return found


def _update(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    more: Any = lo.open(args[0]) if args else {}
    if not isinstance(more, dict):
        more = dict((lo.static(k, node), v) for k, v in (lo.sequence(p, node) for p in lo.sequence(more, node)))
    lo.change(_own(lo, receiver, node), {**d, **more, **kw}, node)
    return constant(None)


def _setdefault(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    key = lo.static(args[0], node)
    if key not in d:
        default = args[1] if len(args) > 1 else constant(None)
        lo.change(_own(lo, receiver, node), {**d, key: default}, node)
        return default
    found: Term = d[key]
    return found


def _dict_copy(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return lo.new(dict, dict(d))


def _dict_clear(lo: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    lo.change(_own(lo, receiver, node), {}, node)
    return constant(None)


DICT_METHODS: dict[str, FoundDict] = {
    "items": _items,
    "keys": _keys,
    "values": _values,
    "get": _get,
    "pop": _dict_pop,
    "update": _update,
    "setdefault": _setdefault,
    "copy": _dict_copy,
    "clear": _dict_clear,
}


# items


def set_item(lo: Lowering, base: Term, index: Term, term: Term, node: gast.AST) -> None:
    """`base[index] = term`."""
    contents = lo.open(base)
    if isinstance(contents, (Value, Constant)) and isinstance(contents.type, ArrayType):
        lo.store_item(lo.must_be_array(base, node), index, lo.to_operand(term), node)
    elif isinstance(contents, dict):
        lo.change(_own(lo, base, node), {**contents, lo.static(index, node): term}, node)
    elif isinstance(contents, list) and is_slice(index):
        new = list(contents)
        more = lo.open(lo.listed(term))
        new[lo.static(index, node)] = list(more) if isinstance(more, (list, tuple)) else lo.sequence(more, node)
        lo.change(_own(lo, base, node), new, node)
    elif isinstance(contents, list) and index_of(lo, index, len(contents)) is not None:
        k = position(lo, index, len(contents), node)
        lo.change(_own(lo, base, node), [*contents[:k], term, *contents[k + 1 :]], node)
    elif isinstance(contents, list) or is_sequence(contents):
        named = lo.shown(base.cell) if isinstance(base, Ref) else None
        sequence = lo.sequence_value(contents, name=named) if isinstance(contents, list) else contents
        ref = _own(lo, base, node)
        operands: list[Any] = [sequence, lo.to_operand(index), lo.item_value(term)]
        lo.change(ref, lo.builder.apply(LIST_SET, operands, None, lo.shown(ref.cell)), node)
    else:
        lo.refuse(node, f"an item of {describe(base)} is assigned", "", UnsupportedType)


def delete_item(lo: Lowering, base: Term, index: Term, node: gast.AST) -> None:
    """`del base[index]`."""
    contents = lo.open(base)
    if isinstance(contents, dict):
        _dict_pop(lo, base, contents, [index], {}, node)
    elif isinstance(contents, list) and is_slice(index):
        new = list(contents)
        del new[lo.static(index, node)]
        lo.change(_own(lo, base, node), new, node)
    elif isinstance(contents, list) or is_sequence(contents):
        _pop(lo, base, contents, [index], node)
    else:
        lo.refuse(node, f"an item of {describe(base)} is deleted", "", UnsupportedCall)


def is_slice(index: Term) -> bool:
    return isinstance(index, Constant) and isinstance(index.value, slice)
