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

Found = Callable[[Lowering, Term, Any, list[Term], gast.AST], Term]


def _own(lowering: Lowering, receiver: Term, node: gast.AST) -> Ref:
    if not isinstance(receiver, Ref):
        lowering.refuse(node, f"{describe(receiver)} is changed", "make a list of it first", UnsupportedType)
    return receiver


def index_of(lowering: Lowering, index: Term, length: int) -> int | None:
    """A position known at compile time, counted from the start; None where it is known at run time only."""
    if isinstance(index, Constant) and isinstance(index.value, int):
        k = index.value
        return k + length if k < 0 else k
    if isinstance(index, Value) and isinstance(index.type, ArrayType) and isinstance(index.type.size, int):
        return index.type.size
    return None


def _append(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lowering, receiver, node)
    if isinstance(items, list):
        lowering.change(ref, [*items, args[0]], node)
    else:
        lowering.change(
            ref,
            lowering.builder.apply(APPEND, (items, lowering.item_value(args[0])), None, lowering.shown(ref.cell)),
            node,
        )
    return constant(None)


def _extend(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lowering, receiver, node)
    more = lowering.open(lowering.listed(args[0]))
    if isinstance(more, tuple):
        more = list(more)
    elif not isinstance(more, list) and not is_sequence(more):
        more = lowering.sequence(more, node)
    lowering.change(ref, joined(lowering, items, more), node)
    return constant(None)


def joined(lowering: Lowering, a: Any, b: Any) -> Term:
    """Two lists in one."""
    if isinstance(a, list) and isinstance(b, list):
        return a + b
    if isinstance(b, list):
        for item in b:
            a = lowering.builder.apply(APPEND, (a, lowering.item_value(item)))
        return a  # type: ignore[no-any-return]
    for item in a if isinstance(a, list) else ():
        lowering.item_value(item)
    return lowering.builder.apply(CONCATENATE, (lowering.sequence_value(a), b))


def _pop(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lowering, receiver, node)
    at = args[0] if args else constant(-1)
    if isinstance(items, list):
        k = position(lowering, at, len(items), node)
        lowering.change(ref, [*items[:k], *items[k + 1 :]], node)
        return items[k]  # type: ignore[no-any-return]
    place = lowering.to_operand(at)
    item = lowering.builder.apply(GETITEM, (items, place))
    lowering.change(ref, lowering.builder.apply(LIST_DELETE, (items, place), None, lowering.shown(ref.cell)), node)
    return lowering.adopt(item, "which came out of a list of run-time length")


def position(lowering: Lowering, index: Term, length: int, node: gast.AST) -> int:
    """A position in a list whose length is known."""
    k = index_of(lowering, index, length)
    if k is None:
        k = int(lowering.static(index, node))
    if not 0 <= k < length:
        lowering.refuse(node, f"list index out of range: {k} of {length} items", "", UnsupportedType)
    return k


def _insert(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lowering, receiver, node)
    known = isinstance(args[0], Constant) or index_of(lowering, args[0], 0) is not None
    if isinstance(items, list) and known:
        items = list(items)
        items.insert(lowering.static(args[0], node), args[1])
        lowering.change(ref, items, node)
    else:
        items = lowering.sequence_value(items, name=lowering.shown(ref.cell))
        operands = (items, lowering.to_operand(args[0]), lowering.item_value(args[1]))
        lowering.change(ref, lowering.builder.apply(LIST_INSERT, operands, None, lowering.shown(ref.cell)), node)
    return constant(None)


def _reverse(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    ref = _own(lowering, receiver, node)
    contents = items[::-1] if isinstance(items, list) else lowering.builder.apply(REVERSED_ITEMS, (items,))
    lowering.change(ref, contents, node)
    return constant(None)


def _copy(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return lowering.new(list, list(items) if isinstance(items, list) else items)


def _clear(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    lowering.change(_own(lowering, receiver, node), [], node)
    return constant(None)


def _index(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return constant(list(lowering.static(list(items), node)).index(lowering.static(args[0], node)))


def _count(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return constant(list(lowering.static(list(items), node)).count(lowering.static(args[0], node)))


def _append_left(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return _insert(lowering, receiver, items, [constant(0), args[0]], node)


def _pop_left(lowering: Lowering, receiver: Term, items: Any, args: list[Term], node: gast.AST) -> Term:
    return _pop(lowering, receiver, items, [constant(0)], node)


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

FoundDict = Callable[[Lowering, Term, dict[Any, Any], list[Term], dict[str, Term], gast.AST], Term]


def _items(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple((constant(k), v) for k, v in d.items())


def _keys(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple(constant(k) for k in d)


def _values(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return tuple(d.values())


def _get(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    default: Term = args[1] if len(args) > 1 else kw.get("default", constant(None))
    found: Term = d.get(lowering.static(args[0], node), default)
    return found


def _dict_pop(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    key = lowering.static(args[0], node)
    if key not in d:
        if len(args) > 1:
            return args[1]
        lowering.refuse(node, f"the dict has no key {key!r}", "", UnsupportedType)
    lowering.change(_own(lowering, receiver, node), {k: v for k, v in d.items() if k != key}, node)
    found: Term = d[key]
    return found


def _update(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    more: Any = lowering.open(args[0]) if args else {}
    if not isinstance(more, dict):
        more = dict(
            (lowering.static(k, node), v)
            for k, v in (lowering.sequence(p, node) for p in lowering.sequence(more, node))
        )
    lowering.change(_own(lowering, receiver, node), {**d, **more, **kw}, node)
    return constant(None)


def _setdefault(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    key = lowering.static(args[0], node)
    if key not in d:
        default = args[1] if len(args) > 1 else constant(None)
        lowering.change(_own(lowering, receiver, node), {**d, key: default}, node)
        return default
    found: Term = d[key]
    return found


def _dict_copy(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    return lowering.new(dict, dict(d))


def _dict_clear(lowering: Lowering, receiver: Term, d: Any, args: list[Term], kw: Any, node: gast.AST) -> Term:
    lowering.change(_own(lowering, receiver, node), {}, node)
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


def set_item(lowering: Lowering, base: Term, index: Term, term: Term, node: gast.AST) -> None:
    """`base[index] = term`."""
    contents = lowering.open(base)
    if isinstance(contents, (Value, Constant)) and isinstance(contents.type, ArrayType):
        lowering.store_item(lowering.must_be_array(base, node), index, lowering.to_operand(term), node)
    elif isinstance(contents, dict):
        lowering.change(_own(lowering, base, node), {**contents, lowering.static(index, node): term}, node)
    elif isinstance(contents, list) and is_slice(index):
        new = list(contents)
        more = lowering.open(lowering.listed(term))
        new[lowering.static(index, node)] = (
            list(more) if isinstance(more, (list, tuple)) else lowering.sequence(more, node)
        )
        lowering.change(_own(lowering, base, node), new, node)
    elif isinstance(contents, list) and index_of(lowering, index, len(contents)) is not None:
        k = position(lowering, index, len(contents), node)
        lowering.change(_own(lowering, base, node), [*contents[:k], term, *contents[k + 1 :]], node)
    elif isinstance(contents, list) or is_sequence(contents):
        named = lowering.shown(base.cell) if isinstance(base, Ref) else None
        sequence = lowering.sequence_value(contents, name=named) if isinstance(contents, list) else contents
        ref = _own(lowering, base, node)
        operands: list[Any] = [sequence, lowering.to_operand(index), lowering.item_value(term)]
        lowering.change(ref, lowering.builder.apply(LIST_SET, operands, None, lowering.shown(ref.cell)), node)
    else:
        lowering.refuse(node, f"an item of {describe(base)} is assigned", "", UnsupportedType)


def delete_item(lowering: Lowering, base: Term, index: Term, node: gast.AST) -> None:
    """`del base[index]`."""
    contents = lowering.open(base)
    if isinstance(contents, dict):
        _dict_pop(lowering, base, contents, [index], {}, node)
    elif isinstance(contents, list) and is_slice(index):
        new = list(contents)
        del new[lowering.static(index, node)]
        lowering.change(_own(lowering, base, node), new, node)
    elif isinstance(contents, list) or is_sequence(contents):
        _pop(lowering, base, contents, [index], node)
    else:
        lowering.refuse(node, f"an item of {describe(base)} is deleted", "", UnsupportedCall)


def is_slice(index: Term) -> bool:
    return isinstance(index, Constant) and isinstance(index.value, slice)
