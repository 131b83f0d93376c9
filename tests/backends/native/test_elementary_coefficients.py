"""The coefficients of the elementary functions are what their pages say: interpolations at the nodes of Chebyshev."""

import pytest

pytest.importorskip("mpmath")

from mpmath import mp, mpf

from s2sad.backends.native.elementary import (
    arcs,
    error_functions,
    exponentials,
    hyperbolic,
    logarithms,
    powers,
    trigonometric,
)

NEARLY_0 = mpf("1e-30")
DIGITS = 60


def interpolation(f, low, high, count):
    """The polynomial through f at the nodes of Chebyshev between two numbers, its coefficients rounded to double."""
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    system = mp.matrix([[x**j for j in range(count)] for x in nodes])
    return tuple(float(c) for c in mp.lu_solve(system, mp.matrix([f(x) for x in nodes])))


def root(f):
    """The function of the square."""
    return lambda z: f(mp.sqrt(z))


def scaled_erfc(t):
    x = 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.erfc(x) * mp.exp(x * x)


def tables():
    half = mp.log(2) / 2 * mpf("1.0001")
    third = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.001")
    eighth = (mp.pi / 4) ** 2 * mpf("1.0001")
    end = (mpf("27.5") - 4) / (mpf("27.5") + 4) * mpf("1.0001")
    slope = 2 / mp.sqrt(mp.pi)
    middle = scaled_erfc(mpf(0))
    return {
        "exp": (exponentials.EXP_TAIL, lambda r: (mp.expm1(r) - r) / r**2, -half, half * mpf("1.0003")),
        "sinh": (hyperbolic.SINH, root(lambda r: (mp.sinh(r) / r - 1) / r**2), NEARLY_0, half**2),
        "cosh": (hyperbolic.COSH, root(lambda r: (mp.cosh(r) - 1 - r**2 / 2) / r**4), NEARLY_0, half**2),
        "sin": (trigonometric.SIN, root(lambda r: (mp.sin(r) / r - 1) / r**2), NEARLY_0, eighth),
        "cos": (trigonometric.COS, root(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4), NEARLY_0, eighth),
        "atanh": (
            logarithms.ATANH_TAIL,
            root(lambda s: (2 * mp.atanh(s) / s - 2 - 2 * s**2 / 3) / s**4),
            NEARLY_0,
            third,
        ),
        "arcsin": (arcs.ASIN, root(lambda s: (mp.asin(s) / s - 1) / s**2), NEARLY_0, mpf("0.2501")),
        "cbrt": (powers.CUBE_ROOT, mp.cbrt, mpf("0.7071"), mpf("1.41422")),
        "erf": (error_functions.ERF, root(lambda x: (mp.erf(x) / x - slope) / x**2), NEARLY_0, mpf(1)),
        "erfc": (error_functions.ERFC, lambda t: (scaled_erfc(t) - middle) / t, mpf(-1), end),
    }


with mp.workdps(DIGITS):
    TABLES = tables()


@pytest.mark.parametrize("name", TABLES)
def test_coefficients_are_those_of_the_interpolation(name):
    stored, f, low, high = TABLES[name]
    with mp.workdps(DIGITS):
        assert stored == pytest.approx(interpolation(f, low, high, len(stored)), rel=1e-15)


def in_parts(exact, *parts):
    """Whether the parts are the number, each as good as it can be but the first, which may end early."""
    with mp.workdps(DIGITS):
        rest = exact() - mpf(parts[0])
        for part in parts[1:]:
            assert part == float(rest)
            rest -= mpf(part)


def test_constants_in_parts():
    in_parts(lambda: mp.log(2), exponentials.LN2_HIGH, exponentials.LN2_LOW)
    in_parts(lambda: mp.log(2), exponentials.LN2, exponentials.LN2_REST)
    in_parts(lambda: 1 / mp.log(2), logarithms.LOG2_E, logarithms.LOG2_E_LOW)
    in_parts(lambda: 1 / mp.log(10), logarithms.LOG10_E, logarithms.LOG10_E_LOW)
    in_parts(lambda: mp.log10(2), logarithms.LOG10_2, logarithms.LOG10_2_LOW)
    in_parts(lambda: mp.mpf(2) / 3, logarithms.TWO_THIRDS, logarithms.TWO_THIRDS_LOW)
    in_parts(lambda: mp.pi / 2, trigonometric.PI_2_FIRST, trigonometric.PI_2_SECOND, trigonometric.PI_2_THIRD)
    in_parts(lambda: mp.pi / 2, trigonometric.PI_2, trigonometric.PI_2_LOW)
    in_parts(lambda: mp.atan(mpf(1) / 2), arcs.ATAN_HALF, arcs.ATAN_HALF_LOW)
    in_parts(lambda: mp.atan(mpf(3) / 2), arcs.ATAN_MORE, arcs.ATAN_MORE_LOW)
    in_parts(lambda: mp.sqrt(mpf(1) / 2), error_functions.ROOT_HALF, error_functions.ROOT_HALF_LOW)
    in_parts(lambda: 2 / mp.sqrt(mp.pi), error_functions.ERF_SLOPE, error_functions.ERF_SLOPE_LOW)
    in_parts(lambda: scaled_erfc(mpf(0)), error_functions.ERFC_MIDDLE, error_functions.ERFC_MIDDLE_LOW)


def test_two_over_pi():
    with mp.workprec(1400):
        bits = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * 19)))
    words = [(bits >> (64 * (18 - k))) & (1 << 64) - 1 for k in range(19)]
    assert (0, *words) == trigonometric.TWO_OVER_PI
