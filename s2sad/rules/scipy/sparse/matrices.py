"""What all rules of sparse matrices are made of: entries, products, elements, and their transposes.

    y = A @ x           v_bar = y_bar[rows] * x[cols],  x_bar = A.T @ y_bar
    s = A[i, j]         v_bar = S[rows, cols], where S has s_bar at i, j
    v = S[rows, cols]   is the transpose of that: no map of places is kept

Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008), restricted
to the entries of a matrix.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.sparse import AS_COO, Factors, Line, Matrix, UsersCall, op, part, sparse_type
from s2sad.ir.types import ArrayType, SparseType, Type, array, integer
from s2sad.ir.values import constant
from s2sad.rules.contributions import cast, fit


def _plain(
    name: str, function: Any, type_rule: Any, spelling: Any, light: bool = False, effect: Effect = Effect.FRESH
) -> Primitive:
    """What SciPy computes, without a derivative: its result is called by the last word."""
    called_as = name.rpartition(" ")[2]
    facts: Any = {"constant": True, "effect": effect, "spelling": spelling, "light": light, "called_as": called_as}
    return register(Primitive(name, function, type_rule, **facts))


# Objects


def _transposed_type(a: Type, /) -> Type:
    t = sparse_type(a)
    turned = {"csr": "csc", "csc": "csr"}
    return replace(t, dims=t.dims[::-1], format=turned.get(t.format or "", t.format))


_TRANSPOSED = _plain("sparse transposed", lambda a: a.T, _transposed_type, "_0.T", True, Effect.VIEW)
_AS_CSC = _plain(
    "sparse csc", lambda a: a.tocsc(), lambda a, /: replace(a, format="csc"), "_0.tocsc()", effect=Effect.VIEW
)


_LENGTH = _plain(
    "sparse length",
    lambda a, axis: a.shape[axis],
    lambda a, /, axis: integer(a.dims[axis]),
    lambda a, axis: f"_0.shape[{axis}]",
    light=True,
)


def _made_type(values: Type, rows: Type, cols: Type, like: Type, /) -> Type:
    count = values.shape[0] if values.shape else new_dim("k")
    return SparseType(values.dtype or np.dtype(float), sparse_type(like).dims, count, "coo")


_MADE = _plain(
    "sparse matrix",
    lambda values, rows, cols, like: sparse.coo_array((values, (rows, cols)), shape=like.shape),
    _made_type,
    "scipy.sparse.coo_array((_0, (_1, _2)), shape=_3.shape)",
)


def transposed(a: Matrix) -> Matrix:
    """The transpose."""
    return Matrix(op(_TRANSPOSED, a.object), a.values, a.cols, a.rows)


def as_csc(a: Any) -> Any:
    """The object, as one of columns."""
    return a if sparse_type(a.type).format == "csc" else op(_AS_CSC, a)


def with_entries(values: Any, rows: Any, cols: Any, like: Any) -> Matrix:
    """The matrix of these entries, of the shape of another one."""
    return Matrix(op(_MADE, values, rows, cols, like), values, rows, cols)


def moved(a: Matrix, values_dot: Any) -> Matrix:
    """The tangent of a matrix."""
    return with_entries(values_dot, a.rows, a.cols, a.object)


def length(a: Matrix, axis: int) -> Any:
    """The number of rows, or of columns."""
    known = a.type.dims[axis]
    return known if isinstance(known, int) else op(_LENGTH, a.object, axis=axis)


def dim_of(x: Any) -> Dim:
    """A length as a dimension."""
    if isinstance(x, (int, np.integer)):
        return int(x)
    if isinstance(x, Expr) and x.known is not None:
        return int(x.known)
    return x.type.size if isinstance(x, Expr) and x.type.size is not None else new_dim("n")


# A result as SciPy gives it, and as it depends on the entries

_SAME = Primitive(
    "sparse same",
    lambda given, meant: given,
    lambda given, meant, /: given,
    tangent=lambda y, xs, dots: dots[1],
    adjoint=lambda g, y, xs, active: (None, fit(g, xs[1])),
    effect=Effect.VIEW,
    spelling="_0",
    transparent=True,
)


def same(given: Any, meant: Any) -> Any:
    """What SciPy gives, with the derivative of what it is equal to."""
    return op(_SAME, given, meant)


_ALIKE = Primitive(
    "sparse alike",
    lambda bar, values: bar,
    lambda bar, values, /: array(bar.dtype, values.shape),
    tangent=lambda y, xs, dots: dots[0],
    adjoint=lambda g, y, xs, active: (g, None),
    effect=Effect.VIEW,
    spelling="_0",
    transparent=True,
)


def bar_of(values: Any, bar: Any) -> Any:
    """What belongs to the values: as many numbers, of their type."""
    return op(_ALIKE, cast(bar, values.type), values)


def result(name: str, tangent: Any, adjoint: Any) -> Primitive:
    """What SciPy gives, as the first operand, with its derivative by the others."""
    return Primitive(
        name,
        lambda given, *_: given,
        lambda given, /, *_: given,
        tangent=tangent,
        adjoint=adjoint,
        effect=Effect.VIEW,
        spelling="_0",
        transparent=True,
    )


# Numbers summed by their places


def _sums_type(values: Type, places: Type, size: Type, /) -> Type:
    return array(np.dtype(float), (size.size if size.size is not None else new_dim("n"),))


_SUMS: Primitive = Primitive(
    "sparse sums",
    lambda values, places, size: np.bincount(places, values, size),
    _sums_type,
    tangent=lambda y, xs, dots: op(_SUMS, dots[0], *xs[1:]),
    adjoint=lambda g, y, xs, active: (bar_of(xs[0], g[xs[1]]), None, None),
    spelling="np.bincount(_1, _0, _2)",
)


def sums(values: Any, places: Any, size: Any) -> Any:
    """The sums of the values at each place."""
    if values.type.is_complex:
        return sums(np.real(values), places, size) + 1j * sums(np.imag(values), places, size)
    found: Any = op(_SUMS, values, places, size)
    return found if values.dtype in (None, np.dtype(float)) else np.astype(found, values.dtype)


# Products with arrays


def dense(users: UsersCall, x: Any) -> Any:
    """A list of numbers as an array."""
    if isinstance(x, (Matrix, Line, Factors)):
        raise UnsupportedType("a sparse matrix where an array is expected", "make an array of it: x.toarray()")
    if isinstance(x, Expr):
        return users.builder.call(np.array, x) if x.type.is_sequence else x
    if isinstance(x, (list, tuple)):
        return users.builder.call(np.array, x)
    return users.builder.expr(constant(x))


def _product_type(a: Type, x: Type, /) -> Type:
    t = sparse_type(a)
    if x.rank not in (1, 2):
        raise UnsupportedType(f"the product of a sparse matrix with {x}", "multiply by a vector, or by a matrix")
    assert x.shape is not None
    return array(np.result_type(t.numbers, x.dtype or float), (t.dims[0], *x.shape[1:]))


_PRODUCT_GIVEN = _plain("given product", lambda a, x: a @ x, _product_type, "_0 @ _1")


def pairs(left: Any, right: Any, rows: Any, cols: Any) -> Any:
    """The elements of an outer product, or of a sum of these, at some places."""
    found = left[rows] * right[cols]
    return found if found.type.rank == 1 else np.sum(found, axis=1)


def _product_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, x = Matrix(*xs[1:5]), xs[5]
    found = [product(moved(a, dots[2]), x)] if dots[2] is not None else []
    found += [product(a, dots[5])] if dots[5] is not None else []
    return sum(found[1:], found[0])


def _product_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, x = Matrix(*xs[1:5]), xs[5]
    values = bar_of(a.values, pairs(g, x, a.rows, a.cols)) if active[2] else None
    return None, None, values, None, None, fit(product(transposed(a), g), x) if active[5] else None


_PRODUCT = result("sparse product", _product_tangent, _product_adjoint)


def product(a: Matrix, x: Any, given: Any = None) -> Any:
    """A matrix times a vector, or a dense matrix."""
    given = op(_PRODUCT_GIVEN, a.object, x) if given is None else given
    return op(_PRODUCT, given, a.object, a.values, a.rows, a.cols, x)


def product_type(a: Matrix, x: Any) -> Type:
    """The type of such a product."""
    return _product_type(a.type, x.type)


# Elements


def _elements_type(a: Type, rows: Type, cols: Type, /) -> Type:
    assert isinstance(rows, ArrayType)
    return array(sparse_type(a).numbers, rows.shape)


_ELEMENTS_GIVEN = _plain(
    "given elements",
    lambda a, rows, cols: sparse.csr_array(a)[rows, cols],
    _elements_type,
    lambda a, rows, cols: "_0[_1, _2]" if a.format in ("csr", "csc") and not a.is_spmatrix else _ELEMENTS_TEXT,
)
_ELEMENTS_TEXT = "scipy.sparse.csr_array(_0)[_1, _2]"


def _elements_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a = Matrix(*xs[1:5])
    return elements(moved(a, dots[2]), xs[5], xs[6])


def _elements_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a = Matrix(*xs[1:5])
    taken = with_entries(g, xs[5], xs[6], a.object)
    return None, None, bar_of(a.values, elements(taken, a.rows, a.cols)), None, None, None, None


_ELEMENTS = result("sparse elements", _elements_tangent, _elements_adjoint)


def elements(a: Matrix, rows: Any, cols: Any, given: Any = None) -> Any:
    """The elements at places, in a vector."""
    given = op(_ELEMENTS_GIVEN, a.object, rows, cols) if given is None else given
    return op(_ELEMENTS, given, a.object, a.values, a.rows, a.cols, rows, cols)


# As an array


def _dense_type(a: Type, /) -> Type:
    t = sparse_type(a)
    return array(t.numbers, t.dims)


_DENSE_GIVEN = _plain("given dense", lambda a: a.toarray(), _dense_type, "_0.toarray()")
_DENSE = result(
    "sparse dense",
    lambda y, xs, dots: as_array(moved(Matrix(*xs[1:]), dots[2])),
    lambda g, y, xs, active: (None, None, bar_of(xs[2], g[xs[3], xs[4]]), None, None),
)


def as_array(a: Matrix, given: Any = None) -> Any:
    """The matrix as an array of all its elements."""
    given = op(_DENSE_GIVEN, a.object) if given is None else given
    return op(_DENSE, given, a.object, a.values, a.rows, a.cols)


# One entry for each place

_DISTINCT = _plain(
    "sparse places",
    lambda rows, cols, like: sparse.csr_array((np.ones(len(rows)), (rows, cols)), shape=like.shape).tocoo(),
    lambda rows, cols, like, /: SparseType(np.dtype(float), sparse_type(like).dims, new_dim("k"), "coo"),
    "scipy.sparse.csr_array((np.ones(len(_0)), (_0, _1)), shape=_2.shape).tocoo()",
)


def distinct(a: Matrix) -> Matrix:
    """The matrix with one entry at each place."""
    places = op(_DISTINCT, a.rows, a.cols, a.object)
    rows, cols = part(places, "row"), part(places, "col")
    return Matrix(a.object, elements(a, rows, cols), rows, cols)


# The product of two


def _pattern(rows: Any, cols: Any, like: Any) -> Any:
    return sparse.csr_array((np.ones(len(rows)), (rows, cols)), shape=like.shape)


_PATTERN = _plain(
    "sparse pattern",
    _pattern,
    lambda rows, cols, like, /: SparseType(np.dtype(float), sparse_type(like).dims, new_dim("k"), "csr"),
    "scipy.sparse.csr_array((np.ones(len(_0)), (_0, _1)), shape=_2.shape)",
)
_TIMES = _plain(
    "sparse matrices product",
    lambda a, b: a @ b,
    lambda a, b, /: SparseType(np.result_type(a.numbers, b.numbers), (a.dims[0], b.dims[1]), new_dim("k"), None),
    "_0 @ _1",
)


def _of_product_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, b, places = Matrix(*xs[1:5]), Matrix(*xs[5:9]), xs[9:11]
    found = [elements_of_product(moved(a, dots[2]), b, *places)] if dots[2] is not None else []
    found += [elements_of_product(a, moved(b, dots[6]), *places)] if dots[6] is not None else []
    return sum(found[1:], found[0])


def _of_product_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, b = Matrix(*xs[1:5]), Matrix(*xs[5:9])
    bar = with_entries(g, xs[9], xs[10], xs[11])
    bars: list[Any] = [None] * len(xs)
    if active[2]:
        bars[2] = bar_of(a.values, elements_of_product(bar, transposed(b), a.rows, a.cols))
    if active[6]:
        bars[6] = bar_of(b.values, elements_of_product(transposed(a), bar, b.rows, b.cols))
    return tuple(bars)


_OF_PRODUCT = result("sparse elements of product", _of_product_tangent, _of_product_adjoint)


def elements_of_product(a: Matrix, b: Matrix, rows: Any, cols: Any, given: Any = None) -> Any:
    """The elements of the product of two matrices at places."""
    whole = op(_TIMES, a.object, b.object) if given is None else given
    found = op(_ELEMENTS_GIVEN, whole, rows, cols)
    return op(_OF_PRODUCT, found, *_parts(a), *_parts(b), rows, cols, whole)


def _parts(a: Matrix) -> tuple[Any, Any, Any, Any]:
    return a.object, a.values, a.rows, a.cols


def with_places_of_product(given: Any, a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices, an entry at each place that it may have: SciPy leaves out what happens to be 0."""
    factors = [op(_PATTERN, m.rows, m.cols, m.object) for m in (a, b)]
    places = op(AS_COO, op(_TIMES, *factors))
    rows, cols = part(places, "row"), part(places, "col")
    return Matrix(given, elements_of_product(a, b, rows, cols, given), rows, cols)


# What is stored


def stored_numbers(a: Any) -> Any:
    """The numbers that a sparse matrix stores, one for each place."""
    if not a.sorted_indices().has_canonical_format:
        raise ValueError("a sparse matrix stores several numbers for one place: their sum is what depends on the data")
    return a.data


STORED = register(
    Primitive(
        "stored_numbers",
        stored_numbers,
        lambda a, /: array(sparse_type(a).numbers, (sparse_type(a).count,)),
        constant=True,
        effect=Effect.VIEW,
        helper=True,
    )
)


def is_number(x: Any) -> bool:
    """Whether something is one number."""
    return isinstance(x, (int, float, complex, np.number)) or (isinstance(x, Expr) and x.type.rank == 0)


def number(builder: Any, value: Any) -> Any:
    """A number in a program."""
    return builder.expr(constant(value))
