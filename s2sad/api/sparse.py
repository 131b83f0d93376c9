"""Derivatives that are mostly zeros: where the others stand, and the derivatives with few sweeps, as sparse matrices.

    sparsity(f)(x)             the pattern, a matrix of booleans
    sparse_jacobian(f)(x)      J, found by sweeps along sums of unit vectors
    sparse_hessian(f)(x)       H, the same of the gradient, with its symmetry

A pattern is found by a program of its own (`differentiate/sparsity.py`). It is kept for arguments of the same shapes,
if nothing else decides about it, and for the same numbers in those that do.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from s2sad.api.colouring import Groups, by_columns, grouped, stars
from s2sad.api.gradients import Argnums, asked
from s2sad.compiler.transform import Transform
from s2sad.dispatch.bound import Method
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.display import NAMES
from s2sad.dispatch.frames import public
from s2sad.dispatch.subject import Subject
from s2sad.dispatch.typed import BackendName, P
from s2sad.errors import ArgumentError, InternalError, shown
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.marks import StandsFor, mark
from s2sad.ir.sets import Integers, Table, counting, numbers_of
from s2sad.ir.trees import LEAF, Structure, flatten, in_place_of, is_inexact
from s2sad.ir.unruled import of_module
from s2sad.view.cell import Pattern
from s2sad.view.text import Text

Matrix: TypeAlias = Any
"""A sparse array of SciPy's."""
Mode: TypeAlias = Literal["forward", "reverse"]

LOGGER = logging.getLogger("s2sad")
MOST_NUMBERS = 20_000_000
"""How many numbers the sweeps that are done at once may have in their seeds: 160 MB."""
MAX_PATTERNS = 16
"""For how many arguments a pattern is kept."""


@overload
def sparsity(fun: Callable[P, object], argnums: Argnums = ...) -> Sparsity[P]: ...
@overload
def sparsity(fun: None = None, argnums: Argnums = ...) -> Callable[[Callable[P, object]], Sparsity[P]]: ...
@public
def sparsity(fun: object = None, argnums: Argnums = 0) -> Any:
    """Which numbers of the result of a function depend on which numbers of an argument: a function of its arguments.

    The result is a `scipy.sparse.csr_array` of booleans with a row for each number of the result and a column for each
    number of the argument, in the order of `ravel_pytree`. No derivative that is not zero is missing in it: factors
    count as if they were not zero, and both choices of `np.where`. Branches, loops and indices are taken as they are
    for these arguments; `decided_by` says by the numbers of which arguments.

    Args:
        fun: a Python function over NumPy. Without it, a decorator.
        argnums: the position or name of the parameter: a float array, or a container of some. For a tuple of these the
            result is a tuple of matrices, found together.

    >>> import numpy as np
    >>> def f(x):
    ...     return x[1:] * x[:-1]
    >>> sparsity(f)(np.ones(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])

    Griewank & Walther, Evaluating Derivatives (2008), section 7.1.
    """
    if fun is None:
        return public(lambda f: sparsity(f, argnums))
    return Sparsity(Subject.of(fun), argnums)


@overload
def sparse_jacobian(
    fun: Callable[P, object],
    argnums: Argnums = ...,
    mode: Mode | None = ...,
    check: bool = ...,
    backend: BackendName | None = ...,
) -> SparseJacobian[P]: ...
@overload
def sparse_jacobian(
    fun: None = None,
    argnums: Argnums = ...,
    mode: Mode | None = ...,
    check: bool = ...,
    backend: BackendName | None = ...,
) -> Callable[[Callable[P, object]], SparseJacobian[P]]: ...
@public
def sparse_jacobian(
    fun: object = None,
    argnums: Argnums = 0,
    mode: Mode | None = None,
    check: bool = False,
    backend: BackendName | None = None,
) -> Any:
    """The Jacobian of a function as a sparse matrix, by as few sweeps as its pattern admits.

    Columns that meet in no row are found by one sweep; few full rows by reverse sweeps, or few full columns by forward
    ones. `plan(*args)` says by how many. The sweeps are those of `vmap`, done at once; `lower` gives their text.

    Args:
        fun: a Python function over NumPy. Without it, a decorator.
        argnums: the position or name of the parameter: a float array, or a container of some. For a tuple of these the
            result is a tuple of matrices, found together.
        mode: "forward" or "reverse"; None for the one with fewer sweeps.
        check: compare each Jacobian with one more sweep along a random vector, and raise if they differ.
        backend: what runs the sweeps; None is plain NumPy.

    Returns:
        A function of the same arguments, which gives a `scipy.sparse.csr_array`. Rows and columns are those of
        `sparsity`.

    >>> import numpy as np
    >>> def f(x):
    ...     return x[1:] ** 2 - x[:-1]
    >>> jacobian = sparse_jacobian(f)
    >>> jacobian(np.array([1.0, 2.0, 3.0])).toarray()
    array([[-1.,  4.,  0.],
           [ 0., -1.,  6.]])
    >>> jacobian.plan(np.ones(1000))
    Plan(999 x 1000, 1998 numbers: 2 forward sweeps)

    Curtis, Powell & Reid (1974); Griewank & Walther (2008), chapter 8.
    """
    if fun is None:
        return public(lambda f: sparse_jacobian(f, argnums, mode, check, backend))
    if mode not in (None, "forward", "reverse"):
        raise ArgumentError(f'mode is "forward", "reverse" or None, not {shown(mode)}')
    return SparseJacobian(Subject.of(fun), argnums, mode, check, backend)


@overload
def sparse_hessian(
    fun: Callable[P, object], argnums: Argnums = ..., check: bool = ..., backend: BackendName | None = ...
) -> SparseHessian[P]: ...
@overload
def sparse_hessian(
    fun: None = None, argnums: Argnums = ..., check: bool = ..., backend: BackendName | None = ...
) -> Callable[[Callable[P, object]], SparseHessian[P]]: ...
@public
def sparse_hessian(
    fun: object = None, argnums: Argnums = 0, check: bool = False, backend: BackendName | None = None
) -> Any:
    """The Hessian of a scalar function as a sparse matrix, by as few products with vectors as its pattern admits.

    By its symmetry one of `H[i, j]` and `H[j, i]` is enough: a row and column that are full cost one sweep. Arguments
    and result are those of `sparse_jacobian`; a sweep is that of `hvp`.

    >>> import numpy as np
    >>> def f(x):
    ...     return np.sum(x[0] * x[1:] ** 2)
    >>> hessian = sparse_hessian(f)
    >>> hessian(np.array([1.0, 2.0, 3.0])).toarray()
    array([[0., 4., 6.],
           [4., 2., 0.],
           [6., 0., 2.]])
    >>> hessian.plan(np.ones(1000))
    Plan(1000 x 1000, 2997 numbers: 2 forward sweeps)

    Gebremedhin, Manne & Pothen, What color is your Jacobian? (2005).
    """
    if fun is None:
        return public(lambda f: sparse_hessian(f, argnums, check, backend))
    return SparseHessian(Subject.of(fun), argnums, None, check, backend)


@dataclass(frozen=True, eq=False)
class Plan:
    """How a sparse derivative is found: the pattern, and which columns and rows are found together."""

    pattern: Matrix
    columns: Groups
    rows: Groups
    symmetric: bool = False
    result: tuple[Structure, tuple[tuple[int, ...], ...]] = LEAF, ()
    """The structure of the result of the function, and the shapes of its leaves."""
    decided_by: tuple[int, ...] = ()
    """The positions of the arguments whose numbers decide about the pattern; -1 for a variable from outside."""

    @property
    def sweeps(self) -> int:
        """How many sweeps there are."""
        return self.columns.count + self.rows.count

    def __repr__(self) -> str:
        m, n = self.pattern.shape
        counted = [(self.columns.count, "forward"), (self.rows.count, "reverse")]
        sweeps = " and ".join(f"{k} {mode} sweep{'s' * (k != 1)}" for k, mode in counted if k) or "no sweep"
        return f"Plan({m} x {n}, {self.pattern.nnz} numbers: {sweeps})"

    @functools.cached_property
    def found(self) -> tuple[Any, Any, Any]:
        """Where each number of the pattern is found: whether by columns, in which sweep, at which place."""
        places = self.pattern.tocoo()
        rows, columns = np.asarray(places.row, dtype=np.int64), np.asarray(places.col, dtype=np.int64)
        # of two numbers that are equal the same one is taken
        i, j = (np.minimum(rows, columns), np.maximum(rows, columns)) if self.symmetric else (rows, columns)
        groups = self.columns if self.symmetric else self.rows
        alone = self.columns.alone(rows, columns, i, j)
        if not np.all(alone | groups.alone(*((rows, columns) if self.symmetric else (columns, rows)), j, i)):
            raise InternalError("numbers of a sparse derivative are found together that should be apart")
        return alone | self.symmetric, np.where(alone, self.columns.of[j], groups.of[i]), np.where(alone, i, j)


class Sparsity(Method[P, Any]):
    """What `sparsity` gives, and what sparse derivatives have of it."""

    suffix = "sparsity"
    noun = "sparsity"

    def __init__(self, subject: Subject, argnums: Argnums) -> None:
        if importlib.util.find_spec("scipy") is None:
            raise ArgumentError(f"a {self.noun} is a matrix of SciPy's: pip install scipy")
        self.subject = subject
        self.argnums = argnums
        self.variadic: dict[object, Any] = {}
        functools.update_wrapper(self, subject.function or subject.target, NAMES, ())
        self.__name__ = f"{callable_name(subject.target)}_{self.suffix}"
        self.__signature__ = subject.signature
        if not subject.is_variadic:
            found = asked(subject, Transform("jvp", ()), argnums)
            self.one, self.asked = found.one, found.argnums
            self.positions = tuple(sorted(self.asked))
            self.sets = Derivative[..., Any](self.differentiated(), Transform("sparsity", self.positions))
            self.kept: dict[tuple[object, tuple[int, ...], object], Plan] = {}

    def __getstate__(self) -> dict[str, Any]:
        # patterns are kept by the modules that found them, which another process has not
        return vars(self) | {"kept": {}}

    def differentiated(self) -> Any:
        """The function of which this is the Jacobian."""
        return self.subject.target

    def again(self, subject: Subject, argnums: Argnums) -> Any:
        """The same of another function."""
        return Sparsity(subject, argnums)

    @public
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Matrix:
        if self.subject.is_variadic:
            return self.spread(args, kwargs)(*args, **kwargs)
        values = self.bound(args, kwargs)
        return self.parts(self.planned(values).pattern, values)

    def parts(self, matrix: Matrix, values: Sequence[Any]) -> Any:
        """A matrix by all arguments asked for, as a tuple of one for each, in the order of `argnums`."""
        if self.one:
            return matrix
        columns = matrix.tocsc()
        return tuple(columns[:, own].tocsr() for own in self.places_of(values))

    def places_of(self, values: Sequence[Any]) -> list[slice]:
        """Where the numbers of each argument are among those of all, in the order in which they were asked for."""
        ends = dict(zip(self.positions, np.cumsum([_count(values[k]) for k in self.positions]), strict=True))
        return [slice(ends[k] - _count(values[k]), ends[k]) for k in self.asked]

    @public
    def plan(self, *args: P.args, **kwargs: P.kwargs) -> Plan:
        """The pattern for such arguments, and the sweeps by which a derivative of it is found."""
        if self.subject.is_variadic:
            return self.spread(args, kwargs).plan(*args, **kwargs)  # type: ignore[no-any-return]
        return self.planned(self.bound(args, kwargs))

    @public
    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The plain emitted function for arguments like these, of the sweeps if there are some; it has a `.source`."""
        derivative, values = self.emitted(args, kwargs)
        return derivative.lower(*values)

    @public
    def explore(
        self, *args: Any, path: str | PathLike[str] | None = None, browser: bool = False, **kwargs: Any
    ) -> Path:
        """Write a page that shows the emitted function beside the code and the trace; see `Derivative.explore`."""
        derivative, values = self.emitted(args, kwargs)
        return derivative.explore(*values, path=path, browser=browser)

    def emitted(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[Derivative[..., Any], Any]:
        """The derivative that is emitted for such arguments, and what it is called with."""
        if self.subject.is_variadic:
            return self.spread(args, kwargs).emitted(args, kwargs)  # type: ignore[no-any-return]
        values = self.bound(args, kwargs)
        return self.shown(values)

    def shown(self, values: tuple[Any, ...]) -> tuple[Derivative[..., Any], Any]:
        """The same, of the arguments in the order of the parameters."""
        return self.sets, (*values, *self.places(values))

    def derivatives(self) -> list[Derivative[..., Any]]:
        """What is compiled for this."""
        own = [] if self.subject.is_variadic else [self.sets]
        return own + [d for one in self.variadic.values() for d in one.derivatives()]

    def _title(self) -> str:
        if self.subject.is_variadic:
            by = self.argnums if isinstance(self.argnums, (int, str)) else ", ".join(map(str, self.argnums))
        else:
            by = ", ".join(list(self.subject.signature.parameters)[k] for k in self.asked)
        return f"{self.noun} of {callable_name(self.subject.target)} by {by}"

    def _patterns(self) -> Iterator[Pattern]:
        for derivative in self.derivatives():
            yield from derivative._patterns()

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        return self.derivatives()[0]._generic_text(given)

    def _function(self) -> object:
        return self.subject.target

    def spread(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The same for just these arguments, of a function that takes `*args` or `**kwargs`."""
        key = (len(args), tuple(kwargs))
        if key not in self.variadic:
            found = asked(self.subject, Transform("jvp", ()), self.argnums)
            named = [*self.subject.parameters, *self.subject.keywords]
            names = [*map(str, range(len(args))), *kwargs]
            every = found.placed(named, names, len(args)).argnums
            placed = every[0] if found.one else every
            self.variadic[key] = self.again(Subject(self.subject.spread(args, kwargs)), placed)
        return self.variadic[key]

    def bound(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters, defaults put in."""
        found = self.subject.signature.bind(*args, **kwargs)
        found.apply_defaults()
        return tuple(found.arguments.values())

    def argument(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments asked for, in the order of the parameters."""
        return tuple(values[k] for k in self.positions)

    def places(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments asked for, with the set of each number in its place."""
        argument = self.argument(values)
        placed: tuple[Any, ...] = _in_shape(argument, np.arange(1.0, 1.0 + _count(argument)))
        return placed

    def planned(self, values: tuple[Any, ...]) -> Plan:
        """The plan for these arguments, found again where nothing that decides about it has changed."""
        seeds = self.places(values)
        module, outside = self.sets.module(*values, *seeds), self.sets.outside(*values, *seeds)
        for (known, decided_by, key), plan in list(self.kept.items()):
            if known is module and key == _key(values, outside, decided_by):
                return plan
        with counting(_count(self.argument(values))) as table:
            sets, decided_by, by_factors = self.sets(*values, *seeds)
            if table.by_numbers and by_factors is None:
                table.asks_numbers = False
                sets, *_ = self.sets(*values, *seeds)
            elif table.by_numbers:
                decided_by = by_factors
            leaves, structure = flatten(sets)
            rows = [numbers_of(leaf).ravel() for leaf in leaves]
            pattern = _matrix(table, np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64))
        result = structure, tuple(map(np.shape, leaves))
        plan = replace(self.grouped(pattern), decided_by=decided_by, result=result)
        LOGGER.info("%s: %r", self.__name__, plan)
        while len(self.kept) >= MAX_PATTERNS:
            # another thread may have done so by now
            self.kept.pop(next(iter(list(self.kept))), None)
        self.kept[(module, decided_by, _key(values, outside, decided_by))] = plan
        return plan

    def grouped(self, pattern: Matrix) -> Plan:
        """The plan for a pattern."""
        return Plan(pattern, Groups.none(pattern.shape[1]), Groups.none(pattern.shape[0]))


class SparseJacobian(Sparsity[P]):
    """What `sparse_jacobian` gives."""

    suffix = "sparse_jacobian"
    noun = "sparse Jacobian"

    def __init__(
        self, subject: Subject, argnums: Argnums, mode: Mode | None, check: bool, backend: BackendName | None
    ) -> None:
        super().__init__(subject, argnums)
        self.mode, self.check, self.backend = mode, check, backend
        if not subject.is_variadic:
            target, active = self.differentiated(), self.positions
            self.forward = Sweeps(target, Transform("pushforward", active), backend)
            self.reverse = Sweeps(target, Transform("pullback", active, count=active[-1] + 1), backend)

    def again(self, subject: Subject, argnums: Argnums) -> Any:
        return type(self)(subject, argnums, self.mode, self.check, self.backend)

    @public
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Matrix:
        from scipy.sparse import csr_array

        if self.subject.is_variadic:
            return self.spread(args, kwargs)(*args, **kwargs)
        values = self.bound(args, kwargs)
        plan = self.planned(values)
        m, n = plan.pattern.shape
        by_column, sweep, place = plan.found
        structure, shapes = plan.result
        argument = self.argument(values)
        numbers = np.zeros(len(sweep), dtype=_dtype(argument))
        if plan.columns.count:
            rows = self.forward.along(values, plan.columns, argument, m)
            numbers[by_column] = rows[sweep[by_column], place[by_column]]
        if plan.rows.count:
            like = structure.tree(np.zeros(s)[()] for s in shapes)
            rows = self.reverse.along(values, plan.rows, (like,), n)
            numbers[~by_column] = rows[sweep[~by_column], place[~by_column]]
        found = csr_array((numbers, plan.pattern.indices, plan.pattern.indptr), shape=(m, n))
        if self.check:
            self.compare(found, values)
        return self.parts(found, values)

    def compare(self, found: Matrix, values: Sequence[Any]) -> None:
        """Compare a Jacobian with a sweep along a random vector: a number that is missing in it changes the product.

        Raises:
            InternalError: they differ.
        """
        vector = np.random.default_rng(0).uniform(1.0, 2.0, found.shape[1])
        product = self.forward.one(values, self.argument(values), vector)
        size = abs(found) @ np.abs(vector) + np.abs(product)
        # as many roundings as there are numbers in a row, and some
        bound = 1e4 * float(np.finfo(found.dtype).eps) * size
        if not np.all(np.abs(found @ vector - product) <= bound):
            raise InternalError(f"{self.__name__} differs from a derivative along a vector: its pattern lacks a number")

    def shown(self, values: tuple[Any, ...]) -> tuple[Derivative[..., Any], Any]:
        plan = self.planned(values)
        structure, shapes = plan.result
        if plan.columns.count >= plan.rows.count:
            return self.forward.shown(values, self.argument(values))
        return self.reverse.shown(values, (structure.tree(np.zeros(s)[()] for s in shapes),))

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        # how many sweeps there are depends on the lengths of the arguments: of one
        return self.forward.single._generic_text(given)

    def derivatives(self) -> list[Derivative[..., Any]]:
        own = [] if self.subject.is_variadic else [self.forward.many, self.reverse.many]
        return own + super().derivatives()

    def grouped(self, pattern: Matrix) -> Plan:
        empty = super().grouped(pattern)
        if self.mode == "forward":
            return replace(empty, columns=grouped(pattern))
        if self.mode == "reverse":
            return replace(empty, rows=grouped(pattern.T.tocsr()))
        columns, few_rows = by_columns(pattern)
        rows, few_columns = by_columns(pattern.T.tocsr())
        plan = replace(empty, columns=columns, rows=few_rows)
        other = replace(empty, columns=few_columns, rows=rows)
        # where both take as many, forward sweeps store nothing
        return other if other.sweeps < plan.sweeps else plan


class SparseHessian(SparseJacobian[P]):
    """What `sparse_hessian` gives: the Jacobian of a gradient, which is symmetric."""

    suffix = "sparse_hessian"
    noun = "sparse Hessian"

    def differentiated(self) -> Any:
        return Derivative(self.subject, Transform("grad", self.positions, self.one))

    def parts(self, matrix: Matrix, values: Sequence[Any]) -> Any:
        if self.one:
            return matrix
        return tuple(super(SparseHessian, self).parts(matrix[own], values) for own in self.places_of(values))

    def grouped(self, pattern: Matrix) -> Plan:
        both = (pattern + pattern.T).tocsr()
        both.sort_indices()
        return replace(super(SparseJacobian, self).grouped(both), columns=stars(both), symmetric=True)


class Sweeps:
    """Sweeps along many vectors at once, in one mode."""

    def __init__(self, target: Any, transform: Transform, backend: BackendName | None) -> None:
        self.single = Derivative[..., Any](target, transform, backend)
        count = len(self.single.__signature__.parameters)
        self.reverse = transform.kind == "pullback"
        self.positions = transform.argnums
        vectors = 1 if self.reverse else len(self.positions)
        axes = (*(None,) * (count - vectors), *(0,) * vectors)
        many = Transform("vmap", (), False, in_axes=axes)
        self.many = Derivative[..., Any](Derivative(target, transform), many, backend)

    def along(self, values: Sequence[Any], groups: Groups, like: tuple[Any, ...], size: int) -> Any:
        """What the sweeps along the seeds of all groups give, as rows of so many numbers; `like` has their shapes."""
        # of a container: one after the other, as what is in it beside floats is no example
        plain = _is_plain(like)
        together = max(1, MOST_NUMBERS // max(size, len(groups.of), 1)) if plain else 1
        rows = np.zeros((groups.count, size), dtype=_dtype(like))
        for first in range(0, groups.count, together):
            last = min(first + together, groups.count)
            seeds = groups.seeds(first, last)
            if plain:
                rows[first:last] = self.numbers(self.many(*values, *_shaped(like, seeds)), last - first)
            else:
                rows[first] = self.one(values, like, seeds[0])
        return rows

    def one(self, values: Sequence[Any], like: tuple[Any, ...], vector: Any) -> Any:
        """What a sweep along one vector gives, as a vector."""
        return self.numbers(self.single(*values, *_in_shape(like, vector)), 1)[0]

    def shown(self, values: Sequence[Any], like: tuple[Any, ...]) -> tuple[Derivative[..., Any], Any]:
        """The derivative that is emitted, and what it is called with."""
        if _is_plain(like):
            return self.many, (*values, *_shaped(like, np.zeros((2, _count(like)))))
        return self.single, (*values, *_in_shape(like, np.zeros(_count(like))))

    def numbers(self, result: Any, count: int) -> Any:
        """The numbers that sweeps gave, a row for each of them."""
        leaves = flatten(tuple(result[k] for k in self.positions) if self.reverse else result)[0]
        return np.concatenate([np.reshape(leaf, (count, -1)) for leaf in leaves if is_inexact(leaf)], axis=1)


def _is_plain(like: tuple[Any, ...]) -> bool:
    """Whether arguments are floats and arrays, of which there may be many examples."""
    return all(isinstance(x, (float, np.ndarray, np.generic)) for x in like)


def _shaped(like: tuple[Any, ...], seeds: Any) -> list[Any]:
    """Rows of numbers as arrays of the shapes of some floats and arrays, each with a first axis more."""
    ends = np.cumsum([np.size(x) for x in like])
    parts = np.split(seeds, ends[:-1], axis=1)
    return [
        part.reshape(len(seeds), *np.shape(x)).astype(np.result_type(x), copy=False)
        for part, x in zip(parts, like, strict=True)
    ]


def _in_shape(like: Any, vector: Any) -> Any:
    """A vector in the structure, shapes and precision of a tree: the numbers in the places of its floats."""
    leaves, structure = flatten(like)
    ends = np.cumsum([np.size(leaf) if is_inexact(leaf) else 0 for leaf in leaves])
    return structure.tree(
        in_place_of(leaf, lambda: _part(vector, end, leaf))  # noqa: B023  (called at once)
        for leaf, end in zip(leaves, ends, strict=True)
    )


def _part(vector: Any, end: int, leaf: Any) -> Any:
    """The numbers of a leaf, which end at a place of a vector."""
    return vector[end - np.size(leaf) : end].reshape(np.shape(leaf)).astype(np.result_type(leaf))[()]


def _count(tree: Any) -> int:
    return sum(np.size(leaf) for leaf in flatten(tree)[0] if is_inexact(leaf))


def _dtype(tree: Any) -> np.dtype[Any]:
    """The precision that holds all numbers of a tree."""
    floats = [np.result_type(leaf) for leaf in flatten(tree)[0] if is_inexact(leaf)]
    return np.result_type(*floats) if floats else np.dtype(float)


def _matrix(table: Table, rows: Integers) -> Matrix:
    """The pattern as a matrix: a row for each set."""
    from scipy.sparse import csr_array

    lengths, columns = table.expanded(rows)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((np.ones(len(columns), dtype=np.bool), columns, ends), shape=(len(rows), table.count))


def _key(values: Sequence[Any], outside: Sequence[Any], decided_by: Sequence[int]) -> object:
    """What a pattern depends on: the shapes of all arguments, the integers, and the numbers of what decides."""
    known = [_told(v, k in decided_by) for k, v in enumerate(values)]
    return (*known, *(_told(v, -1 in decided_by) for v in outside))


def _told(value: Any, whole: bool) -> object:
    found: list[object] = []
    for leaf in flatten(value)[0]:
        if isinstance(leaf, np.ndarray):
            found.append((leaf.shape, hashlib.blake2b(leaf.tobytes()).digest() if whole else None))
        elif hasattr(leaf, "tocoo"):
            places = leaf.tocoo()
            found.append((leaf.shape, *(hashlib.blake2b(a.tobytes()).digest() for a in (places.row, places.col))))
        elif whole or isinstance(leaf, int):
            found.append(leaf)
    return tuple(found)


of_module(
    __name__,
    refused="sparsity sparse_jacobian sparse_hessian",
    why="how many sweeps there are is known at a call only, and the result is a matrix of SciPy's",
    instead="take s2sad.jacobian, s2sad.jvp or s2sad.hvp inside, or the sparse derivative outside",
)
mark(Sparsity, StandsFor(lambda sparse: sparse_jacobian))
