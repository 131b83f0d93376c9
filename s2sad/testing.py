"""Numerical references for derivatives: differences, dot-product test, Taylor remainders. They never use the rules.

s2sad.check_grads(f, (x, y), order=2)      raises AssertionError where a derivative of f is wrong
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.frames import public
from s2sad.dispatch.subject import Subject
from s2sad.errors import ArgumentError, shown
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.signature import Signature
from s2sad.ir.trees import Tree, flatten, is_inexact, mapped
from s2sad.ir.types import is_active_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

Vector: TypeAlias = "NDArray[np.float64]"
MAX_ORDER = 8
"""Up to which order derivatives are compared: what differences say of higher ones is noise."""


@public
def check_grads(
    f: Callable[..., object],
    args: Sequence[object],
    order: int = 1,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
) -> None:
    """Compare the derivatives of a function with numerical ones, along random directions.

    Forward mode: `J v` against extrapolated differences. Reverse mode: `<y_bar, J v> = <J' y_bar, v>`, the dot-product
    test of Griewank & Walther (2008), section 3.3, with the numerical `J v`. Orders above 1 check the derivatives of
    the tangent and, for a scalar result, of the gradient.

    Args:
        f: a function, or a derivative.
        args: its arguments: floats, complex numbers, arrays of these of any shape, containers of these; others are left
            as they are.
        order: up to which order of derivatives.
        modes: "fwd", "rev", or both.
        atol: what the two may differ by, beside the error that the differences themselves admit; by default 1e-6, or
            1e-3 where there are arguments in single precision.
        rtol: the same, relative to the numbers.
        seed: of the directions.

    Raises:
        AssertionError: a derivative is wrong. At a kink it is one of those that the conventions name, and may differ.
        ArgumentError: no argument is a float.

    >>> import numpy as np, s2sad
    >>> def f(x, y):
    ...     return np.sum(np.sin(x) * y)
    >>> s2sad.check_grads(f, (np.ones(3), 2.0), order=2)
    """
    _check_options(args, order, modes, (atol, rtol), seed)
    f = Subject.of(f).spread(args, {})
    args = _all_arguments(f, args)
    active = _active(f, args)
    generator = np.random.default_rng(seed)
    tolerance = _tolerance([args[k] for k in active], atol, rtol)
    directions = {k: _random_like(args[k], generator) for k in active}
    expected, error = numerical_jvp(_by_position(f), args, directions)
    if "fwd" in modes:

        def along(directions: dict[int, object]) -> Vector:
            tangent = Derivative(f, Transform("jvp", active))
            return _vector(_of_floats(*tangent(*args, *(directions[k] for k in active))))

        blame = Blame(f, args, directions, tolerance, along)
        _compare(along(directions), expected, error, tolerance, f"{callable_name(f)}: forward mode", blame)
    if "rev" in modes:
        _check_pullback(f, args, active, directions, expected, error, tolerance, generator)
    if order > 1:
        _check_further(f, args, directions, order - 1, modes, atol, rtol)


def _check_further(
    f: Callable[..., object],
    args: Sequence[object],
    directions: dict[int, object],
    order: int,
    modes: Sequence[str],
    atol: float | None,
    rtol: float | None,
) -> None:
    """The derivatives of the tangent and, for a scalar result, of the gradient, up to an order."""
    active = tuple(directions)
    # Derivatives of differences are less exact by an order of magnitude.
    wider = atol and 10 * atol, rtol and 10 * rtol
    if "fwd" in modes:
        check_grads(Derivative(f, Transform("jvp", active)), (*args, *directions.values()), order, modes, *wider)
    if "rev" in modes and is_inexact(out := _by_position(f)(*args)) and np.ndim(out) == 0 and np.isrealobj(out):
        check_grads(Derivative(f, Transform("grad", active, False)), args, order, modes, *wider)


def _check_options(args: object, order: object, modes: object, tolerances: Sequence[object], seed: object) -> None:
    """Refuse what is no option of `check_grads`."""
    if not isinstance(args, (tuple, list)):
        instead = "check_grads(f, (x,))"
        raise ArgumentError(f"args is a tuple or a list of the arguments, not {shown(args)}: {instead}")
    if not isinstance(order, int) or not 1 <= order <= MAX_ORDER:
        raise ArgumentError(f"order is a number from 1 to {MAX_ORDER}, not {shown(order)}")
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"seed is a number from 0 on, not {shown(seed)}")
    for tolerance in tolerances:
        if tolerance is not None and not (isinstance(tolerance, (int, float)) and 0 <= tolerance < 1e300):
            raise ArgumentError(f"atol and rtol are numbers from 0 on, not {shown(tolerance)}")
    if not isinstance(modes, (tuple, list, set, frozenset)):
        raise ArgumentError(f'modes holds "fwd", "rev", or both, not {shown(modes)}')
    for mode in modes:
        if not isinstance(mode, str) or mode not in ("fwd", "rev"):
            raise ArgumentError(f'modes are "fwd" and "rev", not {shown(mode)}')


def _tolerance(arguments: Sequence[object], atol: float | None, rtol: float | None) -> tuple[float, float]:
    """What two derivatives may differ by: what is asked for, or what the precision of the arguments admits."""
    dtypes = {np.asarray(leaf).dtype for a in arguments for leaf in flatten(a)[0]}
    usual = 1e-6 if dtypes.isdisjoint((np.dtype(np.float32), np.dtype(np.complex64))) else 1e-3
    return atol or usual, rtol or usual


def _check_pullback(
    f: Callable[..., object],
    args: Sequence[object],
    active: tuple[int, ...],
    directions: dict[int, object],
    expected: Vector,
    error: Vector,
    tolerance: tuple[float, float],
    generator: np.random.Generator,
) -> None:
    (out, residuals), reverse = Derivative(f, Transform("vjp", active)).sweeps(args)
    y_bar = _random_like(out, generator)
    bars = reverse(residuals, y_bar)
    bars = (bars,) if len(active) == 1 else bars
    for k, bar in zip(active, bars, strict=True):
        _check_structure(args[k], bar, f"{callable_name(f)}: the cotangent of argument {k}")

    def along(directions: dict[int, object]) -> Vector:
        parts = (np.sum(_covector(b) * _vector(directions[k])) for k, b in zip(active, bars, strict=True))
        return np.atleast_1d(sum(parts))

    # Both sides are one number: the error of the numerical J v is weighed by the cotangent.
    weights = _covector(y_bar)
    left = np.atleast_1d(np.sum(weights * expected))
    slack = np.atleast_1d(np.sum(np.abs(weights) * error))
    blame = Blame(f, args, directions, tolerance, along, weights)
    _compare(along(directions), left, slack, tolerance, f"{callable_name(f)}: reverse mode, dot-product test", blame)


def numerical_jvp(
    f: Callable[..., object],
    args: Sequence[object],
    directions: dict[int, object] | Sequence[object],
    step: float = 0.05,
) -> tuple[Vector, Vector]:
    """The derivative of a function along a direction by extrapolated central differences, and its estimated error.

    Both are vectors: the float leaves of the result one after the other, a complex number as its two parts.
    `directions` gives the direction of each argument by its position. Arguments in single precision are widened.
    The first differences are of `step`, or of less where an argument is small: it moves by half of itself at most.
    Ridders' method: Press et al., Numerical Recipes (2007), section 5.7.

    >>> numerical_jvp(lambda x: x**3, (2.0,), {0: 1.0})[0].round(9)
    array([12.])
    """
    given = directions if isinstance(directions, dict) else dict(enumerate(directions))
    wide = [_wide(a) for a in args]

    def difference(h: float) -> Vector:
        ends = []
        for sign in (1.0, -1.0):
            moved = [_moved(a, given[k], sign * h) if k in given else a for k, a in enumerate(wide)]
            ends.append(_vector(f(*moved)))
        return (ends[0] - ends[1]) / (2 * h)

    scale = max((float(np.max(np.abs(_vector(d)), initial=0.0)) for d in given.values()), default=1.0) or 1.0
    sizes = [float(np.max(np.abs(x))) for k in given for x in flatten(wide[k])[0] if is_inexact(x) and np.size(x)]
    h = min([step, *(0.5 * s for s in sizes if s > 0.0)]) / scale
    row = [difference(h)]
    best, error = row[0], np.full_like(row[0], np.inf)
    for k in range(1, 10):
        # The error of a central difference is a series in h^2, of which each column of Neville's tableau removes a
        # term. Rounding grows as 1 / h: the best entry is the one that differs least from those that it was made of.
        h /= 1.4
        new = [difference(h)]
        for j in range(k):
            factor = 1.4 ** (2 * (j + 1))
            new.append((factor * new[j] - row[j]) / (factor - 1))
            guess = np.maximum(np.abs(new[-1] - new[-2]), np.abs(new[-1] - row[j]))
            better = guess < error
            best, error = np.where(better, new[-1], best), np.where(better, guess, error)
        row = new
    return best, error


def taylor_rates(f: Callable[..., Tree], args: Sequence[object], seed: int = 0, steps: int = 5) -> Vector:
    """The rates at which `|f(x + h v) - f(x) - h <grad f, v>|` falls when h is halved: 2 for a right gradient, else 1.

    >>> import numpy as np
    >>> bool(np.all(taylor_rates(lambda x: np.sum(np.exp(x)), (np.ones(3),)) > 1.9))
    True
    """
    active = _active(f, args)
    generator = np.random.default_rng(seed)
    directions = {k: _random_like(args[k], generator) for k in active}
    gradient = Derivative(f, Transform("grad", active, False))(*args)
    slope = sum(float(np.sum(_covector(g) * _vector(directions[k]))) for k, g in zip(active, gradient, strict=True))
    start = float(f(*args))
    remainders = []
    for k in range(steps):
        h = 0.01 / 2**k
        moved = [_moved(a, directions[i], h) if i in directions else a for i, a in enumerate(args)]
        remainders.append(abs(float(f(*moved)) - start - h * slope))
    # A remainder of 0, of what is linear, has no logarithm.
    tiny = np.asarray(remainders) + 1e-300
    return cast(Vector, np.log2(tiny[:-1] / tiny[1:]))


@dataclass(frozen=True)
class Blame:
    """Finds the number among the arguments by which a derivative is wrong, and whether the function has a kink there.

    `along` is the derivative along directions; with `weights` it is one number, the sum of that by the cotangent.
    """

    f: Callable[..., object]
    args: Sequence[object]
    directions: dict[int, object]
    tolerance: tuple[float, float]
    along: Callable[[dict[int, object]], Vector]
    weights: Vector | None = None

    def __str__(self) -> str:
        places = [(k, n, i) for k in self.directions for n, i in _places(self.directions[k])]
        # By halves: of many numbers one is found by few derivatives.
        while len(places) > 1:
            half = len(places) // 2
            part = next((p for p in (places[:half], places[half:]) if self.is_wrong(self.only(p))), None)
            if part is None:  # by several at once
                return ", by all of them together"
            places = part
        return f", by {self.named(*places[0])}{self.kink(self.only(places))}" if places else ""

    def only(self, places: Sequence[tuple[int, int, int]]) -> dict[int, object]:
        """The directions without what is not among these places: argument, leaf, number in it."""
        kept = {
            k: {n: [i for other, m, i in places if (other, m) == (k, n)] for n in range(len(flatten(d)[0]))}
            for k, d in self.directions.items()
        }
        return {k: _masked(d, kept[k]) for k, d in self.directions.items()}

    def expected(self, directions: dict[int, object]) -> tuple[Vector, Vector]:
        """What differences give, and their error."""
        expected, error = numerical_jvp(_by_position(self.f), self.args, directions)
        if self.weights is None:
            return expected, error
        return np.atleast_1d(self.weights @ expected), np.atleast_1d(np.abs(self.weights) @ error)

    def is_wrong(self, directions: dict[int, object]) -> bool:
        """Whether the derivative along directions is another one than differences give."""
        return bool(np.any(_wrong(self.along(directions), *self.expected(directions), self.tolerance)))

    def named(self, k: int, leaf: int, number: int) -> str:
        """A number among the arguments as the function calls it: `x[3]`, `p['w'][0, 1]`."""
        names = list(inspect.signature(self.f).parameters)
        name = names[k] if k < len(names) else f"argument {k}"
        wanted = flatten(self.args[k])[0][leaf]
        paths = [path for path, found in _paths(self.args[k]) if found is wanted]
        text = name + (paths[0] if len(paths) == 1 else f", leaf {leaf}")
        shape = np.shape(wanted)
        return text + (f"[{', '.join(str(int(i)) for i in np.unravel_index(number, shape))}]" if shape else "")

    def kink(self, directions: dict[int, object]) -> str:
        """What differences of a short step say: a kink at this point, or near it."""
        length = float(sum(np.sum(_vector(d)) for d in directions.values()))  # of the one number that is moved
        step = 1e-6 / length
        wide = [_wide(a) for a in self.args]

        def at(h: float) -> Vector:
            moved = [_moved(a, directions[k], h) if k in directions else a for k, a in enumerate(wide)]
            value = _vector(_by_position(self.f)(*moved))
            return value if self.weights is None else np.atleast_1d(self.weights @ value)

        before, after = (at(0.0) - at(-step)) / step, (at(step) - at(0.0)) / step
        near, found = 1e-3 * (1.0 + np.abs(after)), self.along(directions)
        k = int(np.argmax(np.abs(after - before)))
        if abs(after[k] - before[k]) > near[k]:
            slopes = " and ".join(f"{s / length:.6g}" for s in (before[k], after[k]))
            return f", where the function has a kink: the slopes beside it are {slopes}"
        if np.all(np.abs(found - (before + after) / 2) <= near):
            return ", near a branch or a kink: differences of a shorter step agree; check further away from it"
        return ""


def _places(direction: Tree) -> Iterator[tuple[int, int]]:
    """The numbers of a direction: the leaf, and which of its numbers."""
    for n, leaf in enumerate(flatten(direction)[0]):
        if is_inexact(leaf):
            yield from ((n, i) for i in range(np.size(leaf)))


def _masked(direction: Tree, kept: dict[int, list[int]]) -> Tree:
    """A direction without the numbers that are not kept, by the leaves that they are in."""
    count = itertools.count()

    def masked(leaf: Tree) -> Tree:
        own = kept[next(count)]
        if not is_inexact(leaf):
            return leaf
        mask = np.zeros(np.size(leaf), bool)
        mask[own] = True
        value = np.where(mask.reshape(np.shape(leaf)), leaf, 0.0)
        return np.asarray(value, leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(value)

    return mapped(masked, direction)


def _paths(tree: Tree, path: str = "") -> Iterator[tuple[str, object]]:
    """The leaves of a tree, and how each is written."""
    match tree:
        case dict():
            items = {f"[{k!r}]": v for k, v in tree.items()}
        case tuple() if hasattr(tree, "_fields"):
            items = {f".{n}": v for n, v in zip(tree._fields, tree, strict=True)}
        case tuple() | list():
            items = {f"[{k}]": v for k, v in enumerate(tree)}
        case _ if not is_inexact(tree) and hasattr(tree, "__dict__"):
            items = {f".{n}": v for n, v in vars(tree).items()}
        case _:
            yield path, tree
            return
    for key, item in items.items():
        yield from _paths(item, path + key)


def _wrong(found: Vector, expected: Vector, error: Vector, tolerance: tuple[float, float]) -> Any:
    """Which numbers are further apart than the tolerance and the error of the differences admit."""
    atol, rtol = tolerance
    # The differences admit an error of their own; what they say of it is an estimate, and bounded.
    slack = atol + rtol * np.abs(expected) + np.where(np.isfinite(error), np.minimum(10 * error, 1e-3), 0.0)
    # Negated, so that nan is wrong.
    return ~(np.abs(found - expected) <= slack)


def _compare(
    found: Vector, expected: Vector, error: Vector, tolerance: tuple[float, float], what: str, blame: Blame
) -> None:
    if found.shape != expected.shape:
        raise AssertionError(f"{what}: {found.size} numbers where the result has {expected.size}")
    wrong = _wrong(found, expected, error, tolerance)
    if np.any(wrong):
        k = int(np.argmax(wrong))
        try:
            where = str(blame)
        except Exception:  # the function is asked at other points, and may raise there what it likes
            where = ""
        raise AssertionError(
            f"{what}: {found[k]:.10g} where differences give {expected[k]:.10g} +- {error[k]:.1e} "
            f"({np.sum(wrong)} of {wrong.size} numbers are wrong){where}"
        )


def _check_structure(primal: object, bar: object, what: str) -> None:
    """A cotangent has the structure, shapes and dtypes of its primal."""
    (a, s), (b, t) = flatten(primal), flatten(bar)
    if s != t:
        raise AssertionError(f"{what} has the structure {t}, not {s}")
    for x, y in zip(a, b, strict=True):
        if np.shape(x) != np.shape(y):
            raise AssertionError(f"{what} has the shape {np.shape(y)}, not {np.shape(x)}")
        if is_inexact(x) and isinstance(x, (np.ndarray, np.generic)) and np.asarray(y).dtype != x.dtype:
            raise AssertionError(f"{what} has the dtype {np.asarray(y).dtype}, not {x.dtype}")


# Trees


def _all_arguments(f: Callable[..., object], args: Sequence[object]) -> tuple[object, ...]:
    # Those of a ufunc beside its operands are no arguments that derivatives are taken by.
    if isinstance(f, np.ufunc) or len(args) == len(inspect.signature(f).parameters):
        return tuple(args)
    bound = inspect.signature(f).bind(*args)
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def _by_position(f: Callable[..., object]) -> Callable[..., Tree]:
    """The function with its keyword-only parameters by position too."""
    parameters = inspect.signature(f).parameters.values()
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not names or isinstance(f, (Derivative, np.ufunc)):
        return f
    n = len(parameters) - len(names)
    return lambda *args: f(*args[:n], **dict(zip(names, args[n:], strict=True)))


def _active(f: Callable[..., object], args: Sequence[object]) -> tuple[int, ...]:
    signature = Signature()
    found = tuple(k for k, a in enumerate(args) if is_active_type(signature.type_of(a)))
    if not found:
        raise ArgumentError(f"no argument of {callable_name(f)} is a float or holds floats")
    return found


def _vector(tree: object) -> Vector:
    """The float leaves of a tree, one after the other, in double precision; a complex number as its two parts."""
    return _concatenated([np.asarray(leaf) for leaf in flatten(tree)[0] if is_inexact(leaf)])


def _covector(tree: Tree) -> Vector:
    """The same of cotangents: the gradient of a complex number is df/dx - i df/dy."""
    return _concatenated([np.conj(leaf) for leaf in flatten(tree)[0] if is_inexact(leaf)])


def _concatenated(leaves: list[Tree]) -> Vector:
    parts = [np.stack([x.real, x.imag], axis=-1) if np.iscomplexobj(x) else x for x in leaves]
    return np.concatenate([np.ravel(p).astype(np.float64) for p in parts]) if parts else np.zeros(0)


def _of_floats(primal: object, tangent: object) -> object:
    """The tangents of what is a float; integers have tangents of zero."""
    return [v for x, v in zip(flatten(primal)[0], flatten(tangent)[0], strict=True) if is_inexact(x)]


def _random_like(tree: Tree, generator: np.random.Generator) -> Tree:
    def draw(leaf: Tree) -> Tree:
        if not is_inexact(leaf):
            return leaf
        shape = np.shape(leaf)
        value = generator.normal(size=shape)
        if np.iscomplexobj(leaf):
            value = value + 1j * generator.normal(size=shape)
        return np.asarray(value, leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(value)

    return mapped(draw, tree)


def _wide(tree: object) -> Tree:
    def widen(leaf: object) -> object:
        if is_inexact(leaf) and isinstance(leaf, (np.ndarray, np.generic)):
            return leaf.astype(np.complex128 if leaf.dtype.kind == "c" else np.float64, copy=False)
        return leaf

    return mapped(widen, tree)


def _moved(tree: object, direction: object, h: float) -> Tree:
    return mapped(lambda x, v: x + h * v if is_inexact(x) else x, tree, direction)
