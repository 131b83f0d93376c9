"""Functions of matrices: the exponential, roots, logarithms, powers, the trigonometric ones, the sign.

N. J. Higham, Functions of Matrices (2008). Of a smooth function the derivative at A along E is a block of the function
of a block matrix, f([[A, E], [0, A]]) (section 3.2): so it has derivatives of any order, and equal eigenvalues are as
good as others. Roots and the sign solve equations of Sylvester's (sections 3.3 and 5.1).

SciPy gives real or complex numbers for the root, the logarithm or a power of a real matrix, as its eigenvalues are. The
derivative is that of real numbers, and what it calls raises where there are others; of complex matrices it is complex.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from scipy import linalg

from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import fit, spread
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import HIGHAM
from s2sad.rules.numpy import linalg as of_numpy
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import positive
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double

# Smooth functions, and the exponential


def _square_type(name: str) -> Callable[..., Type]:
    def type_rule(A: Type, /) -> Type:
        _, dtype, shape = of_numpy.matrix(name, A)
        return array(dtype, shape)

    return type_rule


def _joined(rows: list[list[Any]]) -> Any:
    return call(np.concatenate, [call(np.concatenate, row, axis=-1) for row in rows], axis=-2)


def _corner(x: Any, a: Any) -> Any:
    """The block at the upper right."""
    n = shape_of(a)[known_rank(a, "scipy.linalg.expm") - 1]
    return x[..., :n, -n:]


def frechet(a: Any, e: Any) -> Any:
    """The derivative of the exponential at `a` along `e`."""
    if known_rank(a, "scipy.linalg.expm") == 2:
        return call(linalg.expm_frechet, a, e, compute_expm=False)
    # exp([[A, E], [0, A]]) has the derivative of exp at A along E at its upper right. Higham (2008), section 3.2.
    return _corner(call(linalg.expm, _joined([[a, e], [np.zeros_like(a), a]])), a)


def second(a: Any, e: Any, d: Any) -> Any:
    """The derivative of the exponential at `a` along `e` and `d`."""
    # The same once more, of the block matrix itself: the second derivative stands in the corner.
    zero = np.zeros_like(a)
    return _corner(
        call(linalg.expm, _joined([[a, e, d, zero], [zero, a, zero, d], [zero, zero, a, e], [zero, zero, zero, a]])), a
    )


def _squares(rng: np.random.Generator) -> list[Sample]:
    return [Sample((REAL(rng, (3, 3)),)), Sample((REAL(rng, (2, 2, 2)),))]


rule(
    linalg.expm,
    _square_type("scipy.linalg.expm"),
    tangent=lambda y, xs, dots: spread(frechet(xs[0], dots[0]), y),
    adjoint=lambda g, y, xs, active: (fit(frechet(transposed(xs[0]), g), xs[0]),),
    batched=lambda b: call(linalg.expm, b.xs[0]),
    samples=_squares,
    source=HIGHAM,
)


def _frechet_type(A: Type, E: Type, /, *, compute_expm: bool = True) -> Type:
    if compute_expm:
        raise NotByRule("scipy.linalg.expm_frechet with the exponential")
    _, dtype, shape = of_numpy.matrix("scipy.linalg.expm_frechet", A)
    return array(None if dtype is None else np.result_type(dtype, np.float64), shape)


def _frechet_tangent(y: Any, xs: Any, dots: Any, compute_expm: bool = True) -> Any:
    parts = [] if dots[1] is None else [frechet(xs[0], dots[1])]
    parts += [] if dots[0] is None else [second(xs[0], xs[1], dots[0])]
    return spread(parts[0] if len(parts) == 1 else parts[0] + parts[1], y)


rule(
    linalg.expm_frechet,
    _frechet_type,
    tangent=_frechet_tangent,
    adjoint=lambda g, y, xs, active, compute_expm=True: (
        fit(second(transposed(xs[0]), transposed(xs[1]), g), xs[0]) if active[0] else None,
        fit(frechet(transposed(xs[0]), g), xs[1]) if active[1] else None,
    ),
    samples=lambda rng: [Sample((REAL(rng, (3, 3)), REAL(rng, (3, 3))), {"compute_expm": False})],
    source=HIGHAM,
)
define(
    linalg.expm_frechet,
    lambda A, E, method=None, compute_expm=True, check_finite=True: (
        call(linalg.expm, in_double(A)),
        call(linalg.expm_frechet, A, E, compute_expm=False),
    ),
    lambda rng: [Sample((REAL(rng, (3, 3)), REAL(rng, (3, 3))))],
    "E",
)


def along(function: Callable[..., Any], a: Any, e: Any, *rest: Any) -> Any:
    """The derivative of a smooth function of a matrix at `a` along `e`."""
    return _corner(call(function, _joined([[a, e], [np.zeros_like(a), a]]), *rest), a)


def _smooth(function: Callable[..., Any]) -> None:
    rule(
        function,
        _square_type(f"scipy.linalg.{function.__name__}"),
        tangent=lambda y, xs, dots: spread(along(function, xs[0], dots[0]), y),
        adjoint=lambda g, y, xs, active: (fit(along(function, transposed(xs[0]), g), xs[0]),),
        samples=lambda rng: [Sample((0.5 * s.arguments[0],)) for s in _squares(rng)],
        source=HIGHAM,
    )


for _function in (linalg.cosm, linalg.sinm, linalg.tanm, linalg.coshm, linalg.sinhm, linalg.tanhm):
    _smooth(_function)


# Roots, logarithms, powers: real ones of real matrices


def real_sqrtm(a: Any) -> Any:
    """The square root of a real matrix, which has to be real."""
    y = scipy.linalg.sqrtm(a)
    if np.iscomplexobj(y):
        raise ValueError("the square root of this real matrix is complex: call scipy.linalg.sqrtm(a + 0j)")
    return y


def real_logm(a: Any) -> Any:
    """The logarithm of a real matrix, which has to be real."""
    y = scipy.linalg.logm(a)
    if np.iscomplexobj(y):
        raise ValueError("the logarithm of this real matrix is complex: call scipy.linalg.logm(a + 0j)")
    return y


def real_power(a: Any, t: Any) -> Any:
    """A power of a real matrix, which has to be real."""
    y = scipy.linalg.fractional_matrix_power(a, t)
    if np.iscomplexobj(y):
        raise ValueError("this power of a real matrix is complex: call scipy.linalg.fractional_matrix_power(a + 0j, t)")
    return y


def _of_kind(
    function: Callable[..., Any],
    of_reals: Callable[..., Any],
    row: Callable[[Callable[..., Any]], dict[str, Any]],
    samples: Callable[[np.random.Generator], list[Sample]],
) -> None:
    """A function, and what calls it of real matrices: `row` has the type, the tangent and the adjoint of both."""
    name = f"scipy.linalg.{function.__name__}"
    operands = ", ".join(f"_{k}" for k in range(len(samples(np.random.default_rng(0))[0].arguments)))
    of_complex = rule(
        function,
        **row(function),
        name=f"{name} of complex",
        spelling=f"{name}({operands})",
        samples=lambda rng: [Sample((s.arguments[0] + 0.3j, *s.arguments[1:])) for s in samples(rng)],
        source=HIGHAM,
    )
    rule(
        of_reals,
        **row(of_reals),
        aliases=[function],
        helper=True,
        called_as=function.__name__,
        of_complex=of_complex,
        samples=samples,
        source=HIGHAM,
    )


def _root(function: Callable[..., Any]) -> dict[str, Any]:
    # Y Y = A, so Y Y_dot + Y_dot Y = A_dot.
    return {
        "type_rule": _square_type("scipy.linalg.sqrtm"),
        "tangent": lambda y, xs, dots: call(linalg.solve_sylvester, y, y, dots[0]),
        "adjoint": lambda g, y, xs, active: (call(linalg.solve_sylvester, transposed(y), transposed(y), g),),
    }


def _in_double(t: Type) -> Type:
    return array(None if t.dtype is None else np.result_type(t.dtype, np.float64), t.shape)


def _logarithm(function: Callable[..., Any]) -> dict[str, Any]:
    type_rule = _square_type("scipy.linalg.logm")
    return {
        "type_rule": lambda A, /: _in_double(type_rule(A)),
        "tangent": lambda y, xs, dots: spread(along(linalg.logm, _in_complex(xs[0]), dots[0]), y),
        "adjoint": lambda g, y, xs, active: (fit(along(linalg.logm, _in_complex(transposed(xs[0])), g), xs[0]),),
    }


def _in_complex(a: Any) -> Any:
    """What SciPy gives of a block matrix is real up to rounding, and then complex."""
    return a if of_numpy.is_complex(a) else a + 0j


def _power(function: Callable[..., Any]) -> dict[str, Any]:
    logarithm = real_logm if function is real_power else linalg.logm
    type_rule = _square_type("scipy.linalg.fractional_matrix_power")

    def moved(a: Any, e: Any, t: Any) -> Any:
        return along(linalg.fractional_matrix_power, _in_complex(a), e, t)

    def tangent(y: Any, xs: Any, dots: Any) -> Any:
        parts = [] if dots[0] is None else [moved(xs[0], dots[0], xs[1])]
        parts += [] if dots[1] is None else [dots[1] * (call(logarithm, xs[0]) @ y)]
        return spread(parts[0] if len(parts) == 1 else parts[0] + parts[1], y)

    def adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
        return (
            fit(moved(transposed(xs[0]), g, xs[1]), xs[0]) if active[0] else None,
            fit(np.sum(g * (call(logarithm, xs[0]) @ y)), xs[1]) if active[1] else None,
        )

    return {"type_rule": lambda A, t, /: _in_double(type_rule(A)), "tangent": tangent, "adjoint": adjoint}


def _positives(rng: np.random.Generator) -> list[Sample]:
    return [Sample((positive(rng, 3, 3),)), Sample((np.array([[3.0, 0.4], [0.9, 2.0]]),)), Sample((np.eye(2),))]


_of_kind(linalg.sqrtm, real_sqrtm, _root, _positives)
_of_kind(linalg.logm, real_logm, _logarithm, _positives)
_of_kind(
    linalg.fractional_matrix_power,
    real_power,
    _power,
    lambda rng: [Sample((*s.arguments, t)) for s, t in zip(_positives(rng), (0.3, -1.5, 0.5), strict=True)],
)


# The sign


def _sign_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # Higham (2008), theorem 5.3: with N = A S, N S_dot + S_dot N = A_dot - S A_dot S.
    n = xs[0] @ y
    return call(linalg.solve_sylvester, n, n, dots[0] - y @ dots[0] @ y)


def _sign_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    n, turned = transposed(xs[0] @ y), transposed(y)
    met = call(linalg.solve_sylvester, n, n, g)
    return (met - turned @ met @ turned,)


rule(
    linalg.signm,
    _square_type("scipy.linalg.signm"),
    tangent=_sign_tangent,
    adjoint=_sign_adjoint,
    samples=lambda rng: [Sample((np.array([[2.0, 0.5, 0.1], [0.3, -1.5, 0.2], [0.1, 0.4, 1.0]]),))],
    source=HIGHAM,
)
