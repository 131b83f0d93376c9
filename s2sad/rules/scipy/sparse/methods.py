"""The operators, methods and attributes of sparse matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.builder import Expr, call
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.sparse import Dense, Matrix, UsersCall, of_object, op, part, sparse_method
from s2sad.ir.types import ContainerType, array, integer
from s2sad.rules.scipy.sparse.lines import line_of, line_type
from s2sad.rules.scipy.sparse.making import in_type, joined
from s2sad.rules.scipy.sparse.matrices import (
    STORED,
    as_array,
    dense,
    distinct,
    elements,
    is_number,
    length,
    number,
    product,
    product_type,
    same,
    sums,
    transposed,
    with_places_of_product,
)


def _with_values(users: UsersCall, a: Matrix, values: Any, format: str | None = None) -> Matrix:
    """A matrix of the same places; its format is not known where that is an empty text."""
    kept = (a.type.format if format is None else format) or None
    t = replace(a.type, numbers=values.dtype or np.dtype(float), count=new_dim("k"), format=kept)
    return Matrix(users.gives(t), values, a.rows, a.cols)


# Sums and products


@sparse_method("__add__", "__radd__")
def _add(users: UsersCall, a: Matrix, other: Any) -> Any:
    return _summed(users, a, other, 1, 1)


@sparse_method("__sub__")
def _sub(users: UsersCall, a: Matrix, other: Any) -> Any:
    return _summed(users, a, other, 1, -1)


@sparse_method("__rsub__")
def _rsub(users: UsersCall, a: Matrix, other: Any) -> Any:
    return _summed(users, a, other, -1, 1)


def _summed(users: UsersCall, a: Matrix, b: Any, first: int, second: int) -> Any:
    def signed(x: Any, sign: int) -> Any:
        return -x if sign < 0 else x

    if is_number(b):
        if (b.known if isinstance(b, Expr) else b) == 0:
            return a if first > 0 else _with_values(users, a, -a.values)
        raise UnsupportedType("a number and a sparse matrix are added", "SciPy does not add them: use A.toarray()")
    if not isinstance(b, Matrix):
        if a.type.is_spmatrix:
            raise _gives_matrix("the sum of a sparse matrix and an array")
        whole = signed(as_array(a), first) + signed(dense(users, b), second)
        return same(users.gives(whole.type), whole)
    t = replace(
        a.type,
        numbers=np.result_type(a.type.numbers, b.type.numbers),
        count=new_dim("k"),
        format=_format_of_sum(a.type.format, b.type.format),
    )
    values = joined([in_type(signed(a.values, first), t), in_type(signed(b.values, second), t)], "values")
    return Matrix(users.gives(t), values, joined([a.rows, b.rows], "rows"), joined([a.cols, b.cols], "cols"))


def _format_of_sum(first: str | None, second: str | None) -> str | None:
    """Of rows or columns as the first is; of diagonals where both are."""
    if first in ("csr", "csc") or first == second == "dia":
        return first
    return "csr" if first in ("coo", "dia") and second in ("csr", "coo") else None


def _gives_matrix(what: str) -> UnsupportedCall:
    return UnsupportedCall(f"{what} is a np.matrix", "use csr_array, or A.toarray()")


@sparse_method("__neg__")
def _neg(users: UsersCall, a: Matrix) -> Matrix:
    return _with_values(users, a, -a.values)


@sparse_method("__pos__", "copy")
def _copy(users: UsersCall, a: Matrix) -> Matrix:
    return Matrix(users.gives(a.type), a.values, a.rows, a.cols)


@sparse_method("__matmul__", "dot")
def _matmul(users: UsersCall, a: Matrix, other: Any) -> Any:
    if is_number(other):
        return _scaled(users, a, other)
    if isinstance(other, Matrix):
        return product_of_two(users, a, other)
    x = dense(users, other)
    return product(a, x, users.gives(product_type(a, x)))


@sparse_method("__rmatmul__")
def _rmatmul(users: UsersCall, a: Matrix, other: Any) -> Any:
    x, turned = dense(users, other), transposed(a)
    if x.type.rank == 1:
        return product(turned, x, users.gives(product_type(turned, x)))
    found = product(turned, x.T).T
    return same(users.gives(found.type), found)


def product_of_two(users: UsersCall, a: Matrix, b: Matrix) -> Matrix:
    """The product of two sparse matrices."""
    t = replace(
        a.type,
        numbers=np.result_type(a.type.numbers, b.type.numbers),
        dims=(a.type.dims[0], b.type.dims[1]),
        count=new_dim("k"),
        format=_format_of_sum(a.type.format, b.type.format),
    )
    return with_places_of_product(users.gives(t), a, b)


@sparse_method("__mul__", "__rmul__")
def _mul(users: UsersCall, a: Matrix, other: Any) -> Any:
    if is_number(other):
        return _scaled(users, a, other)
    if a.type.is_spmatrix:
        if users.text.startswith("_1"):
            raise UnsupportedCall("an array times a sparse matrix, by `*`", "write x @ A")
        return _matmul(users, a, other)
    return _multiply(users, a, other)


def _scaled(users: UsersCall, a: Matrix, factor: Any) -> Matrix:
    return _with_values(users, a, a.values * factor)


@sparse_method("__truediv__")
def _truediv(users: UsersCall, a: Matrix, other: Any) -> Matrix:
    if not is_number(other):
        raise UnsupportedCall("a sparse matrix divided by an array", "write A.multiply(1 / x)")
    return _with_values(users, a, a.values / other)


@sparse_method("multiply")
def _multiply(users: UsersCall, a: Matrix, other: Any) -> Matrix:
    if is_number(other):
        return _scaled(users, a, other)
    if isinstance(other, Matrix):
        if any((d == 1) != (e == 1) for d, e in zip(a.type.dims, other.type.dims, strict=True)):
            raise UnsupportedType("sparse matrices of two shapes are multiplied element by element", "use diags")
        values = a.values * elements(other, a.rows, a.cols)
        return _with_values(users, a, values, a.type.format if a.type.format in ("csr", "csc") else "")
    x = dense(users, other)
    if x.type.rank == 1:
        factors = x[a.cols]
    elif x.type.shape is not None and len(x.type.shape) == 2:
        by_row, by_column = (d == 1 for d in x.type.shape)
        factors = x[0, a.cols] if by_row else x[a.rows, 0] if by_column else x[a.rows, a.cols]
    else:
        raise UnsupportedType(f"a sparse matrix is multiplied by {x.type}")
    return _with_values(users, a, a.values * factors, "")


@sparse_method("__pow__")
def _pow(users: UsersCall, a: Matrix, other: Any) -> Any:
    if a.type.is_spmatrix:
        raise UnsupportedCall("a power of a sparse matrix, by **", "write the product, A @ A")
    return _power(users, a, other)


# Functions of the elements


@sparse_method("power")
def _power(users: UsersCall, a: Matrix, n: Any, dtype: Any = None) -> Matrix:
    one = distinct(a)
    return _with_values(users, one, one.values**n)


def _of_elements(name: str, function: Callable[..., Any]) -> None:
    @sparse_method(name)
    def rule(users: UsersCall, a: Matrix) -> Matrix:
        one = distinct(a)
        return _with_values(users, one, function(one.values))


for _name in (
    *("sqrt", "sin", "sinh", "tan", "tanh", "arcsin", "arcsinh", "arctan", "arctanh", "expm1", "log1p"),
    *("sign", "floor", "ceil", "rint", "trunc", "deg2rad", "rad2deg"),
):
    _of_elements(_name, getattr(np, _name))
_of_elements("__abs__", np.abs)


@sparse_method("conj", "conjugate")
def _conj(users: UsersCall, a: Matrix, copy: bool = True) -> Matrix:
    return _with_values(users, a, np.conj(a.values) if a.values.type.is_complex else a.values)


@sparse_method("astype")
def _astype(users: UsersCall, a: Matrix, dtype: Any, casting: Any = "unsafe", copy: bool = True) -> Matrix:
    t = replace(a.type, numbers=np.dtype(dtype))
    return Matrix(users.gives(t), in_type(a.values, t), a.rows, a.cols)


# Another form


@sparse_method("T")
def _turned(users: UsersCall, a: Matrix) -> Matrix:
    return transposed(a)


@sparse_method("transpose")
def _transpose(users: UsersCall, a: Matrix, axes: Any = None, copy: bool = False) -> Matrix:
    return transposed(a)


def _converted(format: str) -> None:
    @sparse_method(f"to{format}")
    def rule(users: UsersCall, a: Matrix, copy: bool = False) -> Any:
        return _asformat(users, a, format)


@sparse_method("asformat")
def _asformat(users: UsersCall, a: Matrix, format: Any, copy: bool = False) -> Matrix:
    if format is None or format == a.type.format:
        return a
    return Matrix(users.gives(replace(a.type, count=new_dim("k"), format=format)), a.values, a.rows, a.cols)


for _format in ("csr", "csc", "coo", "dia", "bsr"):
    _converted(_format)


@sparse_method("tolil", "todok")
def _to_written(users: UsersCall, a: Matrix, copy: bool = False) -> Matrix:
    raise UnsupportedCall("a sparse matrix to be written into", "make it of data and places: coo_array")


@sparse_method("toarray")
def _toarray(users: UsersCall, a: Matrix) -> Any:
    return as_array(a, users.gives(array(a.type.numbers, a.type.dims)))


@sparse_method("todense")
def _todense(users: UsersCall, a: Matrix) -> Any:
    if a.type.is_spmatrix:
        return Dense(as_array(a, users.gives_array(array(a.type.numbers, a.type.dims))))
    return _toarray(users, a)


# Reductions


@sparse_method("sum")
def _sum(users: UsersCall, a: Matrix, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return _reduced(users, a, _along(a, axis), axis)


def _reduced(users: UsersCall, a: Matrix, found: Any, axis: Any) -> Any:
    """A number, or a vector; of a matrix a row or column of a `np.matrix`."""
    if axis is None or not a.type.is_spmatrix:
        return same(users.gives(found.type), found)
    found = np.reshape(found, (-1, 1) if axis in (1, -1) else (1, -1))
    return Dense(same(users.gives_array(found.type), found))


@sparse_method("mean")
def _mean(users: UsersCall, a: Matrix, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    found = _along(a, axis)
    count = length(a, 0) * length(a, 1) if axis is None else length(a, axis)
    return _reduced(users, a, found / count, axis)


def _along(a: Matrix, axis: Any) -> Any:
    if axis is None:
        return np.sum(a.values)
    if axis not in (0, 1, -1, -2):
        raise UnsupportedType("the sum of a sparse matrix along such an axis")
    row = axis in (1, -1)
    return sums(a.values, a.rows if row else a.cols, length(a, 0 if row else 1))


@sparse_method("diagonal")
def _diagonal(users: UsersCall, a: Matrix, k: Any = 0) -> Any:
    if not isinstance(k, (int, np.integer)):
        raise UnsupportedType("a diagonal whose number is computed", "write it as a number")
    t = array(a.type.numbers, (_diagonal_dim(a.type.dims, k),))
    given = users.gives(t)
    on = a.cols - a.rows == k
    places = a.rows if k >= 0 else a.cols
    count = given.shape[0]
    return same(given, sums(a.values[on], places[on], count))


def _diagonal_dim(dims: tuple[Dim, Dim], k: Any) -> Dim:
    m, n = dims
    if k == 0 and (m == n or (isinstance(m, int) and isinstance(n, int))):
        return m if m == n else min(int(m), int(n))  # type: ignore[arg-type]
    return new_dim("k")


@sparse_method("trace")
def _trace(users: UsersCall, a: Matrix, offset: Any = 0) -> Any:
    found = np.sum(a.values[a.cols - a.rows == offset])
    return same(users.gives(found.type), found)


# Elements and parts


@sparse_method("__getitem__")
def _getitem(users: UsersCall, a: Matrix, index: Any) -> Any:
    row, column = _two(index)
    places = [_places(users, a, row, 0), _places(users, a, column, 1)]
    if all(kind == "number" for kind, _ in places):
        (_, i), (_, j) = places
        found = np.sum(a.values[(a.rows == i) & (a.cols == j)])
        return same(users.gives(found.type), found)
    if any(kind == "number" for kind, _ in places) and not a.type.is_spmatrix:
        is_row = places[0][0] == "number"
        (_, fixed), (_, others) = places if is_row else places[::-1]
        made = users.gives(line_type(a, others.type.shape[0], new_dim("k")))
        return line_of(made, a, fixed, others, is_row)
    if all(kind == "array" for kind, _ in places):
        if a.type.is_spmatrix:
            raise _gives_matrix("A[rows, cols]")
        (_, i), (_, j) = places
        return elements(a, i, j, users.gives(array(a.type.numbers, i.type.shape)))
    rows, cols = (call(np.reshape, p, (1,)) if kind == "number" else p for kind, p in places)
    dims: Any = (rows.type.shape[0], cols.type.shape[0])
    made = users.gives(replace(a.type, dims=dims, count=new_dim("k")))
    there = of_object(made)
    return Matrix(made, elements(a, rows[there.rows], cols[there.cols]), there.rows, there.cols)


def _two(index: Any) -> tuple[Any, Any]:
    whole = slice(None)
    found = tuple(index) if isinstance(index, (tuple, list)) and not _is_list(index) else (index,)
    if any(i is Ellipsis or i is None for i in found) or len(found) > 2:
        raise UnsupportedType("a sparse matrix is indexed with other than rows and columns")
    return (*found, whole)[0], (*found, whole)[1]


def _is_list(index: Any) -> bool:
    return isinstance(index, list)


def _places(users: UsersCall, a: Matrix, index: Any, axis: int) -> tuple[str, Any]:
    """What an index takes of the rows or columns: a number, or numbers in a vector."""
    count = length(a, axis)
    builder = a.values.builder
    if isinstance(index, slice):
        every = builder.call(np.arange, count)
        return "slice", every if index == slice(None) else every[index]
    if is_number(index):
        known = index.known if isinstance(index, Expr) else index
        if known is not None:
            return "number", number(builder, known) if known >= 0 else builder.expr(builder.operand(count)) + known
        return "number", index % count
    index = dense(users, index)
    if index.type.is_mask:
        return "array", call(np.nonzero, index)[0]
    if index.type.rank != 1:
        raise UnsupportedType(f"a sparse matrix is indexed with {index.type}")
    return "array", index % count


@sparse_method("getrow")
def _getrow(users: UsersCall, a: Matrix, i: Any) -> Any:
    return _getitem(users, a, (i, slice(None)))


@sparse_method("getcol")
def _getcol(users: UsersCall, a: Matrix, j: Any) -> Any:
    return _getitem(users, a, (slice(None), j))


# Attributes


@sparse_method("shape")
def _shape(users: UsersCall, a: Matrix) -> tuple[Any, Any]:
    return length(a, 0), length(a, 1)


@sparse_method("get_shape")
def _get_shape(users: UsersCall, a: Matrix) -> Any:
    return _shape(users, a)


@sparse_method("ndim")
def _ndim(users: UsersCall, a: Matrix) -> int:
    return 2


@sparse_method("dtype")
def _dtype(users: UsersCall, a: Matrix) -> Any:
    return a.type.numbers


@sparse_method("format")
def _format_of(users: UsersCall, a: Matrix) -> Any:
    if a.type.format is None:
        raise UnsupportedType("the format of a sparse matrix that may have one or another", "convert it: A.tocsr()")
    return a.type.format


@sparse_method("nnz", "size")
def _nnz(users: UsersCall, a: Matrix) -> Any:
    return users.gives(integer(new_dim("k")))


@sparse_method("nonzero")
def _nonzero(users: UsersCall, a: Matrix) -> Any:
    places = array(np.dtype(np.int64), (new_dim("k"),))
    whole = users.gives(ContainerType(tuple, (0, 1), (places, places)))
    return whole[0], whole[1]


@sparse_method("count_nonzero", "getnnz")
def _count(users: UsersCall, a: Matrix) -> Any:
    return users.gives(integer(new_dim("k")))


def _attribute(name: str) -> None:
    @sparse_method(name)
    def rule(users: UsersCall, a: Matrix) -> Any:
        return part(a.object, name)


for _name in ("indices", "indptr", "row", "col", "offsets"):
    _attribute(_name)


@sparse_method("coords")
def _coords(users: UsersCall, a: Matrix) -> tuple[Any, Any]:
    return part(a.object, "row"), part(a.object, "col")


@sparse_method("data")
def _data(users: UsersCall, a: Matrix) -> Any:
    if a.type.format not in ("csr", "csc"):
        raise UnsupportedCall("A.data of a matrix whose format is not csr or csc", "write A.tocsr().data")
    there = of_object(a.object)
    return elements(a, there.rows, there.cols, op(STORED, a.object))
