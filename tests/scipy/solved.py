"""What every program that solves something must satisfy: both modes, second order and vmap, against differences."""

import numpy as np

import s2sad


def slope(f, a, step=1e-3):
    """The derivative of a function of a number by Richardson's extrapolation of central differences."""
    coarse = (f(a + step) - f(a - step)) / (2 * step)
    fine = (f(a + step / 2) - f(a - step / 2)) / step
    return (4 * fine - coarse) / 3


def check(f, a, rtol=1e-6, second=True):
    """The derivatives of `f` at the number `a`; its solvers must be exact enough for differences of this accuracy."""
    gradient = s2sad.grad(f)
    value = f(a)
    found, moved = s2sad.value_and_grad(f)(a), s2sad.jvp(f, (a,), (1.0,))
    np.testing.assert_allclose([found[0], moved[0]], [value, value], rtol=1e-14)
    np.testing.assert_allclose(found[1], slope(f, a), rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(moved[1], found[1], rtol=1e-9, atol=1e-12)
    if second:
        expected = slope(gradient, a)
        np.testing.assert_allclose(s2sad.grad(gradient)(a), expected, rtol=10 * rtol, atol=1e-6)
        np.testing.assert_allclose(s2sad.jacfwd(gradient)(a), expected, rtol=10 * rtol, atol=1e-6)


def check_examples(f, a):
    """The gradient for several examples at once is that for each of them."""
    gradient = s2sad.grad(f)
    many = np.array([a, 1.01 * a, 1.02 * a])
    np.testing.assert_allclose(s2sad.vmap(gradient)(many), [gradient(float(x)) for x in many], rtol=1e-9)
