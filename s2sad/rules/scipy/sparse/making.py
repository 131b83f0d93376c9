"""How sparse matrices are made, of data and places, of diagonals, of blocks: the entries follow the data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from scipy import sparse

from s2sad.errors import UnsupportedCall
from s2sad.ir.builder import Expr, call, known_value
from s2sad.ir.dims import Dim, dim_product, dim_sum, new_dim
from s2sad.ir.primitive import required
from s2sad.ir.sparse import Matrix, UsersCall, of_object, sparse_function
from s2sad.ir.types import SparseType
from s2sad.rules.scipy.sparse.matrices import dense, dim_of, is_number, length, number


def result_type(
    numbers: Any, dims: Any, format: str | None, is_spmatrix: bool = False, dtype: Any = None
) -> SparseType:
    """The type of a matrix that is made."""
    own = np.dtype(float) if numbers is None else np.dtype(numbers)
    return SparseType(own if dtype is None else np.dtype(dtype), tuple(dims), new_dim("k"), format, is_spmatrix)


def in_type(values: Any, t: SparseType) -> Any:
    """Values in the type of the numbers of a matrix."""
    return values if values.dtype == t.numbers else np.astype(values, t.numbers)


def entries_of_array(users: UsersCall, x: Any) -> tuple[Any, Any, Any]:
    """What is not 0 in an array."""
    x = dense(users, x)
    if x.type.rank != 2:
        raise UnsupportedCall(f"a sparse matrix of {x.type}", "make it of an array of two axes, or of data and places")
    rows, cols = call(np.nonzero, x)
    return x[rows, cols], rows, cols


def as_matrix(x: Any) -> Matrix:
    """A matrix, sparse or not, that is put together with others."""
    if isinstance(x, Matrix):
        return x
    raise UnsupportedCall("a dense array among sparse matrices", "make a sparse matrix of it: csr_array(x)")


# Of data and places


def _of_places(users: UsersCall, data: Any, places: Any) -> tuple[Any, Any, Any]:
    rows, cols = places
    return dense(users, data), dense(users, rows), dense(users, cols)


def _of_rows(users: UsersCall, data: Any, indices: Any, indptr: Any) -> tuple[Any, Any, Any]:
    starts = dense(users, indptr)
    counts = starts[1:] - starts[:-1]
    return dense(users, data), call(np.repeat, call(np.arange, np.size(counts)), counts), dense(users, indices)


def _compressed(cls: Any, by_column: bool) -> None:
    is_spmatrix, format = issubclass(cls, sparse.spmatrix), cls(([1.0], ([0], [0]))).format

    @sparse_function(cls)
    def rule(users: UsersCall, arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Matrix:
        dims = None if shape is None else tuple(map(dim_of, shape))
        if isinstance(arg1, Matrix):
            t = result_type(arg1.type.numbers, arg1.type.dims, format, is_spmatrix, dtype)
            return Matrix(users.gives(t), in_type(arg1.values, t), arg1.rows, arg1.cols)
        parts = list(arg1) if isinstance(arg1, tuple) else None
        if parts is not None and len(parts) == 2 and _is_pair(parts[1]):
            values, rows, cols = _of_places(users, *parts)
            dims = dims or (new_dim("m"), new_dim("n"))
        elif parts is not None and len(parts) == 3 and format in ("csr", "csc"):
            values, rows, cols = _of_rows(users, *parts)
            across = dims_of_starts(users, parts[2])
            dims = dims or ((new_dim("m"), across) if by_column else (across, new_dim("n")))
            rows, cols = (cols, rows) if by_column else (rows, cols)
        elif parts is not None and len(parts) == 2:
            t = result_type(None, (dim_of(parts[0]), dim_of(parts[1])), format, is_spmatrix, dtype)
            return of_object(users.gives(t))
        else:
            array = dense(users, arg1)
            values, rows, cols = entries_of_array(users, array)
            assert array.type.shape is not None
            dims = array.type.shape
        if values.dtype is None or values.type.rank != 1:
            raise UnsupportedCall(f"a sparse matrix of {values.type}", "give the data as a vector")
        t = result_type(values.dtype, dims, format, is_spmatrix, dtype)
        return Matrix(users.gives(t), in_type(values, t), rows, cols)


def _is_pair(places: Any) -> bool:
    return isinstance(places, (tuple, list)) or (isinstance(places, Expr) and places.type.is_container)


def dims_of_starts(users: UsersCall, indptr: Any) -> Dim:
    """How many rows have these starts."""
    t = dense(users, indptr).type
    return new_dim("m") if t.shape is None else dim_sum(t.shape[0], 1, -1)


_compressed(sparse.csr_array, False)
_compressed(sparse.csr_matrix, False)
_compressed(sparse.csc_array, True)
_compressed(sparse.csc_matrix, True)
_compressed(sparse.coo_array, False)
_compressed(sparse.coo_matrix, False)


def _refused(users: UsersCall, arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Matrix:
    """`lil_array`, `dok_array`: they are made to be written into."""
    if isinstance(arg1, Matrix) or users.name.endswith(("lil_array", "lil_matrix", "dok_array", "dok_matrix")):
        instead = "collect the data and their places in lists: coo_array((data, (rows, cols)), shape=...)"
        raise UnsupportedCall(f"{users.name} in a function that is differentiated", instead)
    raise UnsupportedCall(f"{users.name} of blocks", "use csr_array")


for _cls in ("lil", "dok", "bsr"):
    sparse_function(getattr(sparse, f"{_cls}_array"), getattr(sparse, f"{_cls}_matrix"), refused=True)(_refused)


# Of diagonals


def of_diagonals(users: UsersCall, data: Any, offsets: Any, t: SparseType) -> Matrix:
    """The matrix whose diagonals are rows of an array, each element in its column."""
    made = users.gives(t)
    data, offsets = dense(users, data), dense(users, offsets)
    if data.type.rank == 1:
        data = np.reshape(data, (1, -1))
    if offsets.type.rank == 0:
        offsets = np.reshape(offsets, (1,))
    cols = call(np.arange, data.shape[1]) + 0 * np.reshape(offsets, (-1, 1))
    rows = cols - np.reshape(offsets, (-1, 1))
    whole = Matrix(made, data, rows, cols)
    inside = (rows >= 0) & (rows < length(whole, 0)) & (cols < length(whole, 1))
    return Matrix(made, in_type(data[inside], t), rows[inside], cols[inside])


def _dia(cls: Any) -> None:
    @sparse_function(cls)
    def rule(users: UsersCall, arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Matrix:
        is_spmatrix = issubclass(cls, sparse.spmatrix)
        if isinstance(arg1, Matrix):
            t = result_type(arg1.type.numbers, arg1.type.dims, "dia", is_spmatrix, dtype)
            return Matrix(users.gives(t), in_type(arg1.values, t), arg1.rows, arg1.cols)
        if not isinstance(arg1, tuple) or len(arg1) != 2 or shape is None:
            raise UnsupportedCall(f"{users.name} of an array", "give data and offsets, and the shape")
        t = result_type(dense(users, arg1[0]).dtype, (dim_of(shape[0]), dim_of(shape[1])), "dia", is_spmatrix, dtype)
        return of_diagonals(users, *arg1, t)


_dia(sparse.dia_array)
_dia(sparse.dia_matrix)


@sparse_function(sparse.spdiags)
def _spdiags(users: UsersCall, data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Matrix:
    if m is None:
        lengths = dense(users, data).type.shape
        dims: Any = (lengths[-1], lengths[-1]) if lengths else (new_dim("m"), new_dim("n"))
    else:
        dims = tuple(map(dim_of, m if n is None else (m, n)))
    return of_diagonals(users, data, diags, result_type(dense(users, data).dtype, dims, format or "dia", True))


def _offsets(users: UsersCall, offsets: Any) -> list[int]:
    """The offsets of diagonals, which are known."""
    found = offsets.operand.value if isinstance(offsets, Expr) and hasattr(offsets.operand, "value") else offsets
    found = found if isinstance(found, (list, tuple, np.ndarray)) else [found]
    try:
        return [int(known_value(k)) for k in found]  # type: ignore[arg-type]
    except TypeError:
        raise UnsupportedCall(f"{users.name} with offsets that are computed", "write them as numbers") from None


def _diags(
    users: UsersCall, diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Matrix:
    """Diagonals, each of its own length."""
    places = _offsets(users, offsets)
    several = isinstance(diagonals, (list, tuple)) or (isinstance(diagonals, Expr) and diagonals.type.is_container)
    single = not several or (not _is_pair(offsets) and is_number((*diagonals, 0)[0]))
    if single and isinstance(diagonals, Expr) and diagonals.type.rank == 2:
        given = [diagonals[k] for k in range(len(places))]
    else:
        given = [dense(users, diagonals)] if single else list(_vector(users, d) for d in diagonals)
    if len(given) != len(places):
        raise UnsupportedCall(f"{users.name} of {len(given)} diagonals and {len(places)} offsets")
    if shape is None:
        lengths = given[0].type.shape
        n = new_dim("n") if not lengths else dim_sum(lengths[0], abs(places[0]))
        dims: tuple[Dim, Dim] = (n, n)
    else:
        dims = (dim_of(shape[0]), dim_of(shape[1]))
    numbers = np.result_type(*(d.dtype or np.dtype(float) for d in given))
    default = dtype if dtype is not None else (numbers if numbers.kind in "fc" else np.dtype(float))
    made = users.gives(result_type(default, dims, format or "dia", "array" not in users.name))
    t = made.type
    rows, cols, values = [], [], []
    for d, k in zip(given, places, strict=True):
        whole = Matrix(made, d, d, d)
        values.append(d if not _is_one(d) else _repeated(d, _length_of_diagonal(whole, k)))
        along = call(np.arange, values[-1].shape[0])
        rows.append(along - k if k < 0 else along)
        cols.append(along + k if k > 0 else along)
    assert isinstance(t, SparseType)
    return Matrix(made, in_type(joined(values, "values"), t), joined(rows, "rows"), joined(cols, "cols"))


def _diags_array(
    users: UsersCall, diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Matrix:
    return _diags(users, diagonals, offsets, shape, format, dtype)


sparse_function(sparse.diags)(_diags)
sparse_function(sparse.diags_array)(_diags_array)


def _vector(users: UsersCall, x: Any) -> Any:
    d = dense(users, x)
    return np.reshape(d, (1,)) if d.type.rank == 0 else d


def _is_one(d: Expr) -> bool:
    return d.type.shape == (1,)


def _repeated(d: Any, count: Any) -> Any:
    return call(np.broadcast_to, d, (count,))


def _length_of_diagonal(a: Matrix, k: int) -> Any:
    m, n = length(a, 0), length(a, 1)
    if a.type.dims[0] == a.type.dims[1]:
        return m - abs(k) if k else m
    down, right = (m + k, n) if k < 0 else (m, n - k)
    return min(down, right) if isinstance(down, int) and isinstance(right, int) else call(np.minimum, down, right)


def joined(parts: Sequence[Any], name: str) -> Any:
    """Vectors in one."""
    if len(parts) == 1:
        return parts[0]
    builder = parts[0].builder
    return builder.expr(builder.apply(required(np.concatenate), [builder.operand(list(parts))], None, name, True))


def _still(users: UsersCall, m: Any, n: Any, format: Any, dtype: Any, is_spmatrix: bool) -> Matrix:
    dims = (dim_of(m), dim_of(m if n is None else n))
    return of_object(users.gives(result_type(np.dtype(float), dims, format or "dia", is_spmatrix, dtype)))


@sparse_function(sparse.eye)
def _eye(users: UsersCall, m: Any, n: Any = None, k: Any = 0, dtype: Any = float, format: Any = None) -> Matrix:
    return _still(users, m, n, format, dtype, True)


@sparse_function(sparse.eye_array)
def _eye_array(
    users: UsersCall, m: Any, n: Any = None, *, k: Any = 0, dtype: Any = float, format: Any = None
) -> Matrix:
    return _still(users, m, n, format, dtype, False)


@sparse_function(sparse.identity)
def _identity(users: UsersCall, n: Any, dtype: Any = "d", format: Any = None) -> Matrix:
    return _still(users, n, None, format, dtype, True)


def _drawn(users: UsersCall, m: Any, n: Any, format: Any, dtype: Any, is_spmatrix: bool) -> Matrix:
    t = result_type(np.dtype(float), (dim_of(m), dim_of(n)), format, is_spmatrix, dtype)
    return of_object(users.gives(t, draws=True))


@sparse_function(sparse.random, sparse.rand)
def _random(
    users: UsersCall, m: Any, n: Any, density: Any = 0.01, format: Any = "coo", dtype: Any = None, **given: Any
) -> Matrix:
    return _drawn(users, m, n, format, dtype, True)


@sparse_function(sparse.random_array)
def _random_array(
    users: UsersCall, shape: Any, *, density: Any = 0.01, format: Any = "coo", dtype: Any = None, **given: Any
) -> Matrix:
    m, n = shape
    return _drawn(users, m, n, format, dtype, False)


# Of others


def is_matrix(*parts: Matrix) -> bool:
    """Whether what is made of several is a matrix in the sense of `np.matrix`: none of them is an array."""
    return all(p.type.is_spmatrix for p in parts)


@sparse_function(sparse.kron)
def _kron(users: UsersCall, A: Any, B: Any, format: Any = None) -> Matrix:
    a, b = as_matrix(A), as_matrix(B)
    numbers = np.result_type(a.type.numbers, b.type.numbers)
    dims = tuple(dim_product([d, e]) for d, e in zip(a.type.dims, b.type.dims, strict=True))
    made = users.gives(result_type(numbers, dims, format, is_matrix(a, b)))

    def every(first: Any, second: Any, count: Any) -> Any:
        apart = np.reshape(np.astype(first, np.dtype(np.int64)) * count, (-1, 1)) + second
        return np.reshape(apart, -1)

    values = np.reshape(np.reshape(a.values, (-1, 1)) * b.values, -1)
    return Matrix(made, values, every(a.rows, b.rows, length(b, 0)), every(a.cols, b.cols, length(b, 1)))


def of_blocks(users: UsersCall, grid: Sequence[Sequence[Matrix | None]], format: Any, dtype: Any = None) -> Matrix:
    """Matrices beside and below each other."""
    placed = [(i, j, b) for i, row in enumerate(grid) for j, b in enumerate(row) if b is not None]
    if not placed:
        raise UnsupportedCall(f"{users.name} of nothing")
    tall = [next(b for b in row if b is not None) for row in grid]
    wide = [next(row[j] for row in grid if row[j] is not None) for j in range(len(grid[0]))]
    builder = placed[0][2].values.builder

    def starts(blocks: Sequence[Any], axis: int) -> list[Any]:
        return list(accumulate((length(b, axis) for b in blocks[:-1]), lambda a, b: a + b, initial=0))

    def moved(places: Any, start: Any) -> Any:
        return places if isinstance(start, int) and start == 0 else places + start

    above, left = starts(tall, 0), starts(wide, 1)
    dims = (_total(tall, 0), _total(wide, 1))
    numbers = np.result_type(*(b.type.numbers for _, _, b in placed))
    is_spmatrix = is_matrix(*(b for _, _, b in placed)) and not users.name.endswith("block_array")
    t = result_type(numbers, dims, format, is_spmatrix, dtype)
    values = joined([in_type(b.values, t) for _, _, b in placed], "values")
    rows = joined([moved(b.rows, above[i]) for i, _, b in placed], "rows")
    cols = joined([moved(b.cols, left[j]) for _, j, b in placed], "cols")
    assert builder is values.builder
    return Matrix(users.gives(t), values, rows, cols)


def _total(blocks: Sequence[Any], axis: int) -> Dim:
    total: Dim = 0
    for b in blocks:
        total = dim_sum(total, b.type.dims[axis])
    return total


def _grid(users: UsersCall, blocks: Any) -> list[list[Matrix | None]]:
    if not isinstance(blocks, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in blocks):
        raise UnsupportedCall(f"{users.name} of what is no list of lists")
    return [[None if b is None or _is_none(b) else as_matrix(b) for b in row] for row in blocks]


def _is_none(x: Any) -> bool:
    return isinstance(x, Expr) and getattr(x.operand, "value", 0) is None


@sparse_function(sparse.block_array)
def _block_array(users: UsersCall, blocks: Any, *, format: Any = None, dtype: Any = None) -> Matrix:
    return of_blocks(users, _grid(users, blocks), format, dtype)


@sparse_function(sparse.bmat)
def _bmat(users: UsersCall, blocks: Any, format: Any = None, dtype: Any = None) -> Matrix:
    return of_blocks(users, _grid(users, blocks), format, dtype)


@sparse_function(sparse.hstack)
def _hstack(users: UsersCall, blocks: Any, format: Any = None, dtype: Any = None) -> Matrix:
    return of_blocks(users, [list(map(as_matrix, blocks))], format, dtype)


@sparse_function(sparse.vstack)
def _vstack(users: UsersCall, blocks: Any, format: Any = None, dtype: Any = None) -> Matrix:
    return of_blocks(users, [[as_matrix(b)] for b in blocks], format, dtype)


@sparse_function(sparse.block_diag)
def _block_diag(users: UsersCall, mats: Any, format: Any = None, dtype: Any = None) -> Matrix:
    found = list(map(as_matrix, mats))
    grid = [[b if i == j else None for j in range(len(found))] for i, b in enumerate(found)]
    return of_blocks(users, grid, format or "coo", dtype)


# Triangles


def _triangle(lower: bool) -> Any:
    def rule(users: UsersCall, A: Any, k: Any = 0, format: Any = None) -> Matrix:
        a = as_matrix(A)
        inside = a.cols - a.rows <= k if lower else a.cols - a.rows >= k
        made = users.gives(result_type(a.type.numbers, a.type.dims, format or "coo", a.type.is_spmatrix))
        return Matrix(made, a.values[inside], a.rows[inside], a.cols[inside])

    return rule


sparse_function(sparse.tril)(_triangle(True))
sparse_function(sparse.triu)(_triangle(False))


# Questions


@sparse_function(sparse.issparse)
def _issparse(users: UsersCall, x: Any) -> Any:
    return number(users.builder, isinstance(x, Matrix))
