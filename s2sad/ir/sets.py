"""Sets of places, and arrays of them by number: what a program of patterns computes with, in the place of tangents.

    union(x, y)           at each place what the numbers of x and of y there depend on
    union_along(x, 0)     what a sum along an axis depends on
    through("np.diff", (True,), x)      any linear operation, done on objects that note what is added to what
    everywhere(y, x)      each number of y depends on all that x does

A set is a number: 0 is empty, `1 + j` holds the place j alone, others stand in a table. So an array of sets is an array
of numbers, and whatever moves elements (slices, stores, reshapes, lists, loops) does that as it is, on the numbers.

Index domains: Griewank & Walther, Evaluating Derivatives (2008), section 7.1. The functions are called by emitted
modules, while `counting` gives them a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.late import load_late
from s2sad.ir.primitive import PRIMITIVES
from s2sad.ir.probing import reached

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.int64]"
Sets: TypeAlias = Any
"""An array of sets, a number for one, or a container of these."""

NUMBERS = (float, np.float64)
"""The classes of numbers that hold any set exactly."""
MOST_PLACES = 4_000_000
"""How many objects an operation is done on, and how many of them are looked at behind it: more take too long."""

MOST_PAIRS = 10_000_000
"""How many pairs of numbers of a result and of an operand are looked for by calling an operation."""
MOST_NUMBERS = 1_000_000_000
"""How many numbers a pattern may have, which is 8 GB."""


class Table:
    """What each set holds. A union of two is taken apart where it is read: a sum in a loop makes many."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.columns: Integers = np.arange(max(count, 1), dtype=np.int64)
        self.used = count
        self.starts: Integers = np.arange(-1, count, dtype=np.int64)
        self.lengths: Integers = np.ones(count + 1, dtype=np.int64)
        self.starts[0] = self.lengths[0] = 0
        self.sets = count + 1
        self.pairs: dict[tuple[int, int], int] = {}
        self.by_numbers = False
        """Whether the numbers of an operand decided, though its shape alone should."""
        self.asks_numbers = True
        """Whether they may: not where they are drawn at random."""
        self.parts: dict[int, tuple[int, int]] = {}
        """The sets that are the union of two others, as long as nobody asked what they hold."""

    def pair(self, a: int, b: int) -> int:
        """The union of two sets."""
        if a == b or not b:
            return a
        if not a:
            return b
        key = (a, b) if a < b else (b, a)
        found = self.pairs.get(key)
        if found is None:
            found = self.pairs[key] = self.new(1)
            self.parts[found] = key
        return found

    def new(self, count: int) -> int:
        """Make room for so many sets; the number of the first."""
        first, self.sets = self.sets, self.sets + count
        if self.sets > len(self.starts):
            more = max(self.sets, 2 * len(self.starts)) - len(self.starts)
            self.starts = np.concatenate([self.starts, np.zeros(more, dtype=np.int64)])
            self.lengths = np.concatenate([self.lengths, np.zeros(more, dtype=np.int64)])
        return first

    def store(self, first: int, lengths: Integers, columns: Integers) -> None:
        """Say what the sets from a number on hold, one after the other."""
        last = first + len(lengths)
        self.starts[first:last] = self.used + np.cumsum(lengths) - lengths
        self.lengths[first:last] = lengths
        self.put(columns)

    def put(self, columns: Integers) -> None:
        """Append places to those that sets hold."""
        end = self.used + len(columns)
        if end > len(self.columns):
            grown = np.empty(max(end, 2 * len(self.columns)), dtype=np.int64)
            grown[: self.used] = self.columns[: self.used]
            self.columns = grown
        self.columns[self.used : end] = columns
        self.used = end

    def settle(self, sets: Integers) -> None:
        """Have it known what sets hold that are unions of two."""
        if not self.parts:
            return
        found = {s: self._places(s) for s in _distinct(sets).tolist() if s in self.parts}
        at = self.used
        for s, columns in found.items():
            del self.parts[s]
            self.starts[s], self.lengths[s] = at, len(columns)
            at += len(columns)
        self.put(np.array([c for columns in found.values() for c in columns], dtype=np.int64))

    def _places(self, s: int) -> list[int]:
        """What a union of two holds."""
        # down to what is known: the parts were made before, so that there is no circle
        waiting, met = [s], {s}
        columns: set[int] = set()
        while waiting:
            for part in self.parts[waiting.pop()]:
                if part in met:
                    continue
                met.add(part)
                if part in self.parts:
                    waiting.append(part)
                elif part <= self.count:
                    columns.add(part - 1)
                else:
                    columns.update(self.columns[self.starts[part] : self.starts[part] + self.lengths[part]].tolist())
        return sorted(columns)

    def expanded(self, sets: Integers) -> tuple[Integers, Integers]:
        """How many places each of some sets holds, and these one after the other."""
        self.settle(sets)
        lengths = self.lengths[sets]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        if total > MOST_NUMBERS:
            what = f"a pattern of {total:.1e} numbers, which is not sparse"
            raise UnsupportedType(what, "take products with s2sad.jvp, s2sad.vjp or s2sad.hvp")
        where = np.arange(total) + np.repeat(self.starts[sets] - (ends - lengths), lengths)
        return lengths, self.columns[where]

    def joined(self, groups: Integers, sets: Integers, count: int) -> Integers:
        """The union of the sets of each group: `groups[k]` says to which of `count` groups `sets[k]` belongs."""
        # each set once in a group, and the empty ones not at all
        keys = _distinct(groups[sets > 0] * self.sets + sets[sets > 0])
        groups, sets = keys // self.sets, keys % self.sets
        result: Integers = np.zeros(count, dtype=np.int64)
        result[groups] = sets  # right where a group has one
        several = np.bincount(groups, minlength=count) > 1
        if not several.any():
            return result
        chosen = several[groups]
        number: Integers = np.cumsum(several) - 1
        lengths, columns = self.expanded(sets[chosen])
        rows = np.repeat(number[groups[chosen]], lengths)
        keys = _distinct(rows * self.count + columns)
        many = int(number[-1]) + 1
        first = self.new(many)
        self.store(first, np.bincount(keys // self.count, minlength=many), keys % self.count)
        result[several] = first + np.arange(many)
        return result


def _distinct(numbers: Integers) -> Integers:
    """The numbers in ascending order, each once."""
    ordered = np.sort(numbers, axis=None)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


_TABLE: ContextVar[Table] = ContextVar("sets")


@contextmanager
def counting(count: int) -> Iterator[Table]:
    """A table of sets of so many places, for what is called inside."""
    token = _TABLE.set(Table(count))
    try:
        yield _TABLE.get()
    finally:
        _TABLE.reset(token)


def numbers_of(sets: Sets) -> Integers:
    """The numbers of an array of sets, which may have been stored in arrays of any precision.

    Raises:
        UnsupportedType: it has not the precision for numbers as large.
    """
    given = np.asarray(sets)
    found = given.real if given.dtype.kind == "c" else given
    if found.dtype.kind == "f" and found.dtype.itemsize < 8 and found.size:
        exact = 2.0 ** (np.finfo(found.dtype).nmant + 1)
        if not float(found.max()) < exact:
            what = f"a pattern of more than {exact:.0f} sets in arrays of {given.dtype}"
            raise UnsupportedType(what, "pass arguments in double precision")
    return found.astype(np.int64)


def union(*arrays: Sets, over: int = 0) -> Sets:
    """The unions of sets, place by place. Of the last arrays, `over` in number, the shapes alone count."""
    sets = arrays[: len(arrays) - over]
    table = _TABLE.get()
    if all(type(a) in NUMBERS or np.ndim(a) == 0 for a in arrays):
        number = 0
        for s in sets:
            number = table.pair(number, int(s) if type(s) in NUMBERS else int(numbers_of(s)))
        return np.float64(number)
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    first, *others = (np.broadcast_to(numbers_of(s), shape).ravel() for s in sets)
    for other in others:
        # most places have the same set twice, or an empty one
        differ = np.flatnonzero((first != other) & (first > 0) & (other > 0))
        found = np.maximum(first, other)
        if len(differ):
            pairs, where = np.unique(first[differ] * table.sets + other[differ], return_inverse=True)
            both = np.stack([pairs // table.sets, pairs % table.sets], axis=1).ravel()
            found[differ] = table.joined(np.repeat(np.arange(len(pairs)), 2), both, len(pairs))[where]
        first = found
    return first.reshape(shape).astype(np.float64)


def union_along(sets: Sets, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Sets:
    """The union of the sets along an axis, several, or all."""
    given = numbers_of(sets)
    axes = tuple(range(given.ndim)) if axis is None else axis
    shape = np.empty(given.shape, dtype=np.bool).sum(axis=axes, keepdims=True).shape
    count = int(np.prod(shape))
    groups = np.broadcast_to(np.arange(count).reshape(shape), given.shape)
    found = _TABLE.get().joined(groups.ravel(), given.ravel(), count).reshape(shape).astype(np.float64)
    return found if keepdims else np.squeeze(found, axis=axes)[()]


def product(a: Any, b: Any, left: bool) -> Sets:
    """What `a @ b` depends on, where `a`, the `left` one, or else `b` has sets, and the other one numbers."""
    x, (m, n) = np.asarray(a if left else b), (np.shape(a), np.shape(b))
    found = np.asarray(union_along(x, -1 if left or x.ndim == 1 else -2))
    if len(m) > 1 and len(n) > 1:
        found = np.expand_dims(found, -1 if left else -2)
    shape = (*np.broadcast_shapes(m[:-2], n[:-2]), *m[-2:-1], *(n[-1:] if len(n) > 1 else ()))
    return np.broadcast_to(found, shape).copy()[()]


def added_at(sets: Sets, index: Any, more: Sets) -> Sets:
    """Sets with others added at an index that may say a place more than once."""
    given, further = numbers_of(sets), numbers_of(more)
    places = np.arange(given.size).reshape(given.shape)[index]
    further = np.broadcast_to(further, np.shape(places))
    groups = np.concatenate([np.arange(given.size), np.ravel(places)])
    found = _TABLE.get().joined(groups, np.concatenate([given.ravel(), further.ravel()]), given.size)
    return found.reshape(given.shape).astype(np.float64)


def everywhere(like: Any, *arrays: Sets) -> Sets:
    """Each number of `like` depends on all that others do: what is known of a function of which nothing is."""
    given = [numbers_of(leaf).ravel() for a in arrays for leaf in _leaves(a)]
    together = np.concatenate(given) if given else np.zeros(0, dtype=np.int64)
    found = int(_TABLE.get().joined(np.zeros(len(together), dtype=np.int64), together, 1)[0])
    return _mapped(lambda x: np.full(np.shape(x), found, dtype=np.result_type(x))[()], like)


def through(
    name: str,
    flags: Sequence[bool],
    *operands: Any,
    numbers: Literal["real", "complex"] | None = None,
    **static: Any,
) -> Sets:
    """What the result of an operation depends on that is linear in these operands; `flags` say which of them have sets.

    The operation is done on objects in the place of numbers, which note what is added to what: those of the operands
    with sets, and the factors too, of which nothing else is asked, where that can be. One that takes no objects is
    called with `numbers` of a kind; what is not so, or depends on most of its operands, is said to depend on all.
    """
    if name not in PRIMITIVES:
        load_late()
    primitive, table = PRIMITIVES[name], _TABLE.get()
    arrays = [o for o, f in zip(operands, flags, strict=True) if f]
    if sum(np.size(leaf) for a in arrays for leaf in _leaves(a)) <= MOST_PLACES:
        without = {n: v for n, v in static.items() if n != "dtype"}
        by_numbers = any(_has_floats(o) for o, f in zip(operands, flags, strict=True) if not f)
        for factors in (_as_factors, _as_numbers) if table.asks_numbers or not by_numbers else (_as_factors,):
            given = [_as_objects(o) if f else factors(o) for o, f in zip(operands, flags, strict=True)]
            with suppress(Exception):  # whatever a function raises that does not take objects
                found = Notes().sets(primitive.run(given, without))
                table.by_numbers = table.by_numbers or (factors is _as_numbers and by_numbers)
                return found
        if numbers and (table.asks_numbers or not by_numbers):
            with suppress(Exception):  # what it raises of these numbers
                part = 1.0 + 0.5j if numbers == "complex" else 1.0
                found = _probed(lambda given: primitive.run(given, without), flags, operands, part)
                if found is not None:
                    table.by_numbers = table.by_numbers or by_numbers
                    return found
    # of zeros it gives zeros, of the shape that it gives of numbers
    zeros = [_zeros(o) if f else o for o, f in zip(operands, flags, strict=True)]
    return everywhere(primitive.run(zeros, static), *arrays)


def _probed(linear: Callable[[Any], Any], flags: Sequence[bool], operands: Sequence[Any], part: complex) -> Sets | None:
    """What a linear operation depends on by the numbers that it gives; None where that is most of what there is.

    It is given multiples of `part`.
    """
    if any(hasattr(o, "tocsr") for o in operands):  # of sparse matrices the places are known, not the numbers
        return None
    arrays = [o for o, f in zip(operands, flags, strict=True) if f]
    sets = np.concatenate([numbers_of(leaf).ravel() for leaf in _leaves(arrays)])
    there = np.flatnonzero(sets)

    def called(numbers: Any) -> Any:
        every = np.zeros(len(sets), dtype=type(part))
        every[there] = part * numbers
        given = iter(_as_leaves(every, arrays))
        return linear([next(given) if f else o for o, f in zip(operands, flags, strict=True)])

    def vector(numbers: Any) -> Any:
        return np.concatenate([np.ravel(leaf) for leaf in _leaves(called(numbers))])

    pairs = reached(vector, len(there), MOST_PAIRS) if len(there) else None
    if pairs is None:
        return None
    rows, columns = pairs
    like = called(np.zeros(len(there)))
    size = sum(np.size(leaf) for leaf in _leaves(like))
    return _as_leaves(_TABLE.get().joined(rows, sets[there[columns]], size).astype(float), like)


def _as_leaves(numbers: Any, like: Any) -> Any:
    """A container of arrays of the shapes of another one, with these numbers one after the other."""
    left = numbers

    def part(leaf: Any) -> Any:
        nonlocal left
        own, left = left[: np.size(leaf)], left[np.size(leaf) :]
        return own.reshape(np.shape(leaf))[()]

    return _mapped(part, like)


class Place:
    """In the place of a number: what it depends on, which is a set or what two others do."""

    __slots__ = ("of",)

    def __init__(self, of: int | tuple[Place, Place]) -> None:
        self.of = of

    def __add__(self, other: object) -> Place:
        return Place((self, other)) if isinstance(other, Place) else self

    __radd__ = __sub__ = __rsub__ = __add__
    # a product of two of them would be no linear operation
    __mul__ = __rmul__ = __truediv__ = __add__

    def __neg__(self) -> Place:
        return self

    def conjugate(self) -> Place:
        """The conjugate complex number depends on the same."""
        return self

    def __bool__(self) -> NoReturn:
        raise TypeError("what is asked of a number decides, and is no linear operation")

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: bool(self)
    __hash__ = None  # type: ignore[assignment]


class Factor:
    """In the place of a number that is multiplied by: which it is is not asked, and it might be 0."""

    __slots__ = ()

    def __mul__(self, other: object) -> object:
        return other if isinstance(other, Place) else self

    __rmul__ = __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __mul__

    def __neg__(self) -> Factor:
        return self

    def conjugate(self) -> Factor:
        """Another number."""
        return self

    __bool__ = Place.__bool__
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: bool(self)
    __hash__ = None  # type: ignore[assignment]


class _Product:
    """A sparse matrix, as a factor: each number of a product depends on what the stored numbers of a row meet."""

    def __init__(self, matrix: Any) -> None:
        self.rows = matrix.tocsr()

    def __matmul__(self, x: Any) -> Any:
        rows, result = self.rows, np.zeros((self.rows.shape[0], *np.shape(x)[1:]), dtype=object)
        for i in range(len(result)):
            for j in rows.indices[rows.indptr[i] : rows.indptr[i + 1]]:
                result[i] = result[i] + x[j]
        return result


class Notes:
    """What operations on objects gave, as sets."""

    def __init__(self) -> None:
        self.table = _TABLE.get()
        self.known: dict[int, list[int]] = {}
        self.looked = 0

    def sets(self, found: Any) -> Sets:
        return _mapped(self._array, found)

    def _array(self, array: Any) -> Any:
        places = np.asarray(array, dtype=object)
        groups: list[int] = []
        members: list[int] = []
        for k, place in enumerate(places.ravel()):
            if isinstance(place, Place):
                own = self._members(place)
                groups += [k] * len(own)
                members += own
        joined = self.table.joined(np.array(groups, dtype=np.int64), np.array(members, dtype=np.int64), places.size)
        return joined.reshape(places.shape).astype(np.float64)[()]

    def _members(self, place: Place) -> list[int]:
        found: set[int] = set()
        waiting = [place]
        while waiting:
            self.looked += 1
            if self.looked > MOST_PLACES:
                raise TypeError("too many places")
            of = waiting.pop().of
            if isinstance(of, int):
                found.add(of)
            else:
                waiting += of
        return list(found)


def _as_objects(sets: Sets) -> Any:
    def objects(x: Any) -> Any:
        numbers = numbers_of(x)
        made = np.empty(numbers.shape, dtype=object)
        made.ravel()[:] = [Place(n) if n else 0 for n in numbers.ravel().tolist()]
        return made[()]

    return _mapped(objects, sets)


def _zeros(sets: Sets) -> Any:
    return _mapped(lambda x: np.zeros(np.shape(x))[()], sets)


def _as_factors(operand: Any) -> Any:
    """An operand that is multiplied by: what its numbers are is not asked."""
    if hasattr(operand, "tocsr"):
        return _Product(operand)
    if _has_floats(operand):
        return _mapped(lambda x: np.full(np.shape(x), Factor(), dtype=object)[()], operand)
    return operand


def _as_numbers(operand: Any) -> Any:
    """An operand as it is."""
    return operand


def _has_floats(operand: Any) -> bool:
    return any(np.asarray(leaf).dtype.kind in "fc" for leaf in _leaves(operand))


def _leaves(tree: Any) -> Iterable[Any]:
    if isinstance(tree, (tuple, list)):
        for item in tree:
            yield from _leaves(item)
    else:
        yield tree


def _mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, (tuple, list)):
        items = [_mapped(function, item) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return function(tree)
