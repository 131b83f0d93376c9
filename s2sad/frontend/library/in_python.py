"""What functions of Python and NumPy do, in Python: the text of these functions is read where one is called.

Their parameters and variables keep their names in emitted code, as those of the user's functions do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


def place_(a: Array, mask: Array, values: Array) -> None:
    a[mask] = values[np.arange(np.count_nonzero(mask)) % values.size]


def put_(a: Array, places: Array, values: Array) -> None:
    a[places] = values[np.arange(places.size) % values.size]


def repeated_(values: Array, a: Array) -> Array:
    return np.reshape(values[np.arange(a.size) % values.size], a.shape)


def close_(a: Array, b: Array, rtol: float, atol: float) -> Any:
    return np.logical_or(a == b, np.logical_and(np.abs(a - b) <= atol + rtol * np.abs(b), np.isfinite(b)))


def items_(xs: Iterable[object]) -> list[object]:
    return [x for x in xs]  # noqa: C416  (a call of `list` would be read as this)


def floats_(xs: Iterable[float]) -> list[float]:
    return [float(x) for x in xs]


def generated_(xs: Iterable[object]) -> list[object]:
    found = []
    for x in xs:
        found.append(x)
    return found


def update_(d: dict[object, object], pairs: Iterable[tuple[object, object]]) -> None:
    for k, v in pairs:
        d[k] = v


def tally_(d: dict[object, int], xs: Iterable[object]) -> None:
    for x in xs:
        d[x] += 1


def tally_more_(d: dict[object, int], pairs: Iterable[tuple[object, int]]) -> None:
    for k, count in pairs:
        d[k] += count


def most_common_(d: dict[object, int]) -> list[tuple[object, int]]:
    return sorted(d.items(), key=lambda pair: pair[1], reverse=True)


def enumerate_(items: Iterable[object], k: int) -> Iterator[object]:
    for item in items:
        yield k, item
        k += 1


def zip_(items: Iterable[object], rows: Sequence[Sequence[object]], at: int) -> Iterator[object]:
    """`items` is a generator, the iterable number `at`; a row is what the others give."""
    k = 0
    if len(rows) == 0:
        return
    for item in items:
        row = rows[k]
        yield *row[:at], item, *row[at:]
        k += 1  # noqa: SIM113  (as it is to be read in emitted code)
        if k >= len(rows):
            break


def islice_(items: Iterable[object], count: int) -> Iterator[object]:
    if count <= 0:
        return
    k = 0
    for item in items:
        yield item
        k += 1  # noqa: SIM113
        if k >= count:
            break


def numbers_from_(n: Any, step: Any) -> Iterator[Any]:
    while True:
        yield n
        n += step


def takewhile_(f: Callable[[object], bool], items: Iterable[object]) -> Iterator[object]:
    for item in items:
        if not f(item):
            break
        yield item


def dropwhile_(f: Callable[[object], bool], items: Iterable[object]) -> Iterator[object]:
    begun = False
    for item in items:
        begun = begun or not f(item)
        if begun:
            yield item


def filterfalse_(f: Callable[[object], bool], items: Iterable[object]) -> Iterator[object]:
    for item in items:
        if not f(item):
            yield item


def repeat_(x: object, n: int) -> Iterator[object]:
    for _ in range(n):
        yield x


def map_(f: Callable[[object], object], xs: Iterable[object]) -> list[object]:
    return [f(x) for x in xs]


def map_rows_(f: Callable[..., object], rows: Iterable[Iterable[object]]) -> list[object]:
    return [f(*row) for row in rows]


def filter_(f: Callable[[object], object], xs: Iterable[object]) -> list[object]:
    return [x for x in xs if f(x)]


def filter_true_(xs: Iterable[object]) -> list[object]:
    return [x for x in xs if x]


def reduce_(f: Callable[[object, object], object], xs: Iterable[object], result: object) -> object:
    for x in xs:
        result = f(result, x)
    return result


def accumulate_(f: Callable[[object, object], object], xs: Iterable[object], result: object) -> list[object]:
    results = [result]
    for x in xs:
        result = f(result, x)
        results.append(result)
    return results


def histogram_(
    a: Array, bins: Any, limits: tuple[float, float] | None, w: Array | None, of_edges: bool, density: bool
) -> tuple[Array, Array]:
    """Weights counted where the numbers fall; the edges move with the least and the greatest number."""
    if of_edges:
        edges = np.asarray(bins)
    else:
        low, high = (np.min(a), np.max(a)) if limits is None else limits
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, bins + 1)
    n = len(edges) - 1
    inside = (edges[0] <= a) & (a <= edges[-1])
    places = np.minimum(np.searchsorted(edges, a[inside], side="right") - 1, n - 1)
    counts: Any = np.bincount(places, None if w is None else w[inside], n)
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


def histogram2d_(
    x: Array,
    y: Array,
    nx: int,
    ny: int,
    limits: tuple[tuple[float, float], tuple[float, float]] | None,
    w: Array | None,
    density: bool,
) -> tuple[Array, Array, Array]:
    """Weights counted in the rectangles where the pairs of numbers fall, and the edges of these."""
    left, right = (np.min(x), np.max(x)) if limits is None else limits[0]
    low, high = (np.min(y), np.max(y)) if limits is None else limits[1]
    if left == right:
        left, right = left - 0.5, right + 0.5
    if low == high:
        low, high = low - 0.5, high + 0.5
    x_edges, y_edges = np.linspace(left, right, nx + 1), np.linspace(low, high, ny + 1)
    inside = (left <= x) & (x <= right) & (low <= y) & (y <= high)
    columns = np.minimum(np.searchsorted(x_edges, x[inside], side="right") - 1, nx - 1)
    rows = np.minimum(np.searchsorted(y_edges, y[inside], side="right") - 1, ny - 1)
    counts: Any = np.bincount(columns * ny + rows, None if w is None else w[inside], nx * ny)
    counts = np.reshape(counts, (nx, ny)) * 1.0
    if density:
        areas = np.expand_dims(np.diff(x_edges), 1) * np.diff(y_edges)
        counts = counts / areas / np.sum(counts)
    return counts, x_edges, y_edges


def edges_(a: Array, bins: int, limits: tuple[float, float] | None) -> Array:
    low, high = (np.min(a), np.max(a)) if limits is None else limits
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


def poly_(roots: Array) -> Array:
    coefficients = np.zeros(len(roots) + 1)
    coefficients[0] = 1.0
    for k in range(len(roots)):
        coefficients[1 : k + 2] -= roots[k] * coefficients[: k + 1].copy()
    return coefficients


def polydiv_(u: Array, v: Array) -> tuple[Array, Array]:
    count = max(len(u) - len(v) + 1, 1)
    quotient = np.zeros(count)
    rest = u * 1.0
    for k in range(len(u) - len(v) + 1):
        quotient[k] = rest[k] / v[0]
        rest[k : k + len(v)] -= quotient[k] * v
    # the leading coefficients of the rest are zero; where all are, one of them is left
    small = np.abs(rest) <= 1e-08
    first = min(np.argmin(small), len(rest) - 1) if not np.all(small) else len(rest) - 1
    return quotient, rest[first:]


def mapped_(x: Array, a: float, b: float, c: float, d: float) -> Array:
    return c + (d - c) / (b - a) * (x - a)


def stretch_(a: float, b: float, c: float, d: float) -> float:
    return (d - c) / (b - a)


def added_(a: Array, b: Array) -> Array:
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total


def subtracted_(a: Array, b: Array) -> Array:
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] -= b
    return total


def convolved_(a: Array, b: Array) -> Array:
    return np.convolve(a, b)


def trim_zeros_(filt: Array, front: bool, back: bool) -> Array:
    places = np.flatnonzero(filt)
    if len(places) == 0:
        return filt[:0]
    first = places[0] if front else 0
    last = places[-1] if back else len(filt) - 1
    return filt[first : last + 1]


def index_(items: Sequence[object], item: object, start: int, stop: int) -> int:
    if start < 0:
        start = max(start + len(items), 0)
    if stop < 0:
        stop += len(items)
    for k in range(start, min(stop, len(items))):
        if items[k] == item:
            return k
    raise ValueError(f"{item} is not in list")


def count_(items: Sequence[object], item: object) -> int:
    found = 0
    for one in items:
        if one == item:
            found += 1
    return found


def contains_(items: Sequence[object], item: object) -> bool:
    found = False
    for one in items:
        if one == item:
            found = True
            break
    return found


def max_by_(rows: Sequence[Any], key: Callable[[Any], Any]) -> object:
    keys = [key(row) for row in rows]
    if len(rows) == 0:
        raise ValueError("max() arg is an empty sequence")
    best = 0
    for k in range(1, len(keys)):
        if keys[k] > keys[best]:
            best = k
    return rows[best]


def min_by_(rows: Sequence[Any], key: Callable[[Any], Any]) -> object:
    keys = [key(row) for row in rows]
    if len(rows) == 0:
        raise ValueError("min() arg is an empty sequence")
    best = 0
    for k in range(1, len(keys)):
        if keys[k] < keys[best]:
            best = k
    return rows[best]


def sorted_(rows: Sequence[Any], key: Callable[[Any], Any], reverse: bool) -> list[object]:
    keys = np.array([key(row) for row in rows])
    order = np.argsort(-keys if reverse else keys, kind="stable")
    return [rows[k] for k in order]


def raised_(heap: list[Any], first: int, k: int, item: Any) -> None:
    while k > first and item < heap[(k - 1) // 2]:
        heap[k] = heap[(k - 1) // 2]
        k = (k - 1) // 2
    heap[k] = item


def sunk_(heap: list[Any], first: int, item: Any) -> None:
    k, child = first, 2 * first + 1
    while child < len(heap):
        if child + 1 < len(heap) and not heap[child] < heap[child + 1]:
            child = child + 1
        heap[k] = heap[child]
        k = child
        child = 2 * k + 1
    raised_(heap, first, k, item)


def heappush_(heap: list[Any], item: Any) -> None:
    heap.append(item)
    raised_(heap, 0, len(heap) - 1, item)


def heappop_(heap: list[Any]) -> Any:
    last = heap.pop()
    if len(heap) > 0:
        least = heap[0]
        sunk_(heap, 0, last)
    else:
        least = last
    return least


def heapreplace_(heap: list[Any], item: Any) -> Any:
    least = heap[0]
    sunk_(heap, 0, item)
    return least


def heappushpop_(heap: list[Any], item: Any) -> Any:
    if len(heap) > 0 and heap[0] < item:
        least = heap[0]
        sunk_(heap, 0, item)
    else:
        least = item
    return least


def heapify_(heap: list[Any]) -> None:
    for k in range(len(heap) // 2 - 1, -1, -1):
        sunk_(heap, k, heap[k])


def bisect_left_(a: Any, x: Any, lo: int, hi: int) -> int:
    while lo < hi:
        middle = (lo + hi) // 2
        if a[middle] < x:
            lo = middle + 1
        else:
            hi = middle
    return lo


def bisect_right_(a: Any, x: Any, lo: int, hi: int) -> int:
    while lo < hi:
        middle = (lo + hi) // 2
        if x < a[middle]:
            hi = middle
        else:
            lo = middle + 1
    return lo


def folded_(f: Callable[..., Any], x: Array) -> Any:
    y = x[0]
    for k in range(1, len(x)):
        y = f(y, x[k])
    return y


def running_(f: Callable[..., Any], x: Array) -> Array:
    y = x.copy()
    for k in range(1, len(x)):
        y[k] = f(y[k - 1], x[k])
    return y


def folded_parts_(f: Callable[..., Any], x: Any, starts: Any) -> Any:
    y = x[starts]
    for i in range(len(starts)):
        if starts[i] < 0:
            raise IndexError("an index of reduceat is negative")
        end = starts[i + 1] if i + 1 < len(starts) else len(x)
        for k in range(starts[i] + 1, end):
            y[i] = f(y[i], x[k])
    return y


def mean_(data: Sequence[float]) -> float:
    return math.fsum(data) / len(data)


def squares_about_(data: Sequence[float], middle: float) -> float:
    return math.fsum((x - middle) ** 2 for x in data)


def pvariance_(data: Sequence[float]) -> float:
    return squares_about_(data, mean_(data)) / len(data)


def variance_(data: Sequence[float]) -> float:
    return squares_about_(data, mean_(data)) / (len(data) - 1)


def pstdev_(data: Sequence[float]) -> float:
    return math.sqrt(pvariance_(data))


def stdev_(data: Sequence[float]) -> float:
    return math.sqrt(variance_(data))


def median_(data: Sequence[float]) -> float:
    ordered, n = sorted(data), len(data)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2
