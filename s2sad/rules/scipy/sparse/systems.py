"""Sparse systems of equations: the adjoint of a solution is that of the transposed system, and has the entries' places.

    x = spsolve(A, b)      lam = spsolve(A.T, x_bar);  b_bar = lam;  v_bar = -lam[rows] * x[cols]

Factors are used again for the transposed system; an iteration is done again, to the tolerance of the call. Giles,
Collected matrix derivative results (2008), section 2.3.1, at the entries alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import linalg

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.sparse import FACTORS, Factors, Matrix, UsersCall, method_of_factors, op, sparse_function, sparse_type
from s2sad.ir.types import ContainerType, SparseType, Type, array, integer
from s2sad.rules.contributions import fit
from s2sad.rules.scipy.sparse.making import as_matrix
from s2sad.rules.scipy.sparse.matrices import (
    as_csc,
    bar_of,
    dense,
    moved,
    number,
    pairs,
    product,
    transposed,
)


def factors_type(a: Type) -> SparseType:
    """The type of what solves with a factorised matrix."""
    return replace(sparse_type(a), count=new_dim("k"), format=FACTORS)


def _solution_type(a: Type, b: Type) -> Type:
    if b.rank not in (1, 2):
        raise UnsupportedType(f"a sparse system with {b} on its right", "give a vector or a matrix")
    t = sparse_type(a)
    assert b.shape is not None
    dtype = np.result_type(t.numbers, b.dtype or float, np.float32)
    # the matrix is square: there are as many unknowns as numbers on the right
    return array(dtype, b.shape[:1] if b.shape[1:] == (1,) else b.shape)


class Way:
    """How a system is solved."""

    turns: bool = True
    """Whether it is given the transposed matrix, to solve with that."""

    def solution(self, a: Any, b: Any, further: tuple[Any, ...], turned: bool) -> Any:
        """What SciPy finds, with the matrix transposed where it is `turned`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Directly(Way):
    """By `spsolve`."""

    def solution(self, a: Any, b: Any, further: tuple[Any, ...], turned: bool) -> Any:
        return op(_SPSOLVE, a if sparse_type(a.type).format in ("csr", "csc") else as_csc(a), b)


_SPSOLVE = register(
    Primitive(
        "scipy.sparse.linalg.spsolve given",
        lambda a, b: linalg.spsolve(a, b),
        lambda a, b, /: _solution_type(a, b),
        constant=True,
        spelling="scipy.sparse.linalg.spsolve(_0, _1)",
    )
)


@dataclass(frozen=True)
class ByFactors(Way):
    """By factors, of the matrix itself, which solve with its transpose too."""

    turns = False

    def solution(self, a: Any, b: Any, further: tuple[Any, ...], turned: bool) -> Any:
        return op(_LU_SOLVE, further[0], b, a, turned=turned)


_LU_SOLVE = register(
    Primitive(
        "scipy.sparse.linalg.SuperLU.solve given",
        lambda lu, b, a, turned: lu.solve(b, "T" if turned else "N"),
        lambda lu, b, a, /, turned: array(np.result_type(a.numbers, b.dtype or float), b.shape),
        constant=True,
        spelling=lambda *types, turned: '_0.solve(_1, trans="T")' if turned else "_0.solve(_1)",
    )
)


@dataclass(frozen=True)
class InTriangle(Way):
    """By `spsolve_triangular`."""

    lower: bool
    unit_diagonal: bool

    def solution(self, a: Any, b: Any, further: tuple[Any, ...], turned: bool) -> Any:
        return op(_TRIANGULAR, a, b, lower=self.lower != turned, unit_diagonal=self.unit_diagonal)


def _triangular_text(*types: Type, lower: bool, unit_diagonal: bool) -> str:
    unit = ", unit_diagonal=True" if unit_diagonal else ""
    return f"scipy.sparse.linalg.spsolve_triangular(_0.tocsr(), _1, lower={lower}{unit})"


_TRIANGULAR = register(
    Primitive(
        "scipy.sparse.linalg.spsolve_triangular given",
        lambda a, b, lower, unit_diagonal: linalg.spsolve_triangular(a.tocsr(), b, lower, unit_diagonal=unit_diagonal),
        lambda a, b, /, lower, unit_diagonal: array(np.result_type(a.numbers, b.dtype or float), b.shape),
        constant=True,
        spelling=_triangular_text,
    )
)


def converged(found: tuple[Any, int], solver: str) -> Any:
    """The solution of a system that belongs to a derivative, if it was found."""
    x, info = found
    if info != 0:
        raise RuntimeError(f"{solver} did not converge for the derivative of its solution: info={info}")
    return x


_CONVERGED = register(Primitive("converged", converged, lambda found, solver, /: found[0], constant=True, helper=True))


@dataclass(frozen=True)
class ByIteration(Way):
    """By an iteration, with the arguments of the call; those that are known are `static`."""

    solver: str
    names: tuple[str, ...]
    turns: bool = True

    def solution(self, a: Any, b: Any, further: tuple[Any, ...], turned: bool) -> Any:
        found = op(_ITERATED, a, b, *further, solver=self.solver, names=self.names, turned=turned and self.turns)
        return op(_CONVERGED, found, number(b.builder, self.solver))


def _iterated(a: Any, b: Any, *further: Any, solver: str, names: tuple[str, ...], turned: bool) -> Any:
    given = dict(zip(names, further, strict=True))
    if turned and given.get("M") is not None:
        given["M"] = given["M"].T
    return getattr(linalg, solver)(a, b, **given)


def _iterated_type(a: Type, b: Type, /, *further: Type, solver: str, names: tuple[str, ...], turned: bool) -> Type:
    return ContainerType(tuple, (0, 1), (_solution_type(a, b), integer()))


def _iterated_text(a: Type, b: Type, *further: Type, solver: str, names: tuple[str, ...], turned: bool) -> str:
    given = [f"{n}=_{k}{'.T' if turned and n == 'M' else ''}" for k, n in enumerate(names, 2)]
    return f"scipy.sparse.linalg.{solver}({', '.join(['_0', '_1', *given])})"


_ITERATED = register(
    Primitive("scipy.sparse.linalg iteration", _iterated, _iterated_type, constant=True, spelling=_iterated_text)
)


# The solution, with its derivative


def _solved_tangent(y: Any, xs: Any, dots: Any, way: Way, turned: bool) -> Any:
    a, further = Matrix(*xs[1:5]), tuple(xs[6:])
    right = dots[5]
    if dots[2] is not None:
        a_dot = moved(a, dots[2])
        change = product(transposed(a_dot) if turned else a_dot, y)
        right = -change if right is None else right - change
    return solved(a, right, way, further, turned)


def _solved_adjoint(g: Any, y: Any, xs: Any, active: Any, way: Way, turned: bool) -> Any:
    a, b, further = Matrix(*xs[1:5]), xs[5], tuple(xs[6:])
    lam = solved(a, g, way, further, not turned)
    bars: list[Any] = [None] * len(xs)
    if active[2]:
        left, right = (y, lam) if turned else (lam, y)
        bars[2] = bar_of(a.values, -pairs(left, right, a.rows, a.cols))
    if active[5]:
        bars[5] = fit(lam, b)
    return tuple(bars)


_SOLVED = Primitive(
    "sparse solved",
    lambda given, *_, **static: given,
    lambda given, /, *_, way, turned: given,
    tangent=_solved_tangent,
    adjoint=_solved_adjoint,
    spelling="_0",
    transparent=True,
)


def solved(a: Matrix, b: Any, way: Way, further: tuple[Any, ...] = (), turned: bool = False, given: Any = None) -> Any:
    """The solution of a system: of the transposed matrix where it is `turned`."""
    if given is None:
        shown = transposed(a) if turned and way.turns else a
        given = way.solution(shown.object, b, further, turned)
    return op(_SOLVED, given, a.object, a.values, a.rows, a.cols, b, *further, way=way, turned=turned)


def _right_side(users: UsersCall, b: Any, what: str) -> Any:
    if isinstance(b, Matrix):
        raise UnsupportedCall(f"{what} with a sparse right-hand side", "give an array: b.toarray()")
    return dense(users, b)


@sparse_function(linalg.spsolve)
def _spsolve(users: UsersCall, A: Any, b: Any, permc_spec: Any = None, use_umfpack: Any = True) -> Any:
    a, b = as_matrix(A), _right_side(users, b, "spsolve")
    given = users.gives(_solution_type(a.type, b.type))
    if b.type.rank == 2 and given.type.rank == 1:
        b = np.reshape(b, -1)
    return solved(a, b, Directly(), given=given)


@sparse_function(linalg.spsolve_triangular)
def _spsolve_triangular(
    users: UsersCall,
    A: Any,
    b: Any,
    lower: Any = True,
    overwrite_A: Any = False,
    overwrite_b: Any = False,
    unit_diagonal: Any = False,
) -> Any:
    a, b = as_matrix(A), _right_side(users, b, "spsolve_triangular")
    if overwrite_A is not False or overwrite_b is not False or unit_diagonal is not False:
        raise UnsupportedCall("spsolve_triangular with further arguments", "leave them out")
    return solved(a, b, InTriangle(lower, False), given=users.gives(_solution_type(a.type, b.type)))


# Factors


@sparse_function(linalg.splu)
def _splu(
    users: UsersCall,
    A: Any,
    permc_spec: Any = None,
    diag_pivot_thresh: Any = None,
    relax: Any = None,
    panel_size: Any = None,
    options: Any = None,
) -> Factors:
    return Factors(users.gives(factors_type(as_matrix(A).type)), as_matrix(A))


_FACTORISED = register(
    Primitive(
        "scipy.sparse.linalg.splu given",
        lambda a: linalg.splu(a),
        lambda a, /: factors_type(a),
        constant=True,
        spelling="scipy.sparse.linalg.splu(_0)",
    )
)


@sparse_function(linalg.factorized)
def _factorized(users: UsersCall, A: Any) -> Factors:
    a = as_matrix(A)
    # the function that SciPy gives solves with the matrix alone: its factors solve with the transpose too
    return Factors(op(_FACTORISED, as_csc(a.object)), a)


@sparse_function(linalg.spilu, refused=True)
def _spilu(users: UsersCall, A: Any, *arguments: Any, **keywords: Any) -> Factors:
    instead = "solve with splu; as a preconditioner make it outside, and pass M"
    raise UnsupportedCall("scipy.sparse.linalg.spilu in a function that is differentiated", instead)


@method_of_factors("solve")
def _solve(users: UsersCall, lu: Factors, rhs: Any, trans: Any = "N") -> Any:
    b, a = dense(users, rhs), lu.matrix
    if trans not in ("N", "T", "H"):
        raise UnsupportedType(f"solve with trans={trans!r}", "pass 'N', 'T' or 'H'")
    if trans == "H" and (a.type.numbers.kind == "c" or b.type.is_complex):
        raise UnsupportedType("solve with trans='H' of complex numbers", "write np.conj(lu.solve(np.conj(b), 'T'))")
    return solved(a, b, ByFactors(), (lu.object,), trans != "N")


@method_of_factors("__call__")
def _call(users: UsersCall, lu: Factors, rhs: Any) -> Any:
    return _solve(users, lu, rhs)


@method_of_factors("shape")
def _shape(users: UsersCall, lu: Factors) -> Any:
    return tuple(users.builder.expr(users.builder.operand(d)) for d in lu.matrix.type.dims)


@method_of_factors("nnz")
def _nnz(users: UsersCall, lu: Factors) -> Any:
    return users.gives(integer())


# Iterations


def _iteration(name: str, symmetric: bool = False) -> None:
    function = getattr(linalg, name, None)
    if function is None:
        return

    @sparse_function(function)
    def rule(users: UsersCall, A: Any, b: Any, x0: Any = None, **keywords: Any) -> tuple[Any, Any]:
        a, b = as_matrix(A), _right_side(users, b, name)
        if b.type.rank != 1:
            raise UnsupportedType(f"{name} with {b.type} on its right", "give a vector")
        callback = keywords.pop("callback", None)
        keywords.pop("callback_type", None)
        if callback is not None:
            raise UnsupportedCall(f"{name} with a callback", "leave it out")
        names, further = [], []
        for key, value in keywords.items():
            if value is None:
                continue
            names.append(key)
            further.append(value.object if isinstance(value, Matrix) else users.builder.expr(_operand(users, value)))
        t = _solution_type(a.type, b.type)
        whole = users.gives(ContainerType(tuple, (0, 1), (t, integer())))
        way = ByIteration(name, tuple(names), not symmetric)
        return solved(a, b, way, tuple(further), given=whole[0]), whole[1]


def _operand(users: UsersCall, value: Any) -> Any:
    return users.builder.operand(value)


for _name, _symmetric in {
    **dict.fromkeys(("cg", "minres"), True),
    **dict.fromkeys(("gmres", "lgmres", "bicg", "bicgstab", "cgs", "qmr", "gcrotmk", "tfqmr"), False),
}.items():
    _iteration(_name, _symmetric)


@sparse_function(linalg.inv, refused=True)
def _inv(users: UsersCall, A: Any) -> Any:
    raise UnsupportedCall("the inverse of a sparse matrix", "solve with it: splu(A).solve(b)")
