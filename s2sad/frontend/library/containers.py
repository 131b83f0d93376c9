"""Methods of lists and dicts, on what their cells hold.

A list whose length is known is a Python list of terms; one of run-time length is a value, changed by the operations of
`ir/primitives/lists.py`. A tuple has the methods of a list: those that would change it refuse.
"""

from __future__ import annotations

import sys

from s2sad.errors import UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, method
from s2sad.frontend.terms.terms import (
    Keyed,
    Method,
    OfDict,
    Record,
    Ref,
    Term,
    is_none,
    is_sequence,
    is_static,
    known_place,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitives.lists import APPEND, LIST_DELETE, LIST_INSERT, REVERSED_ITEMS
from s2sad.ir.types import BOTTOM
from s2sad.ir.values import Constant, constant, is_operand

# lists


@method(list, "append")
def _append(lowering: Lowering, call: MethodCall) -> Term:
    ref, items, (item, *_) = lowering.changeable(call.receiver, call.node), call.contents, call.arguments
    if isinstance(items, list):
        items = [*items, item]
    else:
        items = lowering.builder.apply(APPEND, (items, lowering.item_value(item)), None, lowering.shown(ref.cell))
    lowering.change(ref, items, call.node)
    return constant(None)


@method(list, "extend")
def _extend(lowering: Lowering, call: MethodCall) -> Term:
    ref = lowering.changeable(call.receiver, call.node)
    more = lowering.open(lowering.listed(call.arguments[0]))
    if is_operand(more) and more.type == BOTTOM:
        return constant(None)  # of a function that calls itself: it is known in the next round
    if isinstance(more, tuple):
        more = list(more)
    elif not isinstance(more, list) and not is_sequence(more):
        more = lowering.sequence(more, call.node)
    lowering.change(ref, lowering.joined(call.contents, more), call.node)
    return constant(None)


@method(list, "pop")
def _pop(lowering: Lowering, call: MethodCall) -> Term:
    return _popped(lowering, call, call.arguments[0] if call.arguments else constant(-1))


@method(list, "popleft")
def _pop_left(lowering: Lowering, call: MethodCall) -> Term:
    return _popped(lowering, call, constant(0))


def _popped(lowering: Lowering, call: MethodCall, at: Term) -> Term:
    ref, items = lowering.changeable(call.receiver, call.node), call.contents
    if isinstance(items, list):
        k = lowering.position(at, len(items), call.node)
        lowering.change(ref, [*items[:k], *items[k + 1 :]], call.node)
        return items[k]  # type: ignore[no-any-return]
    place = lowering.to_operand(at)
    item = lowering.builder.apply(GETITEM, (items, place))
    rest = lowering.builder.apply(LIST_DELETE, (items, place), None, lowering.shown(ref.cell))
    lowering.change(ref, rest, call.node)
    return lowering.adopt(item, "which came out of a list of run-time length")


@method(list, "insert")
def _insert(lowering: Lowering, call: MethodCall) -> Term:
    return _inserted(lowering, call, *call.arguments)


@method(list, "appendleft")
def _append_left(lowering: Lowering, call: MethodCall) -> Term:
    return _inserted(lowering, call, constant(0), call.arguments[0])


def _inserted(lowering: Lowering, call: MethodCall, at: Term, item: Term) -> Term:
    ref, items = lowering.changeable(call.receiver, call.node), call.contents
    known = isinstance(at, Constant) or known_place(at, 0) is not None
    if isinstance(items, list) and known:
        items = list(items)
        items.insert(lowering.static(at, call.node), item)
    else:
        items = lowering.sequence_value(items, name=lowering.shown(ref.cell))
        operands = (items, lowering.place_in(items, lowering.to_operand(at)), lowering.item_value(item))
        items = lowering.builder.apply(LIST_INSERT, operands, None, lowering.shown(ref.cell))
    lowering.change(ref, items, call.node)
    return constant(None)


@method(list, "reverse")
def _reverse(lowering: Lowering, call: MethodCall) -> Term:
    ref, items = lowering.changeable(call.receiver, call.node), call.contents
    turned = items[::-1] if isinstance(items, list) else lowering.builder.apply(REVERSED_ITEMS, (items,))
    lowering.change(ref, turned, call.node)
    return constant(None)


@method(list, "sort")
def _sort(lowering: Lowering, call: MethodCall) -> Term | None:
    if not isinstance(call.receiver, Ref):
        return None
    ordered = lowering.call(constant(sorted), [call.receiver], call.keywords, call.node, None)
    lowering.change(call.receiver, lowering.open(ordered), call.node)
    return constant(None)


@method(list, "copy")
def _copy(lowering: Lowering, call: MethodCall) -> Term:
    return lowering.new(list, list(call.contents) if isinstance(call.contents, list) else call.contents)


@method(list, "clear")
def _clear(lowering: Lowering, call: MethodCall) -> Term:
    lowering.change(lowering.changeable(call.receiver, call.node), [], call.node)
    return constant(None)


@method(list, "index")
def _index(lowering: Lowering, call: MethodCall) -> Term:
    item, *limits = call.arguments
    known = _known(lowering, call)
    if known is not None:
        return constant(known.index(lowering.static(item, call.node), *(lowering.static(k, call.node) for k in limits)))
    start, stop = (*limits, *(constant(0), constant(sys.maxsize))[len(limits) :])[:2]
    bound = {"items": call.receiver, "item": item, "start": start, "stop": stop}
    return lowering.synthetic(in_python.index_, bound, call.node)


@method(list, "remove")
def _remove(lowering: Lowering, call: MethodCall) -> Term:
    place = lowering.call_method(Method(call.receiver, "index"), [*call.arguments], {}, call.node, None)
    lowering.delete_item(call.receiver, place, call.node)
    return constant(None)


@method(list, "count")
def _count(lowering: Lowering, call: MethodCall) -> Term:
    known, (item,) = _known(lowering, call), call.arguments
    if known is not None:
        return constant(known.count(lowering.static(item, call.node)))
    return lowering.synthetic(in_python.count_, {"items": call.receiver, "item": item}, call.node)


def _known(lowering: Lowering, call: MethodCall) -> list[object] | None:
    """The items of a list, where they and what is looked for among them are known."""
    items = [lowering.value_form(t) for t in call.contents] if isinstance(call.contents, (list, tuple)) else None
    if items is None or not all(map(is_static, (*items, lowering.value_form(call.arguments[0])))):
        return None
    return [static_value(t) for t in items]


# named tuples


@method(tuple, "_replace")
def _replace(lowering: Lowering, call: MethodCall) -> Term:
    return Record(call.contents.cls, {**call.contents.items, **call.keywords})


@method(tuple, "_asdict")
def _as_dict(lowering: Lowering, call: MethodCall) -> Term:
    return lowering.new(dict, {**call.contents.items, **call.keywords})


# dicts


@method(dict, "items")
def _items(lowering: Lowering, call: MethodCall) -> Term:
    return _view(call, "items")


@method(dict, "keys")
def _keys(lowering: Lowering, call: MethodCall) -> Term:
    return _view(call, "keys")


@method(dict, "values")
def _values(lowering: Lowering, call: MethodCall) -> Term:
    return _view(call, "values")


def _view(call: MethodCall, kind: str) -> Term:
    """A view of a dict; of one without identity what it holds."""
    if isinstance(call.receiver, Ref):
        return OfDict(call.receiver, kind)
    items: list[tuple[object, Term]] = list(call.contents.items())
    if kind == "values":
        return tuple(v for _, v in items)
    return tuple(constant(k) if kind == "keys" else (constant(k), v) for k, v in items)


@method(dict, "get")
def _get(lowering: Lowering, call: MethodCall) -> Term:
    key = call.arguments[0]
    default = call.arguments[1] if len(call.arguments) > 1 else call.keywords.get("default", constant(None))
    if isinstance(call.contents, Keyed):
        return lowering.item_or(lowering.changeable(call.receiver, call.node), key, lambda: default, call.node)
    if lowering.is_key_of_run_time(call.contents, key) and not is_none(default):
        return lowering.item_by_key(call.contents, key, call.node, default)
    item: Term = call.contents.get(lowering.known_key(call.receiver, key, call.node), default)
    return item


@method(dict, "pop")
def _dict_pop(lowering: Lowering, call: MethodCall) -> Term:
    ref, node, items = lowering.changeable(call.receiver, call.node), call.node, call.contents
    key, *default = call.arguments
    if isinstance(items, Keyed):

        def popped() -> Term:
            return lowering.pop_of_table(ref, key, node)

        return (
            lowering.choose(lowering.has_key(ref, key, node), popped, lambda: default[0], node) if default else popped()
        )
    known = lowering.known_key(ref, key, node)
    if known not in items:
        if default:
            return default[0]
        lowering.refuse(node, f"the dict has no key {known!r}", "", UnsupportedType)
    lowering.change(ref, {k: v for k, v in items.items() if k != known}, node)
    item: Term = items[known]
    return item


@method(dict, "update")
def _update(lowering: Lowering, call: MethodCall) -> Term:
    ref, node = lowering.changeable(call.receiver, call.node), call.node
    if isinstance(call.contents, Keyed) or ref.cell in lowering.counting:
        return _updated(lowering, call, ref)
    more: Term = lowering.open(call.arguments[0]) if call.arguments else {}
    if not isinstance(more, (dict, tuple, list)):
        return _updated(lowering, call, ref)
    if not isinstance(more, dict):
        pairs = [lowering.sequence(pair, node) for pair in lowering.sequence(more, node)]
        more = {lowering.static(k, node): v for k, v in pairs}
    lowering.change(ref, {**call.contents, **more, **call.keywords}, node)
    return constant(None)


def _updated(lowering: Lowering, call: MethodCall, ref: Ref) -> Term:
    """`update` one item after the other; that of a Counter counts the items, or adds the counts of a dict."""
    counts = call.contents.counts if isinstance(call.contents, Keyed) else ref.cell in lowering.counting
    for more in (*call.arguments, lowering.new(dict, dict(call.keywords))):
        pairs = isinstance(more, Ref) and more.cls is dict
        given: Term = OfDict(more, "items") if pairs else more  # type: ignore[arg-type]
        function = in_python.update_ if not counts else in_python.tally_more_ if pairs else in_python.tally_
        name = "pairs" if pairs or not counts else "xs"
        lowering.synthetic(function, {"d": ref, name: given}, call.node)
    return constant(None)


@method(dict, "setdefault")
def _setdefault(lowering: Lowering, call: MethodCall) -> Term:
    ref, key = lowering.changeable(call.receiver, call.node), call.arguments[0]
    default = call.arguments[1] if len(call.arguments) > 1 else constant(None)
    if isinstance(call.contents, Keyed):
        lowering.ensure(ref, key, lambda: default, call.node)
        return lowering.there(ref, key, call.node)
    items, known = call.contents, lowering.known_key(ref, key, call.node)
    if known not in items:
        lowering.change(ref, {**items, known: default}, call.node)
        items = lowering.open(call.receiver)  # the array that is handed out is the one that was put in
    item: Term = items[known]
    return item


@method(dict, "most_common")
def _most_common(lowering: Lowering, call: MethodCall) -> Term:
    ordered = lowering.synthetic(in_python.most_common_, {"d": call.receiver}, call.node)
    if not call.arguments or is_none(call.arguments[0]):
        return ordered
    first = lowering.builder.operand(slice(None, lowering.to_operand(call.arguments[0]), None))
    return lowering.item_at(ordered, first, call.node, None)


@method(dict, "total")
def _total(lowering: Lowering, call: MethodCall) -> Term:
    return lowering.call(constant(sum), [_view(call, "values")], {}, call.node, None)


@method(dict, "copy")
def _dict_copy(lowering: Lowering, call: MethodCall) -> Term:
    if isinstance(call.contents, Keyed):
        return lowering.copied_table(call.contents)
    cell = call.receiver.cell if isinstance(call.receiver, Ref) else ""
    return lowering.made_dict(
        dict(call.contents), call.node, lowering.factories.get(cell), counts=cell in lowering.counting
    )


@method(dict, "clear")
def _dict_clear(lowering: Lowering, call: MethodCall) -> Term:
    ref = lowering.changeable(call.receiver, call.node)
    if isinstance(call.contents, Keyed):
        lowering.clear_table(ref, call.node)
    else:
        lowering.change(ref, {}, call.node)
    return constant(None)
