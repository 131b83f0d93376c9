"""Complex numbers: JAX's convention. For a real result f of z = x + iy the gradient is df/dx - i df/dy; a holomorphic
function has one complex derivative; tangents are those of R^2."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import NonScalarOutput, NotDifferentiable

Z = np.array([1.0 + 2.0j, 0.5 - 0.3j, -1.2 + 0.7j])
RNG = np.random.default_rng(0)
M = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3)) + 3.0 * np.eye(3)


def iterated(z):
    w = z * 0
    for _ in range(3):
        w = w * w + z
    return np.sum(np.abs(w) ** 2)


def stored(z):
    a = np.zeros(4, complex)
    a[1:] = z
    for i in range(1, 4):
        a[i] += a[i - 1] * np.conj(z[i - 1])
    a[:2] *= 1j
    return np.sum(a.real * a.imag)


def helper(z, w):
    return z * np.conj(w), np.abs(z)


def calling(z):
    v, r = helper(z[1:], z[:-1])
    return np.sum(v.real) + np.sum(r * v.imag)


def branching(z):
    total = 0.0
    for w in z:
        if w.real < 0.0:
            w = 2.0 * w
            total = total + (w * w).imag
        else:
            total = total + np.abs(w) ** 3
    return total


REAL = {
    "absolute": lambda z: np.sum(np.abs(z)),
    "square": lambda z: np.sum((z * np.conj(z)).real),
    "parts": lambda z: np.sum(np.real(z) * np.imag(z) ** 2) + np.sum(z.imag),
    "angle": lambda z: np.sum(np.angle(z)),
    "exponential": lambda z: np.sum((np.exp(z) * z).real),
    "trigonometry": lambda z: np.sum((np.sin(z) * np.cosh(z) + np.tan(z) / np.tanh(z)).imag),
    "roots": lambda z: np.sum(np.abs(np.sqrt(z) * np.log(z) + 1.0 / z)),
    "powers": lambda z: np.sum(np.abs(z**3 - 2.0 * z**-1 + z**0.5)),
    "quotient": lambda z: np.real(z[0] * z[1] / z[2]),
    "mean": lambda z: np.abs(np.mean(z) * np.prod(z) * np.cumsum(z)[1]),
    "where": lambda z: np.sum(np.abs(np.where(z.real > 0, z * z, 1j * z))),
    "outer": lambda z: np.sum(np.abs(np.outer(z, z) @ z) ** 2),
    "products": lambda z: np.abs(z @ z + np.vdot(z, 2.0 * z) + np.dot(z, np.conj(z)) + np.inner(z, z)),
    "einsum": lambda z: np.abs(np.einsum("i,ij,j->", z, M, np.conj(z))),
    "solve": lambda z: np.sum(np.abs(np.linalg.solve(M * z, z))),
    "inverse": lambda z: np.sum(np.abs(np.linalg.inv(M + np.diag(z)) @ z)),
    "determinant": lambda z: np.abs(np.linalg.det(M * z)),
    "norm": lambda z: np.linalg.norm(z) ** 3 + np.linalg.norm(np.outer(z, z), axis=0)[1] + np.linalg.norm(z, 1),
    "shapes": lambda z: np.sum(np.abs(np.concatenate([z[1:], z[:1]]).reshape(3, 1) * np.stack([z, z * z])[0])),
    "iterated": iterated,
    "stored": stored,
    "calling": calling,
    "branching": branching,
}


# Factorisations, and what is complex of real numbers

SQUARE, TALL, WIDE = M, M[:, :2], M[:2]


def singular(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.sum(np.abs(u) ** 3) + np.sum(np.abs(vh) ** 3 * s[:, None]) + np.sum(np.abs((u * s**2) @ vh) ** 3)


def eigen(a):
    w, v = np.linalg.eigh(a + np.conj(a.T))
    return np.sum(np.abs(v) ** 3 * w)


def orthogonal(a):
    q, r = np.linalg.qr(a)
    return np.sum(np.abs(q.real) ** 3) + np.sum(r.imag**3) + np.sum(q.imag @ r.real)


def determinant(a):
    sign, logarithm = np.linalg.slogdet(a)
    return np.real(sign * (1.0 - 2.0j)) * logarithm


def turning(x):
    return np.sum(np.abs(np.outer(x, 1j * x) @ x) + np.real(np.kron(x, x * (1.0 + 2.0j))[:3]))


def joining(x):
    return np.sum(np.abs(np.concatenate([x, 2j * x**2]) * np.stack([x, 1j * x]).ravel() + np.hstack([1j * x, x])))


PROGRAMS = {
    "singular values": (lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 3), SQUARE),
    "svd": (singular, SQUARE),
    "svd of tall": (singular, TALL),
    "svd of wide": (singular, WIDE),
    "svd of many": (lambda a: np.sum(np.abs(np.linalg.svd(a, full_matrices=False)[0]) ** 3), np.stack([M, M.T @ M])),
    "eigenvalues": (lambda a: np.sum(np.linalg.eigh(a + np.conj(a.T))[0] ** 3), SQUARE),
    "eigenvectors": (eigen, SQUARE),
    "qr": (orthogonal, SQUARE),
    "qr of tall": (orthogonal, TALL),
    "cholesky": (lambda a: np.sum(np.linalg.cholesky(a @ np.conj(a.T) + np.eye(3)).imag ** 3), SQUARE),
    "slogdet": (determinant, SQUARE),
    "sign": (lambda z: np.sum((np.sign(z) * (1.0 + 2.0j)).real), SQUARE),
    "variance": (lambda z: np.var(z) + np.sum(np.std(z**2, axis=0)), SQUARE),
    "real numbers turned": (turning, Z.real),
    "real numbers joined": (joining, Z.real),
    "real numbers contracted": (lambda x: np.tensordot(x, 1j * x**2, axes=1).imag, Z.real),
    "inner product": (lambda x: np.abs(np.inner(np.stack([x, 2.0 * x]), x + 1j)[0]), Z.real),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_modes_and_the_second_order(name):
    program, x = PROGRAMS[name]
    s2sad.check_grads(program, (x,), order=2)
    gradient = s2sad.grad(program)(x)
    assert gradient.dtype == x.dtype and gradient.shape == x.shape


@pytest.mark.parametrize(
    "z", [1j, np.complex64(1j), np.complex128(1j), np.array(1j), Z], ids=lambda z: type(z).__name__
)
@pytest.mark.parametrize("f", [lambda z: np.sum(np.real(z)), lambda z: np.sum(np.imag(z)), lambda z: 3.0])
def test_a_gradient_by_a_complex_number_is_complex(z, f):
    gradient = s2sad.grad(f)(z)
    assert np.iscomplexobj(gradient)
    assert np.result_type(gradient) == np.result_type(z)


def test_check_grads_moves_complex_arguments():
    @s2sad.custom_jvp
    def wrong(z):
        return np.real(z * z)

    wrong.defjvp(lambda primals, tangents: (wrong(*primals), np.real(primals[0] * tangents[0])))
    with pytest.raises(AssertionError, match="forward mode"):
        s2sad.check_grads(wrong, (1.0 + 2.0j,))


def differences(f, z, h=1e-4):
    """df/dx - i df/dy by Richardson's extrapolation."""

    def slope(e):
        a, b = ((f(z + s * e) - f(z - s * e)) / (2 * s) for s in (h, h / 2))
        return (4 * b - a) / 3

    units = np.eye(len(z))
    return np.array([slope(e) - 1j * slope(1j * e) for e in units])


@pytest.mark.parametrize("name", REAL)
def test_gradients_of_real_results(name):
    f = REAL[name]
    z = Z.copy()
    gradient = s2sad.grad(f)(z)
    assert gradient.dtype == complex
    np.testing.assert_allclose(gradient, differences(f, Z), rtol=1e-7, atol=1e-8)
    assert np.array_equal(z, Z)


@pytest.mark.parametrize("name", REAL)
def test_tangents(name):
    f = REAL[name]
    tangent = np.array([0.3 + 0.1j, -0.2j, 1.0])
    value, slope = s2sad.jvp(f, (Z,), (tangent,))
    assert value == pytest.approx(f(Z))
    assert slope == pytest.approx(np.sum(differences(f, Z) * tangent).real, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", ["square", "exponential", "powers", "outer", "iterated", "stored", "calling"])
def test_second_order(name):
    """The gradient of the real part of the gradient times a fixed vector."""
    f, gradient = REAL[name], s2sad.grad(REAL[name])
    w = np.array([1.0, 2.0j, -0.5])

    def paired(z):
        return np.sum((gradient(z) * w).real)

    np.testing.assert_allclose(s2sad.grad(paired)(Z), differences(paired, Z), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        s2sad.vmap(s2sad.grad(f))(np.stack([Z, 2 * Z])), np.stack([gradient(Z), gradient(2 * Z)])
    )


HOLOMORPHIC = {
    "cubic": (lambda z: z**3 - 2.0 * z, lambda z: 3.0 * z**2 - 2.0),
    "exponential": (lambda z: np.exp(z) * z, lambda z: np.exp(z) * (z + 1.0)),
    "logarithm": (lambda z: np.log(z) / z, lambda z: (1.0 - np.log(z)) / z**2),
    "root": (lambda z: np.sqrt(z), lambda z: 0.5 / np.sqrt(z)),
    "tangent": (lambda z: np.tan(z), lambda z: 1.0 / np.cos(z) ** 2),
}


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_functions(name):
    f, slope = HOLOMORPHIC[name]
    for operator in (s2sad.jacfwd, s2sad.jacrev, s2sad.jacobian):
        np.testing.assert_allclose(operator(f, holomorphic=True)(Z), np.diag(slope(Z)), rtol=1e-12)
    for z in Z:
        assert s2sad.grad(f, holomorphic=True)(z) == pytest.approx(slope(z))
        assert s2sad.value_and_grad(f, holomorphic=True)(z)[0] == pytest.approx(f(z))
    np.testing.assert_allclose(s2sad.vjp(f, Z)[1](1j * Z)[0], 1j * Z * slope(Z))
    np.testing.assert_allclose(s2sad.jvp(f, (Z,), (1j * Z,))[1], 1j * Z * slope(Z))


def test_holomorphic_hessian():
    found = s2sad.hessian(lambda z: z[0] ** 2 * z[1] + np.exp(z[2]), holomorphic=True)(Z)
    expected = np.array([[2 * Z[1], 2 * Z[0], 0], [2 * Z[0], 0, 0], [0, 0, np.exp(Z[2])]])
    np.testing.assert_allclose(found, expected)


def test_from_and_to_real_numbers():
    x = np.array([0.3, -1.1])
    waves = s2sad.jacfwd(lambda x: np.exp(1j * x))(x)
    np.testing.assert_allclose(waves, np.diag(1j * np.exp(1j * x)))
    rows = s2sad.jacrev(lambda z: np.abs(z) ** 2)(Z)
    np.testing.assert_allclose(rows, np.diag(2.0 * np.conj(Z)))
    gradient = s2sad.grad(lambda x: np.sum(np.abs(np.exp(1j * x) * x) ** 2))(x)
    assert gradient.dtype == float
    np.testing.assert_allclose(gradient, 2.0 * x)


def test_single_precision_stays():
    z = Z.astype(np.complex64)
    assert s2sad.grad(REAL["exponential"])(z).dtype == np.complex64


def test_what_has_no_complex_derivative_is_refused():
    for operator, error in [
        (s2sad.grad(np.conj), NonScalarOutput),
        (s2sad.jacfwd(np.conj), NotDifferentiable),
        (s2sad.jacrev(np.conj), NotDifferentiable),
        (s2sad.elementwise_grad(np.conj), NotDifferentiable),
        (s2sad.grad(np.sin, holomorphic=True), NotDifferentiable),
    ]:
        with pytest.raises(error):
            operator(1.5 if operator.transform.holomorphic else Z)
    with pytest.raises(NotDifferentiable, match="holomorphic"):
        s2sad.jacfwd(lambda z: z.real, holomorphic=True)(Z)
