"""Integrals by SciPy, as people call them: Leibniz' rule."""

import re

import mpmath
import numpy as np
import pytest
from scipy import integrate, special
from scipy.integrate import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad

import s2sad
from s2sad.solvers.integrals import kronrod
from tests.scipy.solved import check, check_examples, slope


def gaussian(a):
    return quad(lambda x: np.exp(-a * x**2), 0, np.inf)[0]


def arc_length(a):
    """Of a sine, between limits that move too."""
    length, error = quad(lambda x, b, c: np.sqrt(1 + (b * np.cos(c * x)) ** 2), a / 3, a**2, args=(a, 2 * a))
    return length**2


def elliptic(m):
    return quad(lambda t: 1 / np.sqrt(1 - m * np.sin(t) ** 2), 0, np.pi / 2)[0]


def normal_cdf(x):
    return quad(lambda t: np.exp(-t * t / 2) / np.sqrt(2 * np.pi), -np.inf, x)[0]


def planck(a):
    """The share of black-body radiation below a wavelength."""

    def radiance(x):
        return -(x**3) * np.exp(-x) / np.expm1(-x)

    return 15 / np.pi**4 * quad(radiance, a, np.inf)[0]


def many_parameters(a):
    w = a * np.array([1.0, 2.0, 3.0])
    return quad(lambda x: np.sum(np.tanh(w * x)), 0.0, 1.0, points=[0.5])[0]


def oscillating(a):
    return quad(lambda x: x * np.exp(-x * a), 0.2 * a, 2.0, weight="cos", wvar=3.0)[0]


def oscillating_of_two(a):
    w = np.array([0.3, 0.5]) * a
    return quad(lambda x: x * np.exp(-x * w[0]) + w[1] ** 2 * x, 0.2, 2.0, weight="sin", wvar=3.0)[0]


def principal_value(a):
    return quad(lambda x: np.exp(a * x), -1.0, a, weight="cauchy", wvar=0.3)[0]


def endpoint_singularity(a):
    return quad(lambda x: np.exp(a * x), 0.0, 1.0, weight="alg", wvar=(-0.5, 0.2))[0]


def with_report(a):
    value, error, info = quad(lambda x: np.exp(-a * x), 0, 1, full_output=1, epsabs=1e-12)
    return value if error < 1e-8 else 0.0


class Beam:
    def __init__(self, load):
        self.load = load

    def moment(self, x):
        return self.load * x * (2.0 - x) / 2


def method(a):
    beam = Beam(a * a)
    return quad(beam.moment, 0.0, a)[0]


def in_a_loop(a):
    total = 0.0
    for k in range(3):
        total += quad(lambda x: np.cos(a * x) ** k, 0.0, 1.0)[0] * (k + 1)  # noqa: B023
    return total


def vector(a):
    found, error = quad_vec(lambda x: np.sin(a * x * np.array([1.0, 2.0])), 0, a)
    return np.sum(found**2)


def centre_of_mass(a):
    """Of a lamina between a parabola and a line, denser at one side."""

    def density(y, x):
        return 1 + a * x * y

    def low(x):
        return a * x**2

    mass = dblquad(density, 0, 1, low, lambda x: a * x)[0]
    moment = dblquad(lambda y, x: x * density(y, x), 0, 1, low, lambda x: a * x)[0]
    return moment / mass


def rectangle(a):
    return dblquad(lambda y, x: np.exp(-a * x * y), 0, a, 0.5, 2.0 * a, epsabs=1e-11)[0]


def body(a):
    return tplquad(lambda z, y, x: y * z + a, 0, a, 0, lambda x: a * x, 0, lambda x, y: x + y * a)[0]


def box(a):
    return nquad(lambda x, y: np.cos(a * x) * y, [[0, a], [0.5, 1.0]])[0]


def few_points(a):
    return fixed_quad(lambda x: np.exp(-a * x), 0.0, 2 * a, n=8)[0]


def few_points_of_arrays(a):
    return np.sum(fixed_quad(lambda x: np.outer([a, 1.0], np.cos(a * x)), 0.0, 1.0, n=4)[0])


def peaked(a):
    """By two parameters in an array: 21 points are not enough."""
    w = np.array([0.3 * a, 0.02])
    return quad(lambda x: w[1] / (w[1] ** 2 + (x - w[0]) ** 2), 0.0, a, limit=200)[0]


def backward_and_smooth(a):
    """From the upper limit to the lower, by two parameters: 21 points are enough."""
    w = np.array([a, a * a])
    return quad(lambda x: np.exp(-w[0] * x) * np.cos(w[1] * x), a, 0.0)[0]


SINGLE = {
    peaked: 1.2,
    backward_and_smooth: 1.2,
    gaussian: 1.3,
    arc_length: 1.3,
    elliptic: 0.4,
    normal_cdf: 0.7,
    planck: 2.0,
    many_parameters: 0.8,
    oscillating: 1.1,
    oscillating_of_two: 1.1,
    principal_value: 1.1,
    endpoint_singularity: 0.6,
    with_report: 1.2,
    method: 1.4,
    in_a_loop: 0.7,
    vector: 1.3,
    few_points: 1.3,
    few_points_of_arrays: 0.9,
}


@pytest.mark.parametrize("f", SINGLE, ids=lambda f: f.__name__)
def test_integrals(f):
    check(f, SINGLE[f])


@pytest.mark.parametrize("f", [centre_of_mass, rectangle, box], ids=lambda f: f.__name__)
def test_several_variables(f):
    check(f, 0.8, second=False)


def test_a_body():
    gradient = s2sad.grad(body)(0.8)
    slope = (body(0.8 + 1e-4) - body(0.8 - 1e-4)) / 2e-4
    np.testing.assert_allclose(gradient, slope, rtol=1e-7)
    np.testing.assert_allclose(s2sad.jvp(body, (0.8,), (1.0,))[1], gradient, rtol=1e-10)


def test_second_derivative_of_an_area():
    second = s2sad.grad(s2sad.grad(rectangle))(0.8)
    with mpmath.workdps(30):  # the inner integral by hand
        expected = mpmath.diff(
            lambda a: mpmath.quad(lambda x: (mpmath.exp(-a * x / 2) - mpmath.exp(-2 * a**2 * x)) / (a * x), [0, a]),
            0.8,
            2,
        )
    np.testing.assert_allclose(second, float(expected), rtol=1e-8)


@pytest.mark.parametrize("f", [gaussian, arc_length, vector], ids=lambda f: f.__name__)
def test_examples(f):
    check_examples(f, 1.2)


def test_closed_forms():
    np.testing.assert_allclose(s2sad.grad(normal_cdf)(0.7), np.exp(-0.245) / np.sqrt(2 * np.pi), rtol=1e-14)
    np.testing.assert_allclose(s2sad.grad(gaussian)(1.3), -np.sqrt(np.pi) / 4 * 1.3**-1.5, rtol=1e-10)
    m = 0.4
    expected = (special.ellipe(m) - (1 - m) * special.ellipk(m)) / (2 * m * (1 - m))
    np.testing.assert_allclose(s2sad.grad(elliptic)(m), expected, rtol=1e-10)


def test_points_of_gauss_and_kronrod():
    """They integrate polynomials of degree 31, Gauss' of them those of degree 19."""
    places, weights, coarse = kronrod(-1.0, 3.0)
    for degree in range(32):
        exact = (3.0 ** (degree + 1) - (-1.0) ** (degree + 1)) / (degree + 1)
        np.testing.assert_allclose(weights @ places**degree, exact, rtol=1e-13)
        if degree < 20:
            np.testing.assert_allclose(coarse @ places**degree, exact, rtol=1e-13)


def test_gradient_by_an_array():
    def f(w):
        return quad(lambda x: np.exp(-np.dot(w, [x, x * x])), 0, np.inf)[0]

    w = np.array([0.3, 1.1])
    moment = [integrate.quad(lambda x, k=k: -(x**k) * np.exp(-0.3 * x - 1.1 * x * x), 0, np.inf)[0] for k in (1, 2)]
    np.testing.assert_allclose(s2sad.grad(f)(w), moment, rtol=1e-10)


def test_text():
    text = s2sad.grad(gaussian).lower(1.3).source
    assert re.search(r"scipy\.integrate\.quad\(function_grad, 0, np\.inf, args=\(a,\)\)", text), text
    assert text.count("integrate.quad(") == 1, text


def complex_integrand(a):
    return quad(lambda x: np.exp(1j * a * x), 0, 1, complex_func=True)[0].real


def moving_weight(a):
    return quad(np.exp, 0.0, a, weight="alg", wvar=(-0.5, 0.2))[0]


def limits_that_are_functions(a):
    return nquad(lambda x, y: a * x * y, [lambda y: [0, 1 - y], (0.0, 1.0)])[0]


def singular(a):
    return integrate.tanhsinh(lambda x: np.log(x) * a, 0.0, 1.0).integral


def points_at_run_time(a, n):
    return fixed_quad(lambda x: np.exp(-a * x), 0.0, 1.0, n=n)[0]


def report_at_run_time(a, full):
    return quad(lambda x: np.exp(-a * x), 0.0, 1.0, full_output=full)[0]


def test_what_is_known_at_run_time_only():
    expected = slope(lambda a: points_at_run_time(a, 3), 1.2)
    np.testing.assert_allclose(s2sad.grad(points_at_run_time)(1.2, 3), expected, rtol=1e-9)
    with pytest.raises(s2sad.Error, match="full_output of scipy.integrate.quad, which is known at run time only"):
        s2sad.grad(report_at_run_time)(1.2, 0)


REFUSED = {
    complex_integrand: "complex_func",
    moving_weight: "moves with its limits",
    limits_that_are_functions: "with a function as its ranges",
    singular: r"there is no derivative of scipy\.integrate\.tanhsinh(?s:.)*write scipy\.integrate\.quad",
}


@pytest.mark.parametrize(("f", "message"), REFUSED.items())
def test_refused(f, message):
    with pytest.raises(s2sad.Error, match=message):
        s2sad.grad(f)(1.3)


def called_as_arguments_of_solvers(weight):
    """What an integrand reads may be called as an argument of the integrator that is not given, or of its rule."""
    params, points = 2.0 * weight, weight**2
    return quad(lambda x: weight * x + np.sin(params * x) * points, 0, 1)[0]


def test_names():
    check(called_as_arguments_of_solvers, 1.2)
