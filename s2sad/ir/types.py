"""The types of values: what a signature says about an argument, and what a type rule says about a result.

    ArrayType       a Python or NumPy scalar, or an array: dtype, symbolic shape, and which of these it is
    ContainerType   tuple, list, dict, NamedTuple or dataclass, each item with its own type
    SequenceType    a list of run-time length, all items of one type (what a loop collects)
    SliceType       a slice in an index
    StaticType      anything known at compile time that is no number: None, a string, a dtype, a function
    OpaqueType      the residuals of a recursive function, known by its name alone
    BottomType      the result of a call that is still being lowered (recursion); joins to the other side

Dimensions are integers or linear expressions over symbols (`n - 2`), so two slices cut alike have one length. An
unknown rank is `shape=None`. An unknown is always sound: it costs a run-time helper and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np


class Symbol:
    """An unknown integer, not below `least` (a length is not below 0). Two are equal only when they are one object.

    One that `varies`, in the type of the items of a list, is another integer for each item.
    """

    __slots__ = ("least", "name", "varies")

    def __init__(self, name: str = "n", least: int = 0, varies: bool = False) -> None:
        self.name = name
        self.least = least
        self.varies = varies

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Size:
    """`sum(coefficient * symbol) + offset`, with at least one symbol."""

    terms: frozenset[tuple[Symbol, int]]
    offset: int = 0

    def __repr__(self) -> str:
        parts = [str(s) if c == 1 else f"{c}*{s}" for s, c in sorted(self.terms, key=lambda t: t[0].name)]
        if self.offset:
            parts.append(str(self.offset))
        return "+".join(parts).replace("+-", "-")


Dim: TypeAlias = int | Size
Shape: TypeAlias = tuple[Dim, ...]
Kind: TypeAlias = Literal["python", "numpy", "array", "any"]


def new_dim(name: str = "n", least: int = 0, varies: bool = False) -> Size:
    """A fresh dimension, equal to no other."""
    return Size(frozenset({(Symbol(name, least, varies), 1)}))


_DERIVED: dict[tuple[object, ...], Dim] = {}
_ORIGIN: dict[Symbol, tuple[object, ...]] = {}
_MANY = 1 << 14


def derived_dim(kind: str, *parts: object, least: int = 0) -> Dim:
    """An integer that depends on nothing but these: the same one for the same parts."""
    key = (kind, *parts)
    found = _DERIVED.get(key)
    if found is None:
        if len(_DERIVED) > _MANY:
            _DERIVED.clear()
            _ORIGIN.clear()
        made = new_dim(kind, least)
        ((symbol, _),) = made.terms
        _DERIVED[key], _ORIGIN[symbol] = made, key
        found = made
    return found


def derivation(symbol: Symbol) -> tuple[str, tuple[Any, ...]]:
    """What a symbol was derived from: the kind, and the parts; an empty kind for one that stands for itself."""
    kind, *parts = _ORIGIN.get(symbol, ("",))
    return str(kind), tuple(parts)


def broadcast_parts(d: Dim) -> Collection[Dim]:
    """The lengths of which one is known only to be broadcast."""
    symbol = as_symbol(d)
    kind, *parts = _ORIGIN.get(symbol, ("",)) if symbol is not None else ("",)
    return parts[0] if kind == "b" else ()  # type: ignore[return-value]


def as_symbol(d: Dim | None) -> Symbol | None:
    """The symbol that an integer is, if it is one."""
    if not isinstance(d, Size) or d.offset or len(d.terms) != 1:
        return None
    ((symbol, c),) = d.terms
    return symbol if c == 1 else None


def equate(dims: Mapping[Symbol, Dim]) -> None:
    """Have what is derived anew from the same parts be the dimension that it is found to equal."""
    for symbol, dim in dims.items():
        key = _ORIGIN.get(symbol)
        if key is not None:
            _DERIVED[key] = dim


ANY_SIGN = -(1 << 63)
"""The `least` of an integer that may be negative."""


def may_be_negative(d: Dim | None) -> bool:
    """Whether an integer may be below 0; one of which nothing is known may be."""
    if d is None or isinstance(d, int):
        return d is None or d < 0
    return any(c < 0 for _, c in d.terms) or d.offset + sum(c * s.least for s, c in d.terms) < 0


def renewed(s: Symbol) -> Size:
    """A fresh dimension of the kind of a symbol."""
    return new_dim(s.name, s.least, s.varies)


def least_value(d: Dim) -> int:
    """A lower bound of a dimension."""
    if isinstance(d, int):
        return d
    if any(c < 0 for _, c in d.terms):
        return 0
    return max(0, d.offset + sum(c * s.least for s, c in d.terms))


def dim_sum(a: Dim, b: Dim, sign: int = 1) -> Dim:
    """`a + sign * b`."""
    terms = dict(a.terms) if isinstance(a, Size) else {}
    if isinstance(b, Size):
        for symbol, c in b.terms:
            terms[symbol] = terms.get(symbol, 0) + sign * c
    offset = (a.offset if isinstance(a, Size) else a) + sign * (b.offset if isinstance(b, Size) else b)
    kept = frozenset((s, c) for s, c in terms.items() if c)
    return Size(kept, offset) if kept else offset


def dim_scaled(a: Dim, factor: int) -> Dim:
    """`a * factor`."""
    if isinstance(a, int):
        return a * factor
    return Size(frozenset((s, c * factor) for s, c in a.terms), a.offset * factor) if factor else 0


def dim_product(dims: Iterable[Dim]) -> Dim:
    """The product, a fresh dimension where it is not linear."""
    result: Dim = 1
    for d in dims:
        if isinstance(d, int):
            result = dim_scaled(result, d)
        elif isinstance(result, int):
            result = dim_scaled(d, result)
        else:
            return new_dim("m")
    return result


def may_be_one(d: Dim) -> bool:
    """Whether the dimension may be 1 at run time (so that it may be broadcast)."""
    return d == 1 if isinstance(d, int) else least_value(d) < 2


class Type:
    """The base class of all types."""

    __slots__ = ()


def _default_dtype() -> np.dtype[np.generic]:
    return np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class ArrayType(Type):
    """A number or an array of numbers.

    `kind` is "python" for int, float, bool, complex (weak in promotion), "numpy" for NumPy scalars and what may be
    either, "array" for `ndarray`, "any" where it is not known. `dtype` None: unknown. `shape` None: unknown rank.
    `size` is the symbolic value of an integer scalar, where it is known.
    """

    dtype: np.dtype[np.generic] | None = field(default_factory=_default_dtype)
    shape: Shape | None = ()
    kind: Kind = "python"
    size: Dim | None = None

    @property
    def rank(self) -> int | None:
        return None if self.shape is None else len(self.shape)

    @property
    def is_complex(self) -> bool:
        """Whether it is known to hold complex numbers."""
        return self.dtype is not None and self.dtype.kind == "c"

    @property
    def is_scalar(self) -> bool:
        """A Python or NumPy scalar: immutable, without a shape."""
        return self.kind in ("python", "numpy")

    @property
    def is_inexact(self) -> bool:
        """Whether it has derivatives: float or complex, or not known."""
        return self.dtype is None or self.dtype.kind in "fc"

    def __repr__(self) -> str:
        name = "number" if self.dtype is None else self.dtype.name
        if self.is_scalar:
            known = isinstance(self.size, int) or not may_be_negative(self.size)
            value = f"={self.size}" if known else ""
            return (name.rstrip("0123456789") if self.kind == "python" else name) + value
        shape = "..." if self.shape is None else ", ".join(map(str, self.shape))
        return f"{name}[{shape}]"


@dataclass(frozen=True, slots=True)
class ContainerType(Type):
    """A tuple, list, dict, NamedTuple or dataclass. `keys` are indices, dict keys or field names."""

    cls: type
    keys: tuple[object, ...]
    items: tuple[Type, ...]

    def __getitem__(self, key: object) -> Type:
        return self.items[self.keys.index(key)]

    def __repr__(self) -> str:
        if self.cls in (tuple, list):
            return f"{self.cls.__name__}[{', '.join(map(repr, self.items))}]"
        return f"{self.cls.__name__}[{', '.join(f'{k}: {t}' for k, t in zip(self.keys, self.items, strict=True))}]"


def tuple_type(*items: Type) -> ContainerType:
    return ContainerType(tuple, tuple(range(len(items))), items)


@dataclass(frozen=True, slots=True)
class SequenceType(Type):
    """A list of run-time length whose items have one type."""

    item: Type
    length: Dim

    def __repr__(self) -> str:
        return f"list[{self.item}; {self.length}]"


@dataclass(frozen=True, slots=True)
class SliceType(Type):
    """A slice; each part is the type of an integer, or None."""

    start: ArrayType | None
    stop: ArrayType | None
    step: ArrayType | None


@dataclass(frozen=True, slots=True, eq=False)
class StaticType(Type):
    """Something known at compile time that is no number."""

    value: object

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StaticType):
            return NotImplemented
        return self.value is other.value or (
            type(self.value) is type(other.value)
            and isinstance(self.value, (str, bytes, slice, np.dtype, tuple, frozenset))
            and self.value == other.value
        )

    def __hash__(self) -> int:
        value = self.value
        return hash(value) if isinstance(value, (str, bytes)) else hash(type(value))

    def __repr__(self) -> str:
        return f"static {getattr(self.value, '__name__', repr(self.value))}"


@dataclass(frozen=True, slots=True)
class OpaqueType(Type):
    """The residuals of the function `name`; what they hold is that function's own business."""

    name: str


@dataclass(frozen=True, slots=True)
class BottomType(Type):
    """No value: the result of a recursive call before anything is known of it."""


BOTTOM = BottomType()
BOOL = ArrayType(np.dtype(bool), (), "python")
INT = ArrayType(np.dtype(np.int64), (), "python")
FLOAT = ArrayType(np.dtype(np.float64), (), "python")
COMPLEX = ArrayType(np.dtype(np.complex128), (), "python")
FLOAT64 = ArrayType(np.dtype(np.float64), (), "numpy")
NUMBER = ArrayType(None, None, "any")
NONE = StaticType(None)

_PYTHON = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}


def integer(size: Dim | None = None) -> ArrayType:
    """A Python int with the symbolic value `size`."""
    return ArrayType(INT.dtype, (), "python", size)


def is_namedtuple(cls: type) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def type_of(value: object) -> Type:
    """The type of a constant: exact dimensions, integers with their value.

    >>> type_of(3), type_of(2.5), type_of(np.zeros((2, 3), np.float32))
    (int=3, float, float32[2, 3])
    """
    python = _PYTHON.get(type(value))
    if python is not None:
        return integer(value) if python is INT else python  # type: ignore[arg-type]
    if isinstance(value, np.ndarray):
        return ArrayType(value.dtype, value.shape, "array")
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return ArrayType(value.dtype, (), "numpy", int(value) if value.dtype.kind in "iu" else None)
    if isinstance(value, slice):
        parts = [None if p is None else type_of(p) for p in (value.start, value.stop, value.step)]
        return SliceType(*parts)  # type: ignore[arg-type]
    if type(value) in (tuple, list):
        items = tuple(map(type_of, value))  # type: ignore[call-overload]
        return ContainerType(type(value), tuple(range(len(items))), items)
    return StaticType(value)


def array(dtype: np.dtype[np.generic] | None, shape: Shape | None) -> ArrayType:
    """What NumPy functions return: an array, or a NumPy scalar where the shape is ()."""
    if shape is None:
        return ArrayType(dtype, None, "any")
    return ArrayType(dtype, shape, "array" if shape else "numpy")


def leaves(t: Type) -> list[Type]:
    """The types of the items, nested containers flattened."""
    if isinstance(t, ContainerType):
        return [leaf for item in t.items for leaf in leaves(item)]
    return [t]


def is_active_type(t: Type) -> bool:
    """Whether a value of this type can carry a derivative."""
    match t:
        case ArrayType():
            return t.is_inexact
        case ContainerType():
            return any(map(is_active_type, t.items))
        case SequenceType():
            return is_active_type(t.item)
        case OpaqueType():
            return True
    return False


def promote(*types: ArrayType) -> np.dtype[np.generic] | None:
    """NumPy's result dtype, Python scalars weak (NEP 50)."""
    weak: list[object] = []
    for t in types:
        if t.dtype is None:
            return None
        weak.append({"b": False, "i": 0, "f": 0.0, "c": 0j}[t.dtype.kind] if t.kind == "python" else t.dtype)
    first = types[0].dtype
    if all(t.kind == types[0].kind and t.dtype is first for t in types):
        return first
    return np.result_type(*weak)  # type: ignore[arg-type]


def broadcast_dims(a: Dim, b: Dim) -> Dim:
    """The length of two dimensions broadcast together; a fresh one where that is not known."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if not may_be_one(a):
        return a
    if not may_be_one(b):
        return b
    return derived_dim("b", frozenset((a, b)))


def surely_broadcast(*types: Type) -> bool:
    """Whether operands are known to broadcast together: NumPy raises where two lengths differ and neither is 1."""
    result: list[Dim] = []
    for t in types:
        if not isinstance(t, ArrayType) or t.shape is None:
            return False
        for k, d in enumerate(reversed(t.shape)):
            if k == len(result):
                result.append(d)
            elif result[k] == 1:
                result[k] = d
            elif d not in (1, result[k]):
                return False
    return True


def broadcast_shapes(*shapes: Shape | None) -> Shape | None:
    """The shape of operands broadcast together; None where a rank is unknown."""
    if not shapes or any(s is None for s in shapes):
        return None if shapes else ()
    result: Shape = ()
    for shape in shapes:
        assert shape is not None
        long, short = (result, shape) if len(result) >= len(shape) else (shape, result)
        lead = len(long) - len(short)
        result = long[:lead] + tuple(map(broadcast_dims, long[lead:], short))
    return result


def join(a: Type, b: Type) -> Type | None:
    """The least type that holds both; None where there is none.

    Dimensions that differ become fresh ones, ranks that differ an unknown rank, Python and NumPy scalars NumPy's.
    """
    if a == b or b == BOTTOM:
        return a
    if a == BOTTOM:
        return b
    match a, b:
        case ArrayType(), ArrayType():
            return _join_arrays(a, b)
        case ContainerType(), ContainerType() if a.cls is b.cls and a.keys == b.keys:
            items = tuple(map(join, a.items, b.items))
            return None if None in items else ContainerType(a.cls, a.keys, items)  # type: ignore[arg-type]
        case SequenceType(), SequenceType():
            item = join(a.item, b.item)
            item = item and all_items(item, *(t for t in (a.item, b.item) if t != BOTTOM))
            return item and SequenceType(item, a.length if a.length == b.length else new_dim("k"))
        case SliceType(), SliceType():
            return None
    return None


def _join_arrays(a: ArrayType, b: ArrayType) -> ArrayType:
    dtype = promote(a, b)
    size = a.size if a.size == b.size else None
    mixed: Kind = "numpy" if a.is_scalar and b.is_scalar else "any"
    kind = a.kind if a.kind == b.kind else mixed
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return ArrayType(dtype, None, "any", size)
    shape = tuple(m if m == n else new_dim("d") for m, n in zip(a.shape, b.shape, strict=True))
    return ArrayType(dtype, shape, kind, size)


def same_up_to_dims(a: Type, b: Type) -> bool:
    """Whether two types differ at most in the names of unknown dimensions: the fixed point of a loop is reached."""
    return _match_dims(a, b, {})


def _match_dims(a: Type, b: Type, renamed: dict[Dim, Dim]) -> bool:
    match a, b:
        case ArrayType(), ArrayType():
            if (a.dtype, a.kind, a.size is None) != (b.dtype, b.kind, b.size is None):
                return False
            if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
                return a.shape is None and b.shape is None
            pairs = zip(a.shape, b.shape, strict=True)
            return all(m == n if isinstance(m, int) else renamed.setdefault(m, n) == n for m, n in pairs)
        case ContainerType(), ContainerType():
            return (a.cls, a.keys) == (b.cls, b.keys) and all(
                _match_dims(m, n, renamed) for m, n in zip(a.items, b.items, strict=True)
            )
        case SequenceType(), SequenceType():
            return _match_dims(a.item, b.item, renamed)
    return a == b


def symbols(t: Type) -> set[Symbol]:
    """The symbols that a type speaks of."""
    dims: list[Dim] = []
    match t:
        case ArrayType():
            dims = [*(t.shape or ()), *(() if t.size is None else (t.size,))]
        case ContainerType():
            return set().union(*map(symbols, t.items))
        case SequenceType():
            return symbols(t.item) | symbols(ArrayType(shape=(t.length,)))
    return {symbol for d in dims if isinstance(d, Size) for symbol, _ in d.terms}


def substitute(t: Type, dims: Mapping[Symbol, Dim]) -> Type:
    """The type with symbols replaced."""
    match t:
        case ArrayType():
            shape = None if t.shape is None else tuple(_substitute_dim(d, dims) for d in t.shape)
            return ArrayType(t.dtype, shape, t.kind, None if t.size is None else _substitute_dim(t.size, dims))
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(substitute(i, dims) for i in t.items))
        case SequenceType():
            return SequenceType(substitute(t.item, dims), _substitute_dim(t.length, dims))
        case SliceType():
            parts = [None if p is None else substitute(p, dims) for p in (t.start, t.stop, t.step)]
            return SliceType(*parts)  # type: ignore[arg-type]
    return t


def one_item(t: Type) -> Type:
    """The type of one item of a list whose items may differ in their lengths."""
    return substitute(t, {s: new_dim(s.name, s.least) for s in symbols(t) if s.varies})


def all_items(t: Type, *items: Type, known: Collection[Symbol] | None = None) -> Type:
    """The type for all items of a list, joined from `items`: what differs, or is not `known` outside, varies."""
    same = set(symbols(t)) if known is None else set(known)
    for item in items:
        same &= symbols(item)
    return substitute(t, {s: new_dim(s.name, s.least, True) for s in symbols(t) if s not in same and not s.varies})


def _substitute_dim(d: Dim, dims: Mapping[Symbol, Dim]) -> Dim:
    if isinstance(d, int) or not any(s in dims for s, _ in d.terms):
        return d
    result: Dim = d.offset
    for symbol, c in d.terms:
        result = dim_sum(result, dim_scaled(dims.get(symbol, Size(frozenset({(symbol, 1)}))), c))
    return result
