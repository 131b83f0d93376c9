"""Dicts of run time, as values: for each key the place of its item in a list, which has the items in the same order.

    d[k] = x            if k in places: items[places[k]] = x
                        else: places[k] = len(items); items.append(x)

table           `{}`
table_set       `places` with a place for a key
table_without   `places` without a key: those behind it move up
table_place     `places[k]`; it raises where there is no such key
table_holds     `k in places`
table_keys      `list(places)`

No table has derivatives: keys and places are no numbers that one could change a little. The items are a list of run
time, and have theirs.
"""

from __future__ import annotations

from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.primitives.lists import item_type
from s2sad.ir.types import BOOL, BOTTOM, INT, SequenceType, TableType, Type

Table = dict[object, int]


def _set_type(table: Type, key: Type, place: Type, /) -> Type:
    assert isinstance(table, TableType)
    joined = item_type(table.key, key)
    if joined is None:
        raise TypeError(f"a dict has keys of {table.key} and of {key}")
    return TableType(joined)


def _set(table: Table, key: object, place: int, /) -> Table:
    return {**table, key: place}


def table_without(table: Table, key: object) -> Table:
    """The places in a list from which the item of one key was taken out."""
    gone = table[key]
    return {k: place - (place > gone) for k, place in table.items() if k != key}


def _keys_type(table: Type, /) -> Type:
    assert isinstance(table, TableType)
    return SequenceType(table.key, new_dim("k"))


# A subscript, or `in`, is read as that of an array: these two are known by their names in a trace that is read again.
TABLE = register(Primitive("table", lambda: {}, lambda: TableType(BOTTOM), constant=True, spelling="{}", written=True))
TABLE_SET = register(Primitive("table_set", _set, _set_type, constant=True, update="_0[_1] = _2"))
TABLE_WITHOUT = register(
    Primitive("table_without", table_without, lambda table, key, /: table, constant=True, helper=True)
)
TABLE_PLACE = register(
    Primitive(
        "table_place",
        lambda table, key: table[key],
        lambda table, key, /: INT,
        constant=True,
        spelling=lambda *types: "_0[_1]",
    )
)
TABLE_HOLDS = register(
    Primitive(
        "table_holds",
        lambda table, key: key in table,
        lambda table, key, /: BOOL,
        constant=True,
        spelling=lambda *types: "_1 in _0",
    )
)
TABLE_KEYS = register(
    Primitive("table_keys", lambda table: list(table), _keys_type, constant=True, spelling="list(_0)")
)
TABLE_COPY = register(
    Primitive(
        "table_copy",
        lambda table: dict(table),
        lambda table, /: table,
        constant=True,
        spelling="dict(_0)",
        written=True,
    )
)
