"""Functions of scipy.optimize that solve nothing: Rosenbrock's, on which solvers are tried, and assignments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Primitive, Sample, register
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.domains import REAL


def _rosen(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2, axis=0)


def _rosen_der(x: Any) -> Any:
    off = x[1:] - x[:-1] ** 2
    left = -400.0 * off * x[:-1] - 2.0 * (1.0 - x[:-1])
    zero = np.zeros_like(x[:1])
    return call(np.concatenate, [left, zero]) + call(np.concatenate, [zero, 200.0 * off])


def _rosen_hess(x: Any) -> Any:
    beside = -400.0 * x[:-1]
    left = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    zero = np.zeros_like(x[:1])
    middle = call(np.concatenate, [left, zero]) + call(np.concatenate, [zero, 200.0 + 0.0 * x[1:]])
    return np.diag(middle) + np.diag(beside, 1) + np.diag(beside, -1)


def _rosen_hess_prod(x: Any, p: Any) -> Any:
    return _rosen_hess(x) @ p


def _places(count: int) -> Callable[[np.random.Generator], list[Sample]]:
    return lambda rng: [Sample(tuple(REAL(rng, (4,)) for _ in range(count)))]


define(optimize.rosen, _rosen, _places(1))
define(optimize.rosen_der, _rosen_der, _places(1))
define(optimize.rosen_hess, _rosen_hess, _places(1))
define(optimize.rosen_hess_prod, _rosen_hess_prod, _places(2), "x p", of_complex=False)


def _assigned(cost_matrix: Type, /, maximize: bool = False) -> Type:
    numbers = array(np.dtype(np.int64), (new_dim("k"),))
    return tuple_type(numbers, numbers)


register(Primitive("scipy.optimize.linear_sum_assignment", optimize.linear_sum_assignment, _assigned, constant=True))
