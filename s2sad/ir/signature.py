"""Abstract signatures: the types of arguments, with equal dimensions as one symbol, and a key for each pattern.

    f(np.ones((3, 4)), np.ones(4), 2.0)  ->  float64[n1, n2], float64[n2], float     key "A<f8:n1,n2>A<f8:n2>float"

Two calls of one pattern share one compiled derivative. Lengths 0 and 1 stay what they are; all others are at least 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from s2sad.errors import NESTED, ArgumentError
from s2sad.ir.dims import (
    ANY_SIGN,
    CallLengths,
    Dim,
    Size,
    Symbol,
    as_symbol,
    derivation,
    least_value,
    new_dim,
    put_derived,
    renewed,
    roots,
    told_by,
    value_of,
)
from s2sad.ir.fingerprint import fingerprint, is_data
from s2sad.ir.object_names import is_spelled, object_name
from s2sad.ir.objects import object_items
from s2sad.ir.sparse_classes import is_sparse_class, is_spmatrix_class
from s2sad.ir.trees import parts
from s2sad.ir.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    STREAM,
    STREAMS,
    ArrayType,
    BottomType,
    ContainerType,
    HandleType,
    OpaqueType,
    SequenceType,
    SliceType,
    SparseType,
    StaticType,
    TableType,
    Type,
    integer,
    is_active_type,
    is_namedtuple,
)
from s2sad.ir.values import Value, int_text

PYTHON_TYPES = {bool: BOOL, float: FLOAT, complex: COMPLEX}


PLAIN_ARRAYS = (np.ndarray, np.memmap)
"""Arrays that mean what NumPy's operators mean; a matrix or masked array has others."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the emitted function; `value` is None for one that is static. `default` is Python text."""

    name: str
    value: Value | None
    default: str | None = None
    keyword_only: bool = False


class Signature:
    """Collects the types of arguments, one after the other; `dims` maps lengths to symbols.

    Where `call` is given, what is compiled may ask the lengths of these arguments, and notes what it used.
    """

    def __init__(self, call: CallLengths | None = None) -> None:
        self.call = call
        self.outer: CallLengths | None = None
        """What notes facts of the lengths that the symbols stand for."""
        # Two arguments of one length get one symbol, so that the program is for lengths that are equal.
        self.dims: dict[Dim, Dim] = {0: 0, 1: 1}
        self.names: dict[Symbol, str] = {}
        self.numbers: dict[Symbol, Dim] = {}
        """The integers that are no lengths of arguments: the symbol of each, and what it is."""

    def dim(self, d: Dim) -> Dim:
        """The symbol of a length; one that may be 1 by a symbolic computation stays doubtful."""
        if d not in self.dims:
            # 0 and 1 are lengths of their own, as they decide what is broadcast; of any other length it is known that
            # it is 2 or more and nothing else, so that one program serves all of them
            least = 2 if isinstance(d, int) else min(2, least_value(d))
            varies = isinstance(d, Size) and any(s.varies for s, _ in d.terms)
            new = new_dim(f"n{len(self.dims) - 1}", least, varies)
            self.dims[d] = new
            self.names.update((s, s.name) for s, _ in new.terms)
            self.tell(new, d)
        return self.dims[d]

    def tell(self, new: Size, d: Dim) -> None:
        """Have the call say what a new symbol is, if it says what it stands for."""
        value = value_of(d)
        if self.call is None or value is None:
            return
        if isinstance(d, Size):
            calls = {s.call for s, _ in d.terms}
            self.outer = self.outer or next(iter(calls))
            # a fact is noted in one place: lengths of another call are not compared with those of this one
            if calls != {self.outer}:
                return
        for s, _ in new.terms:
            told_by(s, value, self.call)

    def type_of(self, value: object) -> Type:
        """The abstract type of an argument.

        Raises:
            ArgumentError: it holds itself.
        """
        try:
            return self._type_of(value)
        except RecursionError:
            raise ArgumentError(NESTED) from None

    def _type_of(self, value: object) -> Type:
        cls = type(value)
        if cls is HandleType:
            return value  # type: ignore[return-value]
        if cls in STREAMS:
            return STREAM
        # By the class itself: a subclass of float is an object of the user's, which may do otherwise.
        if cls in PYTHON_TYPES:
            return PYTHON_TYPES[cls]
        if is_sparse_class(cls) and len(value.shape) == 2:  # type: ignore[attr-defined]
            m, n = map(self.dim, value.shape)  # type: ignore[attr-defined]
            count = self.dim(value.nnz)  # type: ignore[attr-defined]
            return SparseType(value.dtype, (m, n), count, value.format, is_spmatrix_class(cls))  # type: ignore[attr-defined]
        if cls is int:
            return integer()
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufc" or cls not in PLAIN_ARRAYS:
                return StaticType(value)
            # whatever order its bytes have: what is computed with it has that of the machine
            dtype = value.dtype.newbyteorder("=")
            return ArrayType(dtype, tuple(map(self.dim, value.shape)), "array")
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return ArrayType(value.dtype, (), "numpy")
        found = parts(value)
        if found is not None:
            own, keys, items = found
            return ContainerType(own, keys, tuple(map(self._type_of, items)))
        return StaticType(value)

    def canonical(self, t: Type) -> Type:
        """A type of another function's signature in this one's symbols."""
        match t:
            case ArrayType():
                shape = None if t.shape is None else tuple(map(self.dim, t.shape))
                size = self.number(t.size) if isinstance(t.size, Size) else None
                return replace(t, shape=shape, size=size)
            case ContainerType():
                return ContainerType(t.cls, t.keys, tuple(map(self.canonical, t.items)))
            case SequenceType():
                return SequenceType(self.canonical(t.item), new_dim("k"))
            case SparseType():
                m, n = map(self.dim, t.dims)
                return replace(t, dims=(m, n), count=self.dim(t.count))
        return t

    def number(self, d: Size) -> Dim | None:
        """The symbol of an integer: that of the length that it is, or one of its own if the call says what it is."""
        if d in self.dims or self.call is None or value_of(d) is None:
            return self.dims.get(d)
        # each has a symbol that nothing else has: a key says nothing of it, and no two are known to be equal
        new = new_dim(f"i{len(self.numbers) + 1}", ANY_SIGN)
        self.numbers.update((s, d) for s, _ in new.terms)
        self.tell(new, d)
        return new

    def parameter(self, t: Type) -> Type:
        """A type in this one's symbols, an integer that is known with its value."""
        return t if isinstance(t.size, int) else self.canonical(t)

    def back(self) -> Mapping[Symbol, Dim]:
        """The symbols of this signature by what they stand for."""
        return self.numbers | {s: d for d, n in self.dims.items() if isinstance(n, Size) for s, _ in n.terms}


def related(own: Iterable[Type], given: Iterable[Type]) -> dict[Symbol, Dim]:
    """What the symbols in the types of parameters stand for where types of the same patterns are given for them."""
    table: dict[Symbol, Dim] = {}
    for t, g in zip(own, given, strict=True):
        match t, g:
            case ArrayType(), ArrayType():
                pairs = [*zip(t.shape or (), g.shape or (), strict=False), (t.size, g.size)]
                for d, e in pairs:
                    # Only a symbol alone says what it stands for: `n - 2` would have to be solved.
                    symbol = as_symbol(d)
                    if symbol is not None and e is not None:
                        table.setdefault(symbol, e)
            case ContainerType(), ContainerType():
                table = related(t.items, g.items) | table
            case SequenceType(), SequenceType():
                table = related([t.item, ArrayType(shape=(t.length,))], [g.item, ArrayType(shape=(g.length,))]) | table
            case SparseType(), SparseType():
                table = related([ArrayType(shape=(*t.dims, t.count))], [ArrayType(shape=(*g.dims, g.count))]) | table
    return table


def with_inner(found: Collection[Symbol], table: Mapping[Symbol, Dim]) -> dict[Symbol, Dim]:
    """What symbols of a callee stand for in its caller: those that are not in `table` are known to the callee alone."""
    made = dict(table)
    for s in sorted(found - table.keys(), key=repr):
        # what is derived of the lengths of the parameters is derived of those of the arguments
        derived = derivation(s)[0] and roots(s) <= table.keys()
        made[s] = put_derived(Size(frozenset({(s, 1)})), table) if derived else renewed(s)
    for s in made.keys() - table.keys():
        own = as_symbol(made[s])
        if own is not None and s.most is not None:
            own.most = put_derived(s.most, made)
    return made


def key_of(t: Type, names: dict[Symbol, str] | None = None) -> str:
    """A text that is equal for types of one pattern."""
    match t:
        case ArrayType():
            dtype = "?" if t.dtype is None else t.dtype.str
            if t.kind == "python":
                # an integer that may be any is one of which nothing is known
                size = "" if t.size is None or _is_any(t.size) else _size_key(t.size)
                return f"{dtype[1:2]}{size}"
            shape = "..." if t.shape is None else ",".join(map(str, t.shape))
            doubt = "~" if t.doubtful else ""
            return f"{t.kind[0]}<{doubt}{dtype}:{shape}{'' if t.size is None else f'={t.size}'}>"
        case ContainerType():
            items = ";".join(f"{_key_key(k)}:{key_of(i)}" for k, i in zip(t.keys, t.items, strict=True))
            return f"{t.cls.__module__}.{t.cls.__qualname__}({items})"
        case SequenceType():
            return f"list<{key_of(t.item)}>"
        case TableType():
            return f"table<{key_of(t.key)}>"
        case StaticType():
            return f"static<{static_key(t.value)}>"
        case SliceType():
            return repr(t)
        case SparseType():
            kind = "matrix" if t.is_spmatrix else "array"
            return f"{t.format}_{kind}<{t.numbers.str}:{','.join(map(str, (*t.dims, t.count)))}>"
        case OpaqueType():
            return f"opaque<{t.name}>"
        case BottomType():
            return "bottom"
    raise TypeError(t)


def _is_any(size: Dim) -> bool:
    symbol = as_symbol(size)
    return symbol is not None and symbol.least == ANY_SIGN


def _size_key(size: Dim) -> str:
    return int_text(size) if isinstance(size, int) else str(size)


def _key_key(key: object) -> str:
    """A text for the key of a dict: of an object its name, which nothing that it says of itself can change."""
    if type(key) is int:
        return int_text(key)
    return repr(key) if is_spelled(key, as_key=True) else object_name(key)


def static_key(value: object) -> str:
    """A text for a static value: its fingerprint; its class where it has none, as it is one of the roots then."""
    return fingerprint(value) or f"{type(value).__module__}.{type(value).__qualname__}"


def instant_key(value: object) -> object:
    """What tells a static value apart in this process, hashable: of what has no fingerprint its identity."""
    cls = type(value)
    if cls is str or cls is bytes or value is None:
        return value
    return (fingerprint(value) if is_data(value) else None) or (cls, id(value))


STATIC = "static"
"""What stands in a key for a static value."""


def fast_key(args: Sequence[object], dims: dict[int, int], statics: list[object]) -> object:
    """A hashable key of the pattern of arguments, without building types.

    `dims` are the numbers of the lengths; the static values among the arguments are added to `statics`, and the classes
    of objects and named tuples.

    Raises:
        ArgumentError: an argument holds itself.
    """
    try:
        return tuple([_fast(a, dims, statics) for a in args])
    except RecursionError:
        raise ArgumentError(NESTED) from None


def _fast(a: Any, dims: dict[int, int], statics: list[object]) -> object:
    cls = type(a)
    # the order is that of how often they are met: this runs at each call of a derivative
    if cls is float or cls is int or cls is bool or cls is complex:
        return cls
    if cls is np.ndarray:
        if a.dtype.kind not in "biufc":
            statics.append(a)
            return STATIC
        shape = a.shape
        if len(shape) == 1:
            n = shape[0]
            return (a.dtype, n if n < 2 else -1 - dims.setdefault(n, len(dims)))
        # negative for a length by its number, so that it is not taken for the lengths 0 and 1
        return (a.dtype, *[n if n < 2 else -1 - dims.setdefault(n, len(dims)) for n in shape], None)
    if cls is tuple or cls is list:
        return (cls, *[_fast(x, dims, statics) for x in a])
    if cls is str or a is None:
        statics.append(a)
        return STATIC
    # the classes of the keys too: 1 and True are one key of a dict, and two programs
    if isinstance(a, dict):
        return (cls, *[(type(k), k) for k in a], *[_fast(x, dims, statics) for x in a.values()])
    if isinstance(a, np.generic) and a.dtype.kind in "biufc":
        return cls
    if cls in PLAIN_ARRAYS and a.dtype.kind in "biufc":
        return (cls, a.dtype, tuple(n if n < 2 else -1 - dims.setdefault(n, len(dims)) for n in a.shape))
    if is_namedtuple(cls):
        statics.append(cls)
        return (cls, *[_fast(x, dims, statics) for x in a])
    if cls is HandleType:
        return a.value
    if cls in STREAMS:
        return STREAM
    if is_sparse_class(cls) and len(a.shape) == 2:
        return (cls, a.dtype, *[n if n < 2 else -1 - dims.setdefault(n, len(dims)) for n in (*a.shape, a.nnz)])
    attributes = object_items(a)
    if attributes is not None:
        statics.append(cls)
        return (cls, *attributes, *[_fast(v, dims, statics) for v in attributes.values()])
    statics.append(a)
    return STATIC


def mismatch(given: Type, wanted: Type) -> str:
    """What keeps a value of one type from being a tangent of another; empty where nothing does."""
    if isinstance(wanted, ContainerType):
        if not isinstance(given, ContainerType) or given.cls is not wanted.cls or given.keys != wanted.keys:
            return f"{given} for {wanted}"
        return next(filter(None, map(mismatch, given.items, wanted.items)), "")
    if not is_active_type(wanted) or not isinstance(wanted, ArrayType):
        return ""
    if not isinstance(given, ArrayType) or given.shape != wanted.shape or given.dtype is None:
        return f"{given} for {wanted}"
    complex_for_real = given.dtype.kind == "c" and wanted.dtype is not None and wanted.dtype.kind != "c"
    return f"{given} for {wanted}" if complex_for_real else ""
