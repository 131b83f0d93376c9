"""The types of values: what a signature says about an argument, and what a type rule says about a result.

    ArrayType       a Python or NumPy scalar, or an array: dtype, symbolic shape, and which of these it is
    ContainerType   tuple, list, dict, NamedTuple or dataclass, each item with its own type
    SequenceType    a list of run-time length, all items of one type (what a loop collects)
    TableType       a dict of run time: for each key the place of its item in a list
    SliceType       a slice in an index
    StaticType      anything known at compile time that is no number: None, a string, a dtype, a function
    HandleType      an object outside the function that takes values
    SparseType      a sparse matrix of SciPy
    OpaqueType      the residuals of a recursive function, known by its name alone
    BottomType      the result of a call that is still being lowered (recursion); joins to the other side

Dimensions are integers or linear expressions over symbols (`n - 2`), so two slices cut alike have one length. An
unknown rank is `shape=None`. An unknown is always sound: it costs a run-time helper and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from s2sad.ir.call_lengths import equal
from s2sad.ir.dims import Dim, Shape, Size, Symbol, is_known, may_be_negative, new_dim, substitute_dim

Kind: TypeAlias = Literal["python", "numpy", "either", "array", "any"]


class Type:
    """The base class of all types. What is asked of numbers and containers can be asked of every type.

    Where the type is another, the answer is neutral: False, None or (). So `t.rank == 1` and `t.cls is dict` need no
    question before them; but `dtype`, `shape` and `rank` are None for an array of which they are not known, too.
    """

    __slots__ = ()

    @property
    def is_numeric(self) -> bool:
        """A number, or an array of numbers."""
        return False

    @property
    def is_scalar(self) -> bool:
        """A Python or NumPy scalar: immutable, without a shape."""
        return False

    @property
    def is_array(self) -> bool:
        """An `ndarray`, or what may be one."""
        return self.is_numeric and not self.is_scalar

    @property
    def is_complex(self) -> bool:
        """Whether it is known to hold complex numbers."""
        return False

    @property
    def is_inexact(self) -> bool:
        """Whether it is a number or an array that has derivatives: float or complex, or not known."""
        return False

    @property
    def is_integer(self) -> bool:
        """Whether it is known to hold integers; a bool is none."""
        return False

    @property
    def is_mask(self) -> bool:
        """Whether it is known to hold truth values: as an index, what is to be taken."""
        return False

    @property
    def rank(self) -> int | None:
        """The number of axes, where it is known."""
        return None

    @property
    def dtype(self) -> np.dtype[np.generic] | None:
        """What the elements are, where it is known."""
        return None

    @property
    def shape(self) -> Shape | None:
        """The lengths of the axes, where the rank is known."""
        return None

    @property
    def kind(self) -> Kind | None:
        """Which numbers or arrays these are."""
        return None

    @property
    def size(self) -> Dim | None:
        """The symbolic value of an integer, where it is known."""
        return None

    @property
    def doubtful(self) -> bool:
        """Whether the precision of its numbers is not known, if the dtype is."""
        return False

    @property
    def in_doubt(self) -> bool:
        """Whether it leaves open of which dtype a number is, or whether it is one of Python's."""
        return False

    @property
    def is_container(self) -> bool:
        """A tuple, list, dict, NamedTuple or dataclass whose items are known one by one."""
        return False

    @property
    def is_sequence(self) -> bool:
        """A list of run-time length."""
        return False

    @property
    def is_table(self) -> bool:
        """A dict of run time, from keys to places."""
        return False

    @property
    def is_static(self) -> bool:
        """Known at compile time, and no number."""
        return False

    @property
    def cls(self) -> type | None:
        """The class of a container."""
        return None

    @property
    def keys(self) -> tuple[object, ...]:
        """The indices, dict keys or field names of a container."""
        return ()

    @property
    def items(self) -> tuple[Type, ...]:
        """The types of the items of a container."""
        return ()

    def __getitem__(self, key: object) -> Type:
        """The type of one item of a container; whoever asks for it knows that there is one."""
        raise TypeError(f"{self} has no items")


def _default_dtype() -> np.dtype[np.generic]:
    return np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class ArrayType(Type):
    """A number or an array of numbers.

    `kind` is "python" for int, float, bool, complex (weak in promotion), "numpy" for NumPy scalars, "either" for what
    is a NumPy scalar of that dtype or a Python number of its kind, "array" for `ndarray`, "any" where it is not known.
    `dtype` None: unknown. `shape` None: unknown rank. `size` is the symbolic value of an integer scalar, where it is
    known. `doubtful`: the dtype may be a narrower or wider one of its kind.
    """

    dtype: np.dtype[np.generic] | None = field(default_factory=_default_dtype)
    shape: Shape | None = ()
    kind: Kind = "python"
    size: Dim | None = None
    doubtful: bool = False

    def __eq__(self, other: object) -> bool:
        # None equals the dtype float64 for NumPy
        if not isinstance(other, ArrayType) or (self.dtype is None) is not (other.dtype is None):
            return False
        mine = (self.dtype, self.shape, self.kind, self.size, self.doubtful)
        return mine == (other.dtype, other.shape, other.kind, other.size, other.doubtful)

    @property
    def is_numeric(self) -> bool:
        return True

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
        return self.kind in ("python", "numpy", "either")

    @property
    def is_inexact(self) -> bool:
        """Whether it has derivatives: float or complex, or not known."""
        return self.dtype is None or self.dtype.kind in "fc"

    @property
    def is_integer(self) -> bool:
        return self.dtype is not None and self.dtype.kind in "iu"

    @property
    def is_mask(self) -> bool:
        return self.dtype is not None and self.dtype.kind == "b"

    @property
    def in_doubt(self) -> bool:
        unknown = self.kind == "any" and not self.shape and self.dtype is not None
        return self.doubtful or self.kind == "either" or unknown

    def __repr__(self) -> str:
        name = "number" if self.dtype is None else self.dtype.name
        if self.is_scalar:
            known = is_known(self.size) or not may_be_negative(self.size)
            value = f"={self.size}" if known else ""
            return (name.rstrip("0123456789") if self.kind == "python" else name) + value
        shape = "..." if self.shape is None else ", ".join(map(str, self.shape))
        return f"{name}[{shape}]"


@dataclass(frozen=True, slots=True)
class ContainerType(Type):
    """A tuple, list, dict, NamedTuple or dataclass. `keys` are indices, dict keys or field names."""

    cls: type = field()  # not `cls: type`: `dataclass` would take the property of the base class for a default
    keys: tuple[object, ...] = field()
    items: tuple[Type, ...] = field()
    in_doubt: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # once: each item that is taken out of a long list asks for it
        object.__setattr__(self, "in_doubt", any([t.in_doubt for t in self.items]))

    @property
    def is_container(self) -> bool:
        return True

    def __getitem__(self, key: object) -> Type:
        return self.items[self.keys.index(key)]

    def __repr__(self) -> str:
        if self.cls in (tuple, list):
            return f"{self.cls.__name__}[{', '.join(map(repr, self.items))}]"
        names = [k if isinstance(k, str) and k.isidentifier() else _shown(k) for k in self.keys]
        return f"{self.cls.__name__}[{', '.join(f'{k}: {t}' for k, t in zip(names, self.items, strict=True))}]"


def tuple_type(*items: Type) -> ContainerType:
    return ContainerType(tuple, tuple(range(len(items))), items)


@dataclass(frozen=True, slots=True)
class SequenceType(Type):
    """A list of run-time length whose items have one type."""

    item: Type
    length: Dim

    @property
    def in_doubt(self) -> bool:
        return self.item.in_doubt

    @property
    def is_sequence(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"list[{self.item}; {self.length}]"


@dataclass(frozen=True, slots=True)
class TableType(Type):
    """A dict of run time: for each key, all of one type, the place of its item in a list."""

    key: Type

    @property
    def is_table(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"table[{self.key}]"


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

    @property
    def is_static(self) -> bool:
        return True

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
        text = str(getattr(self.value, "__name__", None) or _shown(self.value))
        # the text of a table is no name of it
        return text if text.isprintable() else f"a {type(self.value).__name__}"


def _shown(value: object) -> str:
    """A value for people: an integer of many digits by their number."""
    if type(value) is int and value.bit_length() > 12_000:
        return f"an integer of {value.bit_length()} bits"
    try:
        return repr(value)
    except Exception:  # that of a user's class may do anything
        return f"a {type(value).__name__}"


@dataclass(frozen=True, slots=True, eq=False)
class HandleType(StaticType):
    """An object outside the function, as it is: what it holds when it runs is not known, `value` says its class."""

    def __repr__(self) -> str:
        return f"handle {self.value}"


@dataclass(frozen=True, slots=True)
class OpaqueType(Type):
    """What nobody looks into: an object of a library, a text made at run time."""

    name: str

    def __str__(self) -> str:
        return f"a value ({self.name})"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class KeptType(OpaqueType):
    """The residuals of the function `name`; what they hold is that function's own business."""


@dataclass(frozen=True, slots=True)
class SparseType(Type):
    """A sparse matrix of SciPy, as an object: what moves are its numbers, which are an array beside it."""

    numbers: np.dtype[np.generic]
    dims: tuple[Dim, Dim]
    count: Dim
    """How many numbers it stores."""
    format: str | None
    """As SciPy names it; None where it may be one or another."""
    is_spmatrix: bool = False
    """Whether `*` is the product of matrices, as for `csr_matrix`."""

    def __str__(self) -> str:
        return f"a sparse {'matrix' if self.is_spmatrix else 'array'} of {self.numbers}"


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
STREAM = OpaqueType("a generator of random numbers")
STREAMS = (np.random.Generator, np.random.RandomState)
"""The classes of generators of random numbers."""
ELLIPSIS = StaticType(Ellipsis)

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
        return ArrayType(value.dtype.newbyteorder("="), value.shape, "array")
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


def same_dtype(a: np.dtype[np.generic] | None, b: np.dtype[np.generic] | None) -> bool:
    """Whether two dtypes are one, or both unknown: NumPy takes None for float64."""
    return (a is None) is (b is None) and a == b


def promote(*types: ArrayType) -> np.dtype[np.generic] | None:
    """NumPy's result dtype, Python scalars weak (NEP 50)."""
    weak: list[object] = []
    for t in types:
        if t.dtype is None:
            return None
        weak.append({"b": False, "i": 0, "f": 0.0, "c": 0j}[t.dtype.kind] if t.kind == "python" else t.dtype)
    # the common case, without NumPy's promotion, which is slow
    first = types[0].dtype
    if all(t.kind == types[0].kind and t.dtype is first for t in types):
        return first
    return np.result_type(*weak)  # type: ignore[arg-type]


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


def surely_fits(t: Type, place: Shape | None) -> bool:
    """Whether what is stored at a place of that shape is known to be broadcast to it, or nothing is known of them."""
    if t.shape is None or place is None:
        return True
    lead = len(t.shape) - len(place)
    if lead > 0 and any(d != 1 for d in t.shape[:lead]):
        return False
    return all(m in (1, n) for m, n in zip(reversed(t.shape), reversed(place), strict=False))


def join(a: Type, b: Type) -> Type | None:
    """The least type that holds both; None where there is none.

    Dimensions that differ become fresh ones, ranks that differ an unknown rank, Python and NumPy scalars NumPy's.
    """
    # BOTTOM is the unit of the join, so that a recursive call takes its type from the other branches
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
            # the item of an empty list is BOTTOM: it speaks of no dimension, and would make all of them vary
            item = item and all_items(item, *(t for t in (a.item, b.item) if t != BOTTOM))
            return item and SequenceType(item, a.length if a.length == b.length else new_dim("k"))
        case TableType(), TableType():
            key = join(a.key, b.key)
            return key and TableType(key)
        case SparseType(), SparseType() if a.is_spmatrix == b.is_spmatrix:
            own, other = (*a.dims, a.count), (*b.dims, b.count)
            m, n, k = (d if equal(d, e) else new_dim("d") for d, e in zip(own, other, strict=True))
            numbers = np.result_type(a.numbers, b.numbers)
            return SparseType(numbers, (m, n), k, a.format if a.format == b.format else None, a.is_spmatrix)
        case SliceType(), SliceType():
            return None
    return None


def _join_arrays(a: ArrayType, b: ArrayType) -> ArrayType:
    dtype = promote(a, b)
    doubtful = a.doubtful or b.doubtful or _is_no_one_dtype(dtype, a, b)
    size = a.size if a.size == b.size else None
    # A scalar and an array have no kind in common but the unknown one, which costs a question at run time.
    mixed: Kind = "either" if a.is_scalar and b.is_scalar else "any"
    kind = a.kind if a.kind == b.kind else mixed
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return ArrayType(dtype, None, "any", size, doubtful)
    shape = tuple(n if equal(m, n) else new_dim("d") for m, n in zip(a.shape, b.shape, strict=True))
    return ArrayType(dtype, shape, kind, size, doubtful)


def _is_no_one_dtype(dtype: np.dtype[np.generic] | None, a: ArrayType, b: ArrayType) -> bool:
    """Whether what is one of the two may have another dtype than both promoted: what is computed with it then has, too.

    Of Python's numbers "either" says enough; an integer counts as a float beside those.
    """
    inexact = dtype is not None and dtype.kind in "fc"
    return inexact and any(t.kind != "python" and t.dtype != dtype for t in (a, b))


def same_up_to_dims(a: Type, b: Type) -> bool:
    """Whether two types differ at most in the names of unknown dimensions: the fixed point of a loop is reached."""
    return _match_dims(a, b, {})


def _match_dims(a: Type, b: Type, renamed: dict[Dim, Dim]) -> bool:
    match a, b:
        case ArrayType(), ArrayType():
            if (a.dtype, a.kind, a.doubtful, a.size is None) != (b.dtype, b.kind, b.doubtful, b.size is None):
                return False
            if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
                return a.shape is None and b.shape is None
            pairs = zip(a.shape, b.shape, strict=True)
            # one renaming for the whole type: dimensions that were equal must be equal still
            return all(m == n if is_known(m) else renamed.setdefault(m, n) == n for m, n in pairs)
        case ContainerType(), ContainerType():
            return (a.cls, a.keys) == (b.cls, b.keys) and all(
                _match_dims(m, n, renamed) for m, n in zip(a.items, b.items, strict=True)
            )
        case SequenceType(), SequenceType():
            return _match_dims(a.item, b.item, renamed)
        case SparseType(), SparseType():
            alike = a == replace(b, dims=a.dims, count=a.count)
            own, other = (ArrayType(a.numbers, (*t.dims, t.count)) for t in (a, b))
            return alike and _match_dims(own, other, renamed)
    return a == b


def symbols(t: Type) -> set[Symbol]:
    """The symbols that a type speaks of."""
    dims: list[Dim] = []
    match t:
        case ArrayType():
            dims = [*(t.shape or ()), *(() if t.size is None else (t.size,))]
        case SparseType():
            dims = [*t.dims, t.count]
        case ContainerType():
            return set().union(*map(symbols, t.items))
        case SequenceType():
            return symbols(t.item) | symbols(ArrayType(shape=(t.length,)))
    return {symbol for d in dims if isinstance(d, Size) for symbol, _ in d.terms}


def substitute(t: Type, dims: Mapping[Symbol, Dim]) -> Type:
    """The type with symbols replaced."""
    match t:
        case ArrayType():
            shape = None if t.shape is None else tuple(substitute_dim(d, dims) for d in t.shape)
            return replace(t, shape=shape, size=None if t.size is None else substitute_dim(t.size, dims))
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(substitute(i, dims) for i in t.items))
        case SequenceType():
            return SequenceType(substitute(t.item, dims), substitute_dim(t.length, dims))
        case SliceType():
            parts = [None if p is None else substitute(p, dims) for p in (t.start, t.stop, t.step)]
            return SliceType(*parts)  # type: ignore[arg-type]
        case SparseType():
            m, n = (substitute_dim(d, dims) for d in t.dims)
            return replace(t, dims=(m, n), count=substitute_dim(t.count, dims))
    return t


def type_at(t: Type, path: Iterable[object]) -> Type:
    """The type of an item of a container at a path."""
    for key in path:
        t = t[key]
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
