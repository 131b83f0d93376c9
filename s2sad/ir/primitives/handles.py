"""Objects outside the function that take values: counters, lists of what was computed.

    calls += 1               module_globals["calls"] += 1
    history.append(y)        history.append(np.copy(y))
    seen[k] = y              seen[k] = np.copy(y)
    Model.n_calls += 1       Model.n_calls += 1

Such an object is a parameter as it is: a handle. What is done to it is done in the order of the text, where the program
runs forward. No derivative flows through it: what it takes are values, and of what it holds numbers alone are read. A
number that is read may be one that the same call has stored: `analysis.read_back` finds where that matters.

With a `sign` the number there is added to; `anew` an array that may be there is not changed in place, as it may be one
of the function's. The place of a store is an attribute of the handle, or an item whose key is the second operand.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.types import BOOL, INT, NONE, ArrayType, HandleType, Type

FOUND = HandleType("what is found in an object outside")
"""The type of what is in an object outside, or what a method of it gives."""


def _place(attribute: str | None) -> str:
    return "_0[_1]" if attribute is None else f"_0.{attribute}"


def _call(handle: Any, *values: object, method: str, names: tuple[str, ...] = ()) -> object:
    first = values[: len(values) - len(names)]
    return getattr(handle, method)(*first, **dict(zip(names, values[len(first) :], strict=True)))


def _call_type(handle: Type, /, *values: Type, method: str, names: tuple[str, ...] = ()) -> Type:
    return FOUND


def _call_text(handle: Type, /, *values: Type, method: str, names: tuple[str, ...] = ()) -> str:
    first = [f"_{k}" for k in range(1, len(values) + 1 - len(names))]
    named = [f"{n}=_{k}" for k, n in enumerate(names, len(first) + 1)]
    return f"_0.{method}({', '.join([*first, *named])})"


def _store(handle: Any, *values: Any, attribute: str | None = None, sign: str = "", anew: bool = False) -> None:
    *key, value = values
    if sign:
        value = OPERATORS[sign](_found(handle, *key, attribute=attribute), value)
    if attribute is None:
        handle[key[0]] = value
    else:
        setattr(handle, attribute, value)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "|": operator.or_,
    "&": operator.and_,
    "^": operator.xor,
}
"""The operators of augmented assignments, by their signs."""


def _store_type(
    handle: Type, /, *values: Type, attribute: str | None = None, sign: str = "", anew: bool = False
) -> Type:
    return NONE


def _store_text(attribute: str | None = None, sign: str = "", anew: bool = False) -> str:
    place, value = _place(attribute), "_2" if attribute is None else "_1"
    return f"{place} = {place} {sign} {value}" if anew else f"{place} {sign}= {value}"


def _delete(handle: Any, *key: object, attribute: str | None = None) -> None:
    if attribute is None:
        del handle[key[0]]
    else:
        delattr(handle, attribute)


def _delete_type(handle: Type, /, *key: Type, attribute: str | None = None) -> Type:
    return NONE


def _found(handle: Any, *key: object, attribute: str | None = None) -> object:
    return handle[key[0]] if attribute is None else getattr(handle, attribute)


def _found_type(handle: Type, /, *key: Type, attribute: str | None = None) -> Type:
    return FOUND


def _whole(handle: Any, *key: object, attribute: str | None = None) -> int:
    return operator.index(_found(handle, *key, attribute=attribute))  # type: ignore[arg-type]


def _whole_type(handle: Type, /, *key: Type, attribute: str | None = None) -> Type:
    return INT


def _number(handle: Any, *key: object, attribute: str | None = None, dtype: np.dtype[Any] | None = None) -> object:
    found: Any = _found(handle, *key, attribute=attribute)
    return float(found) if dtype is None else dtype.type(found)


def _number_type(handle: Type, /, *key: Type, attribute: str | None = None, dtype: np.dtype[Any] | None = None) -> Type:
    return ArrayType(np.dtype(float) if dtype is None else dtype, (), "python" if dtype is None else "numpy")


def _number_text(*types: Type, attribute: str | None = None, dtype: np.dtype[Any] | None = None) -> str:
    return f"{'float' if dtype is None else f'np.{dtype}'}({_place(attribute)})"


def truth_value(value: object) -> bool:
    """The value that was found, which must be a truth value."""
    if type(value) is not bool:
        raise TypeError(f"a truth value was here, and now it is {value!r}")
    return value


def _count(handle: Any) -> int:
    return len(handle)


def _holds(handle: Any, item: object) -> bool:
    return item in handle


_whole.__module__ = operator.__name__  # where the text of a call finds its names

CALL = register(
    Primitive("handle.call", _call, _call_type, constant=True, effect=Effect.IO, once=True, spelling=_call_text)
)
STORE = register(
    Primitive(
        "handle.store",
        _store,
        _store_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        statement=_store_text,
    )
)
DELETE = register(
    Primitive(
        "handle.delete",
        _delete,
        _delete_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        statement=lambda attribute=None: f"del {_place(attribute)}",
    )
)
ITEM = register(
    Primitive(
        "handle.item",
        _found,
        _found_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        spelling=lambda *types, attribute=None: _place(attribute),
    )
)
WHOLE = register(
    Primitive(
        "operator.index_of_item",
        _whole,
        _whole_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        spelling=lambda *types, attribute=None: f"operator.index({_place(attribute)})",
    )
)
"""The integer at a place; it raises where something else is there."""
NUMBER = register(
    Primitive(
        "handle.number",
        _number,
        _number_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        spelling=_number_text,
    )
)
"""The number at a place; as a Python float, or one of NumPy's of a dtype."""
FLAG = register(Primitive("truth_value", truth_value, lambda value: BOOL, constant=True, helper=True))
"""What was found outside, as a truth value."""
COUNT = register(
    Primitive(
        "handle.count", _count, lambda handle: INT, constant=True, effect=Effect.IO, once=True, spelling="len(_0)"
    )
)
HOLDS = register(
    Primitive(
        "handle.holds",
        _holds,
        lambda handle, item: BOOL,
        constant=True,
        effect=Effect.IO,
        once=True,
        spelling="_1 in _0",
    )
)
STORES = frozenset({CALL, STORE, DELETE, ITEM, WHOLE, NUMBER, COUNT, HOLDS})
"""What is done to objects outside: it is done once, in its order, or the program is refused."""
