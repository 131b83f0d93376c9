"""Programs over scipy.ndimage as people write them, and the matrices of what is linear in an image."""

import numpy as np
import pytest
from scipy import ndimage

import s2sad

RNG = np.random.default_rng(0)
IMAGE = ndimage.gaussian_filter(RNG.normal(size=(9, 10)), 1.0)
OTHER = ndimage.gaussian_filter(RNG.normal(size=(9, 10)), 1.0)
LEVELS = RNG.permutation(np.linspace(-1.0, 1.0, IMAGE.size)).reshape(IMAGE.shape)
"""No two of its numbers are close: which one a filter chooses is the same in a neighbourhood."""
LABELS = RNG.integers(0, 4, IMAGE.shape)
VOLUME = RNG.normal(size=(4, 5, 3))


def variation(x):
    return np.sum(np.sqrt(np.diff(x, axis=0)[:, :-1] ** 2 + np.diff(x, axis=1)[:-1] ** 2 + 1e-2))


def deblurred(x, blurred, weight):
    """An image that, blurred, is the one that was seen, and varies little."""
    return 0.5 * np.sum((ndimage.gaussian_filter(x, 0.8) - blurred) ** 2) + weight * variation(x)


def focus(sigma, sharp, blurred):
    """The width of a point spread function."""
    return np.sum((ndimage.gaussian_filter(sharp, sigma, mode="nearest") - blurred) ** 2)


def widths(sigmas, sharp, blurred):
    """One width for each axis, an edge filter between."""
    soft = ndimage.gaussian_filter(sharp, sigmas, order=(0, 1), mode="constant", cval=0.2)
    return np.sum((soft - ndimage.sobel(blurred)) ** 2)


def registered(p, moving, fixed):
    """A rotation and a shift that bring one image on another."""
    c, s = np.cos(p[0]), np.sin(p[0])
    warped = ndimage.affine_transform(moving, np.array([[c, -s], [s, c]]), offset=p[1:], order=4, mode="mirror")
    return np.sum((warped - fixed) ** 2)


def affine(m, image):
    """A matrix with the shift in its last column."""
    return np.sum(ndimage.affine_transform(image, m.reshape(2, 3), order=5, mode="grid-wrap") ** 2)


def flow(u, first, second):
    """A field of displacements between two images that is smooth."""
    rows, columns = np.mgrid[0 : first.shape[0], 0 : first.shape[1]]
    warped = ndimage.map_coordinates(second, [rows + u[0], columns + u[1]], order=2, mode="nearest")
    return np.sum((warped - first) ** 2) + 0.1 * np.sum(ndimage.laplace(u[0]) ** 2 + ndimage.laplace(u[1]) ** 2)


def shifted(d, image, other):
    """A shift of less than a pixel."""
    return np.sum((ndimage.shift(image, d, order=5, mode="reflect") - other) ** 2)


def turned(angle, image):
    a = ndimage.rotate(image, angle, reshape=False, order=4, mode="mirror")
    return np.sum(a[2:7] ** 2 * np.arange(10.0))


def pyramid(image):
    """Two levels of a pyramid, and the way back."""
    small = ndimage.zoom(ndimage.gaussian_filter(image, 1.0), 0.5, order=1)
    return np.sum((ndimage.zoom(small, (9 / 4, 2.0), order=3, mode="nearest")[:9, :10] - image) ** 2)


def learned(kernel, image, target):
    """The kernel of a convolution."""
    found = ndimage.convolve(image, kernel, mode="mirror")
    return np.sum((np.tanh(found) - target) ** 2) + np.sum(ndimage.correlate1d(image, kernel[1], mode="wrap") ** 3)


def edges(image):
    magnitude = ndimage.gaussian_gradient_magnitude(image, 0.7)
    return np.sum(magnitude) + np.sum(np.hypot(ndimage.sobel(image, 0), ndimage.prewitt(image, 1)) * magnitude)


def blobs(sigma, image):
    """How a blob answers to the width of a Laplacian of a Gaussian."""
    return np.sum(sigma**4 * ndimage.gaussian_laplace(image, sigma) ** 2)


def opened(image):
    """Morphology, and a filter of medians."""
    soft = ndimage.median_filter(ndimage.grey_opening(image, size=3), size=3, mode="nearest")
    high = ndimage.maximum_filter(image, footprint=np.ones((2, 3)), mode="constant", cval=0.1)
    return np.sum(soft**2) + np.sum(high**3) + np.sum(ndimage.morphological_gradient(image, size=(3, 1)) ** 2)


def cells(image):
    """What is measured of labelled parts."""
    index = np.arange(1, 4)
    sums, means = ndimage.sum_labels(image, LABELS, index), ndimage.mean(image, LABELS, index)
    row, column = ndimage.center_of_mass(image**2, LABELS, 2)
    return np.sum(sums * means) + np.sum(ndimage.variance(image, LABELS, index)) + row * column


def ssim(x, y):
    """The structural similarity of two images."""
    mx, my = ndimage.uniform_filter(x, 5), ndimage.uniform_filter(y, 5)
    xx, yy = ndimage.uniform_filter(x * x, 5) - mx * mx, ndimage.uniform_filter(y * y, 5) - my * my
    xy = ndimage.uniform_filter(x * y, 5) - mx * my
    return np.mean((2 * mx * my + 0.1) * (2 * xy + 0.3) / ((mx**2 + my**2 + 0.1) * (xx + yy + 0.3)))


def phase(image, other):
    """A filter between the frequencies."""
    spectrum = ndimage.fourier_gaussian(np.fft.fft2(image), 0.8) * np.conj(np.fft.fft2(other))
    return np.sum(np.abs(np.fft.ifft2(spectrum)) ** 2)


PROGRAMS = [
    (deblurred, (IMAGE, OTHER, 0.1)),
    (focus, (1.3, IMAGE, OTHER)),
    (widths, (np.array([0.9, 1.2]), IMAGE, OTHER)),
    (registered, (np.array([0.1, 0.3, -0.2]), IMAGE, OTHER)),
    (affine, (np.array([0.9, 0.13, 0.21, -0.12, 1.07, 0.33]), IMAGE)),
    (flow, (RNG.uniform(0.1, 0.3, (2, 9, 10)), IMAGE, OTHER)),
    (shifted, (np.array([0.3, -0.4]), IMAGE, OTHER)),
    (turned, (13.0, IMAGE)),
    (pyramid, (IMAGE,)),
    (learned, (RNG.normal(size=(3, 3)), IMAGE, OTHER)),
    (edges, (IMAGE,)),
    (blobs, (1.1, IMAGE)),
    (opened, (LEVELS,)),
    (cells, (IMAGE,)),
    (ssim, (IMAGE, OTHER)),
    (phase, (IMAGE, OTHER)),
]


@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_programs(program, arguments):
    """Value, both modes and second order against extrapolated differences."""
    s2sad.check_grads(program, arguments, order=2)


MODES = ("reflect", "mirror", "nearest", "wrap", "constant")
POINTS = RNG.uniform(-3.0, 9.0, (2, 7))
WEIGHTS = RNG.normal(size=(3, 4))
SHAPE = (5, 6)
LINEAR = {
    **{f"gaussian, {m}": lambda x, m=m: ndimage.gaussian_filter(x, (0.7, 1.4), order=(0, 1), mode=m) for m in MODES},
    **{f"uniform, {m}": lambda x, m=m: ndimage.uniform_filter(x, (2, 3), mode=m, origin=(-1, 1)) for m in MODES},
    **{f"correlate, {m}": lambda x, m=m: ndimage.correlate(x, WEIGHTS, mode=m, origin=(1, -2)) for m in MODES},
    **{f"convolve, {m}": lambda x, m=m: ndimage.convolve(x, WEIGHTS, mode=m, origin=(-1, 1)) for m in MODES},
    **{f"sobel, {m}": lambda x, m=m: ndimage.sobel(x, axis=0, mode=m) for m in MODES},
    **{f"laplace, {m}": lambda x, m=m: ndimage.laplace(x, mode=m) for m in MODES},
    **{
        f"spline {n}, {m}": lambda x, n=n, m=m: ndimage.map_coordinates(x, POINTS, order=n, mode=m)
        for n, m in zip((0, 1, 2, 3, 4, 5, 3), (*MODES, "grid-wrap", "grid-constant"), strict=True)
    },
    **{f"coefficients {n}": lambda x, n=n: ndimage.spline_filter(x, n, mode="reflect") for n in (2, 5)},
    "wide": lambda x: ndimage.convolve1d(x, np.arange(1.0, 18.0), axis=0, mode="reflect"),
    "zoom": lambda x: ndimage.zoom(x, (1.3, 0.7), mode="mirror"),
    "zoom of a grid": lambda x: ndimage.zoom(x, 2.0, order=1, grid_mode=True, mode="grid-mirror"),
    "rotate": lambda x: ndimage.rotate(x, 33.0),
    "rotate, a right angle": lambda x: ndimage.rotate(x, 90.0, order=1),
    "shift": lambda x: ndimage.shift(x, (1, -2.5), order=2, cval=0.7),
}


@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_has_the_matrix_of_its_columns(name):
    """The adjoint is the transpose of the matrix that SciPy gives for the unit vectors, the tangent its product."""
    function, n = LINEAR[name], SHAPE[0] * SHAPE[1]
    zero = function(np.zeros(SHAPE))
    matrix = np.stack([(function(e.reshape(SHAPE)) - zero).ravel() for e in np.eye(n)], axis=-1)
    x, d = RNG.normal(size=SHAPE), RNG.normal(size=SHAPE)
    out, pull = s2sad.vjp(function, x)
    g = RNG.normal(size=out.shape)
    accuracy = 2e-14 * n * np.max(np.abs(matrix))
    np.testing.assert_allclose(pull(g)[0].ravel(), matrix.T @ g.ravel(), atol=accuracy, rtol=0)
    np.testing.assert_allclose(s2sad.jvp(function, (x,), (d,))[1].ravel(), matrix @ d.ravel(), atol=accuracy, rtol=0)


def through(x, points, order, mode):
    return ndimage.map_coordinates(x, points, order=order, mode=mode, cval=0.3)


@pytest.mark.parametrize(
    ("order", "mode"), [(1, "constant"), (2, "nearest"), (3, "reflect"), (4, "wrap"), (5, "mirror")]
)
def test_slopes_at_coordinates(order, mode):
    """Each number depends on its own coordinates alone: central differences of SciPy's own splines, extrapolated."""
    x = RNG.normal(size=SHAPE)
    points = np.floor(RNG.uniform(0.0, 4.0, (2, 6))) + RNG.uniform(0.1, 0.4, (2, 6))
    for axis in range(2):
        along = np.zeros_like(points)
        along[axis] = 1.0
        slopes = [
            (through(x, points + h * along, order, mode) - through(x, points - h * along, order, mode)) / (2 * h)
            for h in (2e-3, 1e-3)
        ]
        expected = (4.0 * slopes[1] - slopes[0]) / 3.0
        found = s2sad.jvp(lambda p: through(x, p, order, mode), (points,), (along,))[1]
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)
        gradient = s2sad.grad(lambda p: np.sum(through(x, p, order, mode)))(points)
        np.testing.assert_allclose(gradient[axis], expected, rtol=1e-8, atol=1e-9)


def ramp(d):
    """A shift of a plane, which a spline of any order is: the sum is known."""
    rows, columns = np.indices((32, 32))
    return np.sum(ndimage.shift(2.0 * rows - 3.0 * columns, d, order=3, mode="mirror")[14:18, 14:18])


def test_a_plane_that_is_shifted():
    np.testing.assert_allclose(s2sad.grad(ramp)(np.array([0.3, 0.6])), [-32.0, 48.0], rtol=1e-7)


def smooth(image, sigma):
    soft = ndimage.gaussian_filter(image, sigma) + ndimage.convolve(image, WEIGHTS, mode="wrap")
    return np.sum(ndimage.median_filter(soft, 3) ** 2) + np.sum(ndimage.shift(image, 0.3, order=1) * soft)


def test_many_images_at_once():
    images = np.stack([IMAGE, OTHER, IMAGE - OTHER])
    many = s2sad.vmap(s2sad.grad(smooth), in_axes=(0, None))(images, 1.1)
    np.testing.assert_allclose(many, [s2sad.grad(smooth)(x, 1.1) for x in images], rtol=1e-9, atol=1e-12)


def test_single_precision():
    gradient = s2sad.grad(smooth)(IMAGE.astype(np.float32), 1.1)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, s2sad.grad(smooth)(IMAGE, 1.1), rtol=1e-3, atol=1e-4)


def planes(volume, angle):
    turned = ndimage.rotate(volume, angle, axes=(0, 1), reshape=False, order=2, mode="nearest")
    soft = ndimage.gaussian_filter(turned, 0.6, axes=(0, 2))
    return np.sum(soft**3) + np.sum(ndimage.uniform_filter1d(volume, 3, axis=1, mode="mirror") ** 2)


def test_volumes():
    s2sad.check_grads(planes, (VOLUME, 11.0), order=1)


def of_parts(x, y):
    z = ndimage.gaussian_filter(x + 1j * y, 0.7, mode="nearest")
    return np.sum(np.abs(ndimage.map_coordinates(z, POINTS, order=3, mode="mirror")) ** 2)


def test_complex_images():
    s2sad.check_grads(of_parts, (IMAGE, OTHER), order=1)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (lambda x: np.sum(ndimage.generic_filter(x, np.ptp, 3)), "generic_filter is given a function"),
        (lambda x: np.sum(ndimage.geometric_transform(x, lambda c: c)), "geometric_transform is given a function"),
        (lambda x: np.sum(ndimage.grey_erosion(x, structure=((0, 1), (1, 0)))), "not flat"),
        (lambda x: np.sum(ndimage.zoom(x + 1j * x, 2, grid_mode=True).real), "both parts"),
    ],
)
def test_refusals(program, says):
    with pytest.raises(s2sad.Error, match=says):
        s2sad.grad(program)(IMAGE)
