"""Functions of Mathieu, parabolic cylinders, Fresnel and others, most of which come beside their own derivative.

The second derivative is that of the differential equation: DLMF 12.2, 28.2 and 28.20. A characteristic value of
Mathieu's equation moves with q as the mean of 2 cos(2x) over the square of its function (Hellmann and Feynman).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.primitive import Sample
from s2sad.rules.domains import POSITIVE
from s2sad.rules.families import elementwise, several
from s2sad.rules.scipy.parameters import unknown

DEGREE = math.pi / 180.0
ROOT_PI = math.sqrt(math.pi)
NODES = 64


def _at(*rows: tuple[Any, ...]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample(row) for row in rows]


elementwise(special.tandg, lambda y, x: DEGREE * (1.0 + y * y))
elementwise(special.cotdg, lambda y, x: -DEGREE * (1.0 + y * y))
elementwise(special.wrightomega, lambda y, z: y / (1.0 + y), analytic=True)
elementwise(
    special.radian, lambda y, d, m, s: DEGREE, lambda y, d, m, s: DEGREE / 60.0, lambda y, d, m, s: DEGREE / 3600.0
)
elementwise(
    special.log_wright_bessel,
    unknown("scipy.special.log_wright_bessel by its parameter a"),
    unknown("scipy.special.log_wright_bessel by its parameter b"),
    lambda y, a, b, x: np.exp(special.log_wright_bessel(a, a + b, x) - y),
    domain=(POSITIVE, POSITIVE, POSITIVE),
    samples=_at((1, 2, np.array([0.4, 1.7, 5.0]))),
)


def _by_turning(x: Any, sign: float) -> tuple[Any, Any]:
    turn = 0.25 * math.pi * sign
    wave = np.cos(x * x) + sign * 1j * np.sin(x * x)
    return -wave, -complex(math.cos(turn), -math.sin(turn)) / ROOT_PI


for _function, _sign in ((special.modfresnelp, 1.0), (special.modfresnelm, -1.0)):
    several(
        _function,
        lambda y, x, s=_sign: (_by_turning(x, s)[0], -2j * s * x * y[1] + _by_turning(x, s)[1]),
        results="complex",
        samples=_at((np.array([0.4, 1.7]),), (0.6,)),
    )

for _function, _curve in (
    (special.pbdv, lambda v, x: 0.25 * x * x - v - 0.5),
    (special.pbvv, lambda v, x: 0.25 * x * x - v - 0.5),
    (special.pbwa, lambda a, x: a - 0.25 * x * x),
):
    several(
        _function,
        unknown(f"scipy.special.{_function.__name__} by the order"),
        lambda y, v, x, curve=_curve: (y[1], curve(v, x) * y[0]),
        samples=_at((1, np.array([0.4, 1.7])), (2, 0.6)),
    )


# Functions of Mathieu: the periodic ones take degrees


def _periodic(function: Any, value: Any) -> None:
    def by_place(y: Any, m: Any, q: Any, x: Any) -> Any:
        stiffness = value(m, q) - 2.0 * q * np.cos(2.0 * DEGREE * x)
        return DEGREE * y[1], -DEGREE * stiffness * y[0]

    name = f"scipy.special.{function.__name__}"
    several(
        function,
        unknown(f"{name} by the order"),
        unknown(f"{name} by q"),
        by_place,
        samples=_at((2, 1, np.array([30.0, 75.0])), (1, 3, 20.0)),
    )


def _modified(function: Any, value: Any) -> None:
    def by_place(y: Any, m: Any, q: Any, x: Any) -> Any:
        return y[1], (value(m, q) - 2.0 * q * np.cosh(2.0 * x)) * y[0]

    name = f"scipy.special.{function.__name__}"
    several(
        function,
        unknown(f"{name} by the order"),
        unknown(f"{name} by q"),
        by_place,
        samples=_at((2, 1, np.array([0.4, 0.7]))),
    )


def _characteristic(value: Any, function: Any) -> None:
    def by_q(y: Any, m: Any, q: Any) -> Any:
        places = np.arange(NODES) * (360.0 / NODES)
        waves = function(np.expand_dims(m, -1), np.expand_dims(q, -1), places)[0]
        return 4.0 * np.mean(np.cos(2.0 * DEGREE * places) * waves * waves, axis=-1)

    elementwise(
        value,
        unknown(f"scipy.special.{value.__name__} by the order"),
        by_q,
        samples=_at((2, np.array([0.4, 1.7, 6.0])), (1, 2.5)),
    )


_periodic(special.mathieu_cem, special.mathieu_a)
_periodic(special.mathieu_sem, special.mathieu_b)
for _function in (special.mathieu_modcem1, special.mathieu_modcem2):
    _modified(_function, special.mathieu_a)
for _function in (special.mathieu_modsem1, special.mathieu_modsem2):
    _modified(_function, special.mathieu_b)
_characteristic(special.mathieu_a, special.mathieu_cem)
_characteristic(special.mathieu_b, special.mathieu_sem)
