"""Elliptic integrals and functions, by all their arguments, in terms of Carlson's symmetric integrals.

These stay whole where Legendre's formulas are 0 / 0, at the parameter 0: the Digital Library of Mathematical Functions,
https://dlmf.nist.gov, 19.18 and 19.25; 22.13 for the functions of Jacobi.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.builder import known_value
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.domains import ABOVE_ONE, POSITIVE, PROBABILITY, REAL
from s2sad.rules.families import elementwise, several


def _first_by_m(phi: Any, m: Any) -> Any:
    """The derivative of ellipkinc by m: of a period that of ellipk, of what is left of phi that of its R_F."""
    half_turns = np.round(phi / math.pi)
    s, c = np.sin(phi - math.pi * half_turns), np.cos(phi)
    return (
        half_turns * special.elliprd(0.0, 1.0, 1.0 - m) / 3.0
        + s**3 * special.elliprd(c * c, 1.0, 1.0 - m * s * s) / 6.0
    )


def _second_by_m(phi: Any, m: Any) -> Any:
    half_turns = np.round(phi / math.pi)
    s, c = np.sin(phi - math.pi * half_turns), np.cos(phi)
    rest = s**3 * special.elliprd(c * c, 1.0 - m * s * s, 1.0) / 6.0
    return -half_turns * special.elliprd(0.0, 1.0 - m, 1.0) / 3.0 - rest


def _delta(phi: Any, m: Any) -> Any:
    return np.sqrt(1.0 - m * np.sin(phi) ** 2)


def _d_by_x(y: Any, a: Any, b: Any, c: Any) -> Any:
    """The derivative of elliprd by its first operand: DLMF 19.18.5."""
    return 0.5 * (special.elliprd(b, c, a) - y) / (a - c)


def _d_by_z(y: Any, a: Any, b: Any, c: Any) -> Any:
    """That by the last one: it is homogeneous."""
    moved = b * _d_by_x(y, b, a, c)
    # by an operand that is 0 the derivative is infinite, and its product with that 0
    return -(1.5 * y + (moved if known_value(a) == 0 else moved + a * _d_by_x(y, a, b, c))) / c


def _j_by_x(y: Any, a: Any, b: Any, c: Any, p: Any) -> Any:
    return 0.5 * (y - special.elliprd(b, c, a)) / (p - a)


def _j_by_p(y: Any, a: Any, b: Any, c: Any, p: Any) -> Any:
    moved = a * _j_by_x(y, a, b, c, p) + b * _j_by_x(y, b, c, a, p) + c * _j_by_x(y, c, a, b, p)
    return -(1.5 * y + moved) / p


def _g_by_x(y: Any, a: Any, b: Any, c: Any) -> Any:
    return 0.25 * (special.elliprf(a, b, c) - a * special.elliprd(b, c, a) / 3.0)


# fmt: off
elementwise(special.ellipk,    lambda y, m: special.elliprd(0.0, 1.0, 1.0 - m) / 6.0,    domain=PROBABILITY)
elementwise(special.ellipkm1,  lambda y, p: -special.elliprd(0.0, 1.0, p) / 6.0,         domain=PROBABILITY)
elementwise(special.ellipe,    lambda y, m: -special.elliprd(0.0, 1.0 - m, 1.0) / 6.0,   domain=PROBABILITY)
elementwise(special.ellipkinc, lambda y, f, m: 1.0 / _delta(f, m), lambda y, f, m: _first_by_m(f, m),
            domain=(REAL, PROBABILITY))
elementwise(special.ellipeinc, lambda y, f, m: _delta(f, m),       lambda y, f, m: _second_by_m(f, m),
            domain=(REAL, PROBABILITY))
elementwise(special.elliprf,   lambda y, a, b, c: -special.elliprd(b, c, a) / 6.0,
                               lambda y, a, b, c: -special.elliprd(c, a, b) / 6.0,
                               lambda y, a, b, c: -special.elliprd(a, b, c) / 6.0,       domain=POSITIVE)
elementwise(special.elliprc,   lambda y, a, b: -special.elliprd(b, b, a) / 6.0,
                               lambda y, a, b: -special.elliprd(a, b, b) / 3.0,          domain=POSITIVE)
elementwise(special.elliprd,   lambda y, a, b, c: _d_by_x(y, a, b, c),
                               lambda y, a, b, c: _d_by_x(y, b, a, c),
                               lambda y, a, b, c: _d_by_z(y, a, b, c),
            domain=(POSITIVE, POSITIVE, ABOVE_ONE))
elementwise(special.elliprg,   lambda y, a, b, c: _g_by_x(y, a, b, c),
                               lambda y, a, b, c: _g_by_x(y, b, c, a),
                               lambda y, a, b, c: _g_by_x(y, c, a, b),                   domain=POSITIVE)
elementwise(special.elliprj,   lambda y, a, b, c, p: _j_by_x(y, a, b, c, p),
                               lambda y, a, b, c, p: _j_by_x(y, b, c, a, p),
                               lambda y, a, b, c, p: _j_by_x(y, c, a, b, p),
                               lambda y, a, b, c, p: _j_by_p(y, a, b, c, p),
            samples=lambda rng: [Sample(tuple(POSITIVE(rng, (3,)) for _ in range(3)) + (3.0 + POSITIVE(rng, (3,)),)),
                                 Sample((0.5, 1.2, 2.3, 3.4))])
# fmt: on


def _jacobi_by_m(y: Any, u: Any, m: Any) -> Any:
    sn, cn, dn, phi = y
    turned = -dn * _first_by_m(phi, m)
    return cn * turned, -sn * turned, -(0.5 * sn**2 + m * sn * cn * turned) / dn, turned


several(
    special.ellipj,
    lambda y, u, m: (y[1] * y[2], -y[0] * y[2], -m * y[0] * y[1], y[2]),
    _jacobi_by_m,
    samples=lambda rng: [Sample((REAL(rng, (3,)), PROBABILITY(rng, (3,)))), Sample((0.7, 0.4)), Sample((4.2, 0.4))],
)
define(
    special.agm,
    lambda a, b: 0.25 * math.pi * (a + b) / special.ellipk(((a - b) / (a + b)) ** 2),
    lambda rng: [Sample((POSITIVE(rng, (3,)), POSITIVE(rng, (3,)))), Sample((1.5, 1.5))],
    "a b",
)
