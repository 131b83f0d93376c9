"""Products of matrices, by the BLAS that NumPy has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from s2sad.backends.native import blas
from s2sad.backends.native.code import kernel_text
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.primitives.memory import INTO
from s2sad.ir.values import Function
from tests.backends.native.kernels import array, compiled, program

pytestmark = pytest.mark.skipif(not blas.has("dgemm"), reason="NumPy's library has no BLAS by a known name")
N, M, K = (new_dim(c) for c in "nmk")


def product(dtype: Any, turned: tuple[bool, bool], function: str = "dot") -> Function:
    shapes = [(K, N) if turned[0] else (N, K), (M, K) if turned[1] else (K, M)]

    @program(*(array(dtype, *s) for s in shapes))
    def f(p, a, b):
        out = p.allocate(p.length(a, 1 if turned[0] else 0), p.length(b, 0 if turned[1] else 1), dtype=dtype)
        p.apply(INTO, a, b, out, function=function, turned=turned)
        return out

    return f


@pytest.mark.parametrize("dtype", [np.dtype(c) for c in "fdFD"], ids=str)
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products(dtype, turned):
    run = compiled(product(dtype, turned))
    rng = np.random.default_rng(3)
    for n, m, k in [(3, 4, 5), (1, 1, 1), (17, 2, 9), (0, 3, 2), (3, 0, 2), (3, 2, 0)]:
        a, b = (rng.normal(size=s) + (1j * rng.normal(size=s) if dtype.kind == "c" else 0) for s in ((n, k), (k, m)))
        a, b = a.astype(dtype), b.astype(dtype)
        given = [np.ascontiguousarray(x.T) if t else x for x, t in zip((a, b), turned, strict=True)]
        bound = 1e-5 if dtype.char in "fF" else 1e-13
        np.testing.assert_allclose(run(*given), a @ b, rtol=bound, atol=bound)


def test_what_is_refused():
    with pytest.raises(UnsupportedType, match="product"):
        compiled(product(int, (False, False)))
    with pytest.raises(UnsupportedCall, match="cholesky"):
        compiled(product(float, (False, False), "cholesky"))
    with pytest.raises(UnsupportedCall, match="native code"):
        kernel_text(product(float, (False, False)))
    with pytest.raises(RuntimeError, match="no such_function"):
        blas.address_of("such_function")
