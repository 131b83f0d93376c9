"""Lists of run-time length, as values: each operation gives a new list, in place where the old one is done with.

sequence      `[a, b]`: items of one type
append        `[*xs, x]`                       xs.append(x)
list_set      `xs` with another item at `k`    xs[k] = x
list_add      `xs` with `g` added at `k`       xs[k] = xs[k] + g
item_append   `xs` with `x` behind the others of its item at `k`, a list: xs[k].append(x)
list_insert   `xs` with `x` before item `k`    xs.insert(k, x)
list_delete   `xs` without item `k`            del xs[k]
concatenate   `xs + ys`

join_items    `np.concatenate(xs)`, of arrays of different lengths; parts_like: an array in parts as long as its items

add_items     the sums of the items of two lists; zero_items: a zero for each item; reversed_items: `xs[::-1]`

The adjoint of a list is a list of the adjoints of its items, as long as the list is at that point of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import GETITEM, ITEM_ADJOINT, MAKE
from s2sad.ir.dims import Dim, dim_sum, is_known, new_dim
from s2sad.ir.primitive import Primitive, Quantity, register, required
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    SequenceType,
    SliceType,
    StaticType,
    Type,
    all_items,
    array,
    integer,
    join,
    leaves,
    symbols,
)
from s2sad.ir.values import Constant, For, Operand, Value, constant


def item_type(*items: Type) -> Type | None:
    """The type that all items of a list have; None where there is none."""
    # BOTTOM is the unit of the join; None, once two items have no type in common, stays.
    joined: Type | None = BOTTOM
    plain = [_plain(t) for t in items]
    for t in plain:
        joined = joined and join(joined, t)
    return joined and all_items(joined, *(t for t in plain if t != BOTTOM))


def _plain(t: Type) -> Type:
    """A number without its value: the items of a list differ in it. A None waits for another item."""
    match t:
        case StaticType(None):
            return BOTTOM
        case ArrayType() if t.size is not None:
            return replace(t, size=None)
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(map(_plain, t.items)))
    return t


def _joined(xs: Type, item: Type, more: int = 0) -> Type:
    assert isinstance(xs, SequenceType)
    joined = item_type(xs.item, item)
    if joined is None:
        raise TypeError(f"a list of {xs.item} gets {item}")
    return SequenceType(joined, dim_sum(xs.length, more))


def _sequence_type(*items: Type) -> Type:
    found = item_type(*items)
    if found is None:
        raise TypeError(f"a list of {', '.join(map(str, items))}, whose length changes, needs items of one type")
    return SequenceType(found, len(items))


def _append_type(xs: Type, x: Type, /) -> Type:
    return _joined(xs, x, 1)


def _set_type(xs: Type, k: Type, x: Type, /) -> Type:
    if isinstance(k, SliceType):
        # What is stored at a slice is a list: it is its items that become items.
        assert isinstance(x, SequenceType)
        x = x.item
    return _joined(xs, x)


def _item_append_type(xs: Type, k: Type, x: Type, /) -> Type:
    assert isinstance(xs, SequenceType)
    return _joined(xs, _joined(xs.item, x, 1))


def _insert_type(xs: Type, k: Type, x: Type, /) -> Type:
    return _joined(xs, x, 1)


def _delete_type(xs: Type, k: Type, /) -> Type:
    assert isinstance(xs, SequenceType)
    # `del` from an empty list raises at run time, as in Python: until then its length is no negative number.
    return SequenceType(xs.item, dim_sum(xs.length, -1) if not is_known(xs.length) else max(0, xs.length - 1))


def _concatenate_type(xs: Type, ys: Type, /) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(ys, SequenceType)
    joined = item_type(xs.item, ys.item)
    if joined is None:
        raise TypeError(f"a list of {xs.item} gets items of {ys.item}")
    return SequenceType(joined, dim_sum(xs.length, ys.length))


def _sequence(*items: object) -> list[object]:
    return list(items)


def _append(xs: list[object], x: object, /) -> list[object]:
    return [*xs, x]


def _set(xs: list[Quantity], k: Quantity, x: Quantity, /) -> list[Quantity]:
    result = list(xs)
    result[k] = x
    return result


def _list_add(xs: list[Quantity], k: int, g: Quantity, /) -> list[Quantity]:
    result = list(xs)
    result[k] = result[k] + g
    return result


def _item_append(xs: list[list[object]], k: int, x: object, /) -> list[list[object]]:
    result = list(xs)
    result[k] = [*result[k], x]
    return result


def _insert(xs: list[object], k: int, x: object, /) -> list[object]:
    result = list(xs)
    result.insert(k, x)
    return result


def _delete(xs: list[object], k: int, /) -> list[object]:
    result = list(xs)
    del result[k]
    return result


def _concatenate(xs: list[object], ys: list[object], /) -> list[object]:
    return [*xs, *ys]


def _apply(primitive: Primitive, x: Expr, *others: object) -> Expr:
    """A list operation in a rule; `x` is an expression."""
    return x.builder.expr(x.builder.apply(primitive, [x.operand, *(x.builder.operand(o) for o in others)]))


# zeros and sums of any type


def zero(builder: Builder, operand: Operand) -> Operand:
    """The zero adjoint or tangent of an operand."""
    t = operand.type
    match t:
        case ArrayType():
            # a Python number: it is added to arrays of any shape and keeps their dtype
            if t.is_scalar or isinstance(operand, Constant):
                return constant(0.0) if t.dtype is None or t.dtype.kind != "c" else constant(0j)
            return builder.apply(required(np.zeros_like), (operand,))
        case ContainerType():
            items = [zero(builder, builder.extract(operand, key)) for key in t.keys]
            return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})
        case SequenceType():
            return builder.apply(SEQUENCE, ()) if t.length == 0 else builder.apply(ZERO_ITEMS, (operand,))
        case StaticType():
            return operand
    return constant(None)


def add(builder: Builder, a: Operand, b: Operand) -> Operand:
    """The sum of two adjoints of one value."""
    t = a.type
    match t:
        case ContainerType():
            items = [add(builder, builder.extract(a, k), builder.extract(b, k)) for k in t.keys]
            return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})
        case SequenceType():
            return builder.apply(ADD_ITEMS, (a, b))
        case StaticType():
            return a
    return builder.apply(required(np.add), (a, b))


def _zero(x: Expr) -> Expr:
    """The zero of an expression."""
    return x.builder.expr(zero(x.builder, x.operand))


def _or_zero(dot: Expr | None, x: Expr) -> Expr:
    """A tangent, zero where there is none."""
    return _zero(x) if dot is None else dot


def add_items(a: Quantity, b: Quantity) -> Quantity:
    """The sums of the items of two lists or tuples."""
    pairs = zip(a, b, strict=True)
    return type(a)([add_items(x, y) if isinstance(x, (list, tuple)) else x + y for x, y in pairs])


def zero_items(a: Quantity) -> Quantity:
    """A zero for each item of a list or tuple."""
    return type(a)([zero_items(x) if isinstance(x, (list, tuple)) else np.zeros_like(x) for x in a])


def reversed_items(a: Quantity) -> Quantity:
    """A list from its last item to its first."""
    return a[::-1]


def sum_repeats(start: list[Quantity], xs: list[Quantity]) -> list[Quantity]:
    """The sums of every `len(start)`-th item of a list, on top of `start`."""
    result = list(start)
    for k, x in enumerate(xs):
        result[k % len(start)] = result[k % len(start)] + x
    return result


def parts_like(a: Quantity, xs: list[Quantity], axis: int) -> list[Quantity]:
    """The parts of an array that are as long as the items of a list are."""
    ends = np.cumsum([x.shape[axis] for x in xs])
    return [part.copy() for part in np.split(a, ends[:-1], axis)]


def _joined_type(xs: Type, /, axis: int) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(xs.item, ArrayType) and xs.item.shape is not None
    shape = tuple(new_dim() if k == axis or _varies(d) else d for k, d in enumerate(xs.item.shape))
    return ArrayType(xs.item.dtype, shape, "array")


def _varies(d: Dim) -> bool:
    return any(s.varies for s in symbols(array(None, (d,))))


def _parts_type(a: Type, xs: Type, /, axis: int) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(xs.item, ArrayType)
    return SequenceType(replace(xs.item, dtype=a.dtype), xs.length)


def _repeat_type(xs: Type, n: Type, /) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(n, ArrayType)
    length = n.size if xs.length == 1 and n.size is not None else new_dim("k")
    return SequenceType(xs.item, length)


def _zero_spelling(a: Type) -> str:
    if isinstance(a, SequenceType) and a.item.is_scalar and a.item.is_inexact:
        return "[0.0] * len(_0)"
    return "zero_items(_0)"


def _sum(a: Expr, b: Expr) -> Expr:
    return a.builder.expr(add(a.builder, a.operand, b.operand))


def _item_adjoint(g: Expr | tuple[Expr | None, ...], xs: Expr, k: Expr) -> Expr:
    """The adjoint of a list one item, or slice, of which has the adjoint `g`."""
    # in a list of zeros to store is to add: only a single number or array has a statement that adds in its place
    assert isinstance(xs.type, SequenceType)
    whole = xs.type.item.is_numeric and k.type.is_numeric
    if isinstance(g, tuple):
        item, builder = xs[k], xs.builder
        parts = [builder.operand(_zero(x) if part is None else part) for part, x in zip(g, item, strict=True)]
        assert isinstance(item.type, ContainerType)
        g = builder.expr(builder.make(item.type.cls, item.type.keys, parts))
    return _apply(LIST_ADD if whole else LIST_SET, _zero(xs), k, g)


ITEM_ADJOINT.append(_item_adjoint)


def nested_items(a: Quantity, depth: int) -> list[Quantity]:
    """The rows of an array as a list, as deep as `depth`."""
    return [nested_items(row, depth - 1) for row in a] if depth > 1 else list(a)


def _nested_type(a: Type, /, depth: int) -> Type:
    assert a.is_numeric
    if depth == 0:
        return array(a.dtype, a.shape)
    length, rest = (new_dim("k"), None) if a.shape is None else (a.shape[0], a.shape[1:])
    return SequenceType(_nested_type(ArrayType(a.dtype, rest, "array"), depth - 1), length)


NESTED_ITEMS: Primitive = register(
    Primitive(
        "nested_items",
        nested_items,
        _nested_type,
        tangent=lambda y, xs, dots, depth: nested(dots[0], depth),
        adjoint=lambda g, y, xs, active, depth: (g.builder.call(np.array, g),),
        helper=True,
    )
)


def nested(a: Expr, depth: int) -> Expr:
    """`nested_items(a, depth)` in a rule."""
    return a.builder.expr(a.builder.apply(NESTED_ITEMS, [a.operand], {"depth": depth}))


def rows(a: Expr, t: Type, made: Callable[[Expr, Type], Operand]) -> Expr:
    """A list like one of type `t`, of what is `made` of each row of an array for an item."""
    if not isinstance(t, SequenceType):
        return a.builder.expr(made(a, t))
    builder, inner = a.builder, a.builder.child()
    index = Value(integer(new_dim("i")), "k")
    item = rows(inner.expr(inner.apply(GETITEM, (a.operand, index))), t.item, made).operand
    found = Value(SequenceType(item.type, t.length))
    trips = constant(0), builder.call(len, a).operand, constant(1)
    body = inner.block([index], [item])
    builder.operations.append(For(*trips, (), (), body, (found,), location=builder.location, about=builder.about))
    return builder.expr(found)


ADD_ITEMS = register(
    Primitive(
        "add_items",
        add_items,
        lambda a, b, /: a,
        tangent=lambda y, xs, dots: dots[0] if dots[1] is None else dots[1] if dots[0] is None else _sum(*dots),
        adjoint=lambda g, y, xs, active: (g if active[0] else None, g if active[1] else None),
        helper=True,
    )
)
REVERSED_ITEMS: Primitive = register(
    Primitive(
        "reversed_items",
        reversed_items,
        lambda a, /: a,
        tangent=lambda y, xs, dots: _apply(REVERSED_ITEMS, dots[0]),
        adjoint=lambda g, y, xs, active: (_apply(REVERSED_ITEMS, g),),
        spelling="_0[::-1]",
    )
)
ZERO_ITEMS = register(
    Primitive(
        "zero_items",
        zero_items,
        lambda a, /: a,
        constant=True,
        helper=True,
        spelling=_zero_spelling,
        measures=True,
        written=True,
    )
)
SEQUENCE: Primitive = register(
    Primitive(
        "sequence",
        _sequence,
        _sequence_type,
        tangent=lambda y, xs, dots: _sequence_of(y, [_or_zero(d, x) for d, x in zip(dots, xs, strict=True)]),
        adjoint=lambda g, y, xs, active: tuple(g[k] if a else None for k, a in enumerate(active)),
        spelling=lambda *items: f"[{', '.join(f'_{k}' for k in range(len(items)))}]",
        written=True,
        holds=True,
    )
)
APPEND: Primitive = register(
    Primitive(
        "append",
        _append,
        _append_type,
        tangent=lambda y, xs, dots: _apply(APPEND, *map(_or_zero, dots, xs)),
        adjoint=lambda g, y, xs, active: _taken_out(g, -1, active[1]),
        spelling="[*_0, _1]",
        update="_0.append(_1)",
        holds=True,
    )
)
LIST_SET: Primitive = register(
    Primitive(
        "list_set",
        _set,
        _set_type,
        tangent=lambda y, xs, dots: _apply(LIST_SET, _or_zero(dots[0], xs[0]), xs[1], _or_zero(dots[2], xs[2])),
        adjoint=lambda g, y, xs, active: _overwritten(g, xs, active),
        update="_0[_1] = _2",
        holds=True,
    )
)
LIST_ADD: Primitive = register(
    Primitive(
        "list_add",
        _list_add,
        _set_type,
        tangent=lambda y, xs, dots: _apply(LIST_ADD, _or_zero(dots[0], xs[0]), xs[1], _or_zero(dots[2], xs[2])),
        adjoint=lambda g, y, xs, active: (g, None, g[xs[1]] if active[2] else None),
        update=lambda xs, k, g: "_0[_1] += _2" if g.is_scalar else "_0[_1] = _0[_1] + _2",
        holds=True,
    )
)
ITEM_APPEND: Primitive = register(
    Primitive(
        "item_append",
        _item_append,
        _item_append_type,
        tangent=lambda y, xs, dots: _apply(ITEM_APPEND, _or_zero(dots[0], xs[0]), xs[1], _or_zero(dots[2], xs[2])),
        adjoint=lambda g, y, xs, active: (
            _apply(LIST_SET, g, xs[1], _apply(LIST_DELETE, g[xs[1]], -1)),
            None,
            g[xs[1]][-1] if active[2] else None,
        ),
        update="_0[_1] = [*_0[_1], _2]",
        holds=True,
    )
)
LIST_INSERT: Primitive = register(
    Primitive(
        "list_insert",
        _insert,
        _insert_type,
        tangent=lambda y, xs, dots: _apply(LIST_INSERT, _or_zero(dots[0], xs[0]), xs[1], _or_zero(dots[2], xs[2])),
        adjoint=lambda g, y, xs, active: _let_out(g, xs[1], active[2]),
        update="_0.insert(_1, _2)",
        holds=True,
    )
)
LIST_DELETE: Primitive = register(
    Primitive(
        "list_delete",
        _delete,
        _delete_type,
        tangent=lambda y, xs, dots: _apply(LIST_DELETE, dots[0], xs[1]),
        adjoint=lambda g, y, xs, active: (_inserted(g, xs[1], _zero_item(xs[0], xs[1])), None),
        update="del _0[_1]",
        holds=True,
    )
)
REPEAT: Primitive = register(
    Primitive(
        "repeat_items",
        lambda xs, n, /: xs * n,
        _repeat_type,
        tangent=lambda y, xs, dots: _apply(REPEAT, dots[0], xs[1]),
        adjoint=lambda g, y, xs, active: (_apply(SUM_REPEATS, _zero(xs[0]), g), None),
        spelling="_0 * _1",
    )
)
SUM_REPEATS: Primitive = register(
    Primitive(
        "sum_repeats",
        sum_repeats,
        lambda start, xs, /: start,
        tangent=lambda y, xs, dots: _apply(SUM_REPEATS, *map(_or_zero, dots, xs)),
        adjoint=lambda g, y, xs, active: (
            g if active[0] else None,
            _apply(REPEAT, g, _length(xs[1]) // _length(xs[0])) if active[1] else None,
        ),
        helper=True,
    )
)
CONCATENATE: Primitive = register(
    Primitive(
        "concatenate",
        _concatenate,
        _concatenate_type,
        tangent=lambda y, xs, dots: _apply(CONCATENATE, *map(_or_zero, dots, xs)),
        adjoint=lambda g, y, xs, active: (
            g[: _length(xs[0])] if active[0] else None,
            g[_length(xs[0]) :] if active[1] else None,
        ),
        spelling="_0 + _1",
        written=True,
        holds=True,
    )
)

JOIN_ITEMS: Primitive = register(
    Primitive(
        "join_items",
        lambda xs, /, axis: np.concatenate(xs, axis),
        _joined_type,
        tangent=lambda y, xs, dots, axis: _join(dots[0], axis),
        adjoint=lambda g, y, xs, active, axis: (_parts(g, xs[0], axis),),
        spelling=lambda xs, axis: f"np.concatenate(_0, {axis})" if axis else "np.concatenate(_0)",
    )
)
PARTS_LIKE: Primitive = register(
    Primitive(
        "parts_like",
        parts_like,
        _parts_type,
        tangent=lambda y, xs, dots, axis: _parts(dots[0], xs[1], axis),
        adjoint=lambda g, y, xs, active, axis: (_join(g, axis), None),
        helper=True,
        spelling=lambda a, xs, axis: f"parts_like(_0, _1, {axis})",
    )
)


def _join(xs: Expr, axis: int) -> Expr:
    return xs.builder.expr(xs.builder.apply(JOIN_ITEMS, [xs.operand], {"axis": axis}))


def _parts(a: Expr, xs: Expr, axis: int) -> Expr:
    return a.builder.expr(a.builder.apply(PARTS_LIKE, [a.operand, xs.operand], {"axis": axis}))


def _sequence_of(y: Expr, items: list[Expr]) -> Expr:
    return y.builder.expr(y.builder.apply(SEQUENCE, [y.builder.operand(i) for i in items]))


def _taken_out(g: Expr, k: Expr | int, wanted: bool) -> tuple[Expr, Expr | None]:
    """The adjoints of the list without its item `k`, and of the item."""
    item = g[k] if wanted else None
    return _apply(LIST_DELETE, g, k), item


def _let_out(g: Expr, k: Expr, wanted: bool) -> tuple[Expr, None, Expr | None]:
    """The adjoints of an insertion at `k`: the list is what it was without the item."""
    rest, item = _taken_out(g, k, wanted)
    return rest, None, item


def _overwritten(g: Expr, xs: Sequence[Expr], active: Sequence[bool]) -> tuple[Expr | None, ...]:
    """The adjoint of a list one item of which was stored: nothing came from the old one."""
    if not active[0] and not active[2]:
        return None, None, None
    k, item = xs[1], g[xs[1]]
    if not active[0]:
        return None, None, item
    # the zero is that of the old item, which may have another length than the new one
    old = xs[0][k] if _has_lengths_of_its_own(xs[0].type) else item
    return _apply(LIST_SET, g, k, _zero(old)), None, item if active[2] else None


def _has_lengths_of_its_own(xs: Type) -> bool:
    """Whether the items of a list are lists, or arrays of several lengths."""
    assert isinstance(xs, SequenceType)
    return any(t.is_sequence for t in leaves(xs.item)) or any(s.varies for s in symbols(xs.item))


def _zero_item(xs: Expr, k: Expr) -> Expr | float:
    """The zero of an item; what the list held is read only where its shape is needed."""
    assert isinstance(xs.type, SequenceType)
    item = xs.type.item
    return 0.0 if item.is_scalar and item.dtype != np.complex128 else _zero(xs[k])


def _inserted(g: Expr, k: Expr, zero_item: Expr | float) -> Expr:
    """`del xs[-1]` is undone by an append."""
    if k.known == -1:
        return _apply(APPEND, g, zero_item)
    return _apply(LIST_INSERT, g, k, zero_item)


def _length(x: Expr) -> Expr:
    return x.builder.call(len, x)
