"""Sparse matrices of SciPy: the object, and the entries by which its numbers move. The book of what is done with them.

    A = csr_array((v, (i, j)), shape=(n, n))      the object A, and its entries: v[k] at i[k], j[k]
    y = A @ x                                     v_bar = y_bar[i] * x[j];  x_bar = A.T @ y_bar

A matrix is the sum of its entries, of which several may stand at one place. The object is what SciPy makes of the
user's calls, and no derivative is asked of it. No array of all places is ever made: what belongs to the entries is an
array beside them.

A row says what a function or method of SciPy gives: its rule takes the call itself, which gives what SciPy makes once
its type is known, and the arguments, with a `Matrix` for each that is sparse.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.dims import new_dim
from s2sad.ir.late import load_late_for
from s2sad.ir.primitive import Effect, Primitive, Quantity, register
from s2sad.ir.types import SparseType, Type, array
from s2sad.ir.values import Apply, Operand

Rule: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A sparse matrix: the object, and its entries."""

    object: Quantity
    values: Quantity
    rows: Quantity
    cols: Quantity

    @property
    def type(self) -> SparseType:
        """The type of the object."""
        found = self.object.type
        assert isinstance(found, SparseType)
        return found


FACTORS = "factors"
"""In the place of a format: the object solves with a matrix that is factorised."""


@dataclass(frozen=True, eq=False)
class Factors:
    """A matrix that is factorised: the object that solves with it."""

    object: Quantity
    matrix: Matrix


LINE = "line"
"""In the place of a format: the object is a row or column, a sparse vector."""


@dataclass(frozen=True, eq=False)
class Line:
    """A row or column of a sparse array: the object, and its entries."""

    object: Quantity
    values: Quantity
    places: Quantity


@dataclass(frozen=True, eq=False)
class Dense:
    """What SciPy gives as a `np.matrix`: an array of two axes, which is to be read as one."""

    array: Quantity


@dataclass(frozen=True, eq=False)
class UsersCall:
    """A call as the user wrote it: `text` over its operands `_0, _1, ...`."""

    builder: Builder
    name: str
    text: str
    operands: Sequence[Operand]
    function: Callable[..., Any]
    hint: str | None = None
    """The name that its result is about to be bound to."""

    def gives_array(self, result: Type) -> Expr:
        """What SciPy makes of it, a `np.matrix`, as an array."""
        return replace(self, text=f"np.asarray({self.text})").gives(result)

    def gives(self, result: Type, draws: bool = False) -> Expr:
        """What SciPy makes of it, without a derivative; where it `draws` random numbers, it is never done again."""
        made = Primitive(
            self.name,
            self.function,
            lambda *types: result,
            constant=True,
            # a matrix may hold the arrays that it is made of
            effect=Effect.IO if draws else Effect.VIEW if isinstance(result, SparseType) else Effect.FRESH,
            draws=draws,
            spelling=self.text,
        )
        # an array is named behind this, with its derivative
        hint = None if result.is_numeric or result.is_container else self.hint
        return self.builder.expr(self.builder.apply(made, list(self.operands), None, hint))


# What an object holds


def op(primitive: Primitive, *operands: Any, **static: Any) -> Quantity:
    """Append an operation."""
    builder = next(o.builder for o in operands if isinstance(o, Expr))
    return builder.expr(builder.apply(primitive, [builder.operand(o) for o in operands], static))


def sparse_type(t: Type) -> SparseType:
    """The type of what is known to be sparse."""
    assert isinstance(t, SparseType), t
    return t


PARTS = ("data", "row", "col", "indices", "indptr", "offsets")


def _coo_type(a: Type, /) -> Type:
    t = sparse_type(a)
    # SciPy leaves out what is 0 on a diagonal
    return replace(t, format="coo", count=t.count if t.format in ("csr", "csc") else new_dim("k"))


AS_COO = register(
    Primitive(
        "sparse to coo",
        lambda a: a.tocoo(),
        _coo_type,
        constant=True,
        effect=Effect.VIEW,
        spelling="_0.tocoo()",
        called_as="coo",
    )
)


def _part(name: str, called_as: str) -> Primitive:
    def type_rule(a: Type, /) -> Type:
        t = sparse_type(a)
        stored = name != "indptr" and name != "offsets"
        return array(t.numbers if name == "data" else np.dtype(np.int64), (t.count if stored else new_dim("k"),))

    return Primitive(
        f"sparse {name}",
        attrgetter(name),
        type_rule,
        constant=True,
        effect=Effect.VIEW,
        spelling=f"_0.{name}",
        called_as=called_as,
    )


_PARTS = {n: register(_part(n, {"row": "rows", "col": "cols", "data": "values"}.get(n, n))) for n in PARTS}


def part(a: Quantity, name: str) -> Quantity:
    """An attribute of an object that is a vector."""
    return op(_PARTS[name], a)


def of_object(a: Quantity) -> Matrix:
    """A matrix that does not move: its entries are what the object holds."""
    t = sparse_type(a.type)
    held = a if t.format == "coo" else op(AS_COO, a)
    return Matrix(a, part(held, "data"), part(held, "row"), part(held, "col"))


def is_still(a: Matrix | Factors | Line) -> bool:
    """Whether a matrix is known not to move: its entries are what its object holds."""
    if isinstance(a, Factors):
        return is_still(a.matrix)
    made = a.values.builder.maker(a.values.operand)
    return isinstance(made, Apply) and made.primitive is _PARTS["data"]


# The book

_FUNCTIONS: dict[object, Rule] = {}
REFUSED: set[object] = set()
"""The functions whose rows say that they have no derivative."""
_METHODS: dict[str, Rule] = {}
_OF_FACTORS: dict[str, Rule] = {}
_OF_LINES: dict[str, Rule] = {}


def sparse_function(*functions: object, refused: bool = False) -> Callable[[Rule], Rule]:
    """Add a row: a function of SciPy that makes sparse matrices, or takes them; one that says why it is `refused`."""

    def register(rule: Rule) -> Rule:
        _FUNCTIONS.update(dict.fromkeys(functions, rule))
        REFUSED.update(functions if refused else ())
        return rule

    return register


def sparse_method(*names: str) -> Callable[[Rule], Rule]:
    """Add a row: a method of sparse matrices; one that takes the matrix alone may be an attribute."""

    def register(rule: Rule) -> Rule:
        _METHODS.update(dict.fromkeys(names, rule))
        return rule

    return register


def method_of_factors(*names: str) -> Callable[[Rule], Rule]:
    """Add a row: a method of what solves with a factorised matrix."""

    def register(rule: Rule) -> Rule:
        _OF_FACTORS.update(dict.fromkeys(names, rule))
        return rule

    return register


def method_of_line(*names: str) -> Callable[[Rule], Rule]:
    """Add a row: a method of rows and columns of sparse arrays."""

    def register(rule: Rule) -> Rule:
        _OF_LINES.update(dict.fromkeys(names, rule))
        return rule

    return register


def row_of_function(function: Any) -> Rule | None:
    """The rule of a function, None where it has no row."""
    try:
        if function not in _FUNCTIONS and _is_of_sparse(function):
            load_late_for(function)
        return _FUNCTIONS.get(function)
    except TypeError:  # it cannot be hashed
        return None


def row_of_method(name: str) -> Rule | None:
    """The rule of a method or attribute of sparse matrices."""
    return _METHODS.get(name)


def row_of_factors(name: str) -> Rule | None:
    """The rule of a method of what solves with a factorised matrix."""
    return _OF_FACTORS.get(name)


def row_of_line(name: str) -> Rule | None:
    """The rule of a method of rows and columns of sparse arrays."""
    return _OF_LINES.get(name)


def _is_of_sparse(function: Any) -> bool:
    return str(getattr(function, "__module__", None) or "").startswith("scipy.sparse")


def parameters_of(rule: Rule) -> inspect.Signature:
    """The parameters of a rule that arguments are given for."""
    signature = inspect.signature(rule)
    return signature.replace(parameters=list(signature.parameters.values())[1:])
