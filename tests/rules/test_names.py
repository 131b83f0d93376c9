"""The page of names is that of the tables; what has no derivative is refused with its reason, what acts does so."""

import numpy as np
import pytest
import scipy
import scipy.signal
from scipy import ndimage, optimize, stats

import s2sad
from s2sad.ir.user_rules import plain_box
from tests.rules.names import PAGE, known, read, text, versions

V = np.array([0.41, 0.93, 0.62, 0.2])


@pytest.fixture(scope="module")
def names():
    return known()


def test_page_is_current(names):
    """The page of these versions is this one; of others, what both have is told alike."""
    page = PAGE.read_text(encoding="utf-8")
    if versions() in page:
        assert page == text(), "python -m tests.rules.names writes it"
    ours, theirs = read(text()), read(page)
    assert {n: row for n, row in ours.items() if n in theirs} == {n: row for n, row in theirs.items() if n in ours}


def test_no_name_of_linear_algebra_and_transforms_is_left(names):
    for namespace in ("numpy.linalg", "numpy.fft", "scipy.fft"):
        assert all(row.kind != "not" for row in names[namespace].values()), namespace


REFUSED = [
    (lambda x: np.poly1d(x)(0.5), "an object that stands for a polynomial"),
    (lambda x: np.sum(np.union1d(x, x + 1.0)), "how many numbers there are depends on the values"),
    (lambda x: stats.theilslopes(x)[0], "from the numbers in order"),
    (lambda x: np.sum(ndimage.generic_filter(x, np.max, 3)), "calls a function at each place"),
    (lambda x: np.sum(scipy.linalg.hessenberg(np.outer(x, x))), "not unique"),
]


@pytest.mark.parametrize(("function", "why"), REFUSED, ids=[why for _, why in REFUSED])
@pytest.mark.parametrize("derivative", [s2sad.grad, lambda f: lambda x: s2sad.jvp(f, (x,), (x,))], ids=["rev", "fwd"])
def test_the_reason_is_told(function, why, derivative):
    with pytest.raises(s2sad.Error, match=why):
        derivative(function)(V)


def peaks(x):
    places, _ = scipy.signal.find_peaks(x)
    return np.sum(x[places] ** 2)


def ranks(x):
    return np.sum(stats.rankdata(x) * x**2)


def assigned(x):
    rows, columns = optimize.linear_sum_assignment(np.abs(x[:, None] - V))
    return np.sum((x[rows] - 2.0 * V[columns]) ** 2)


def labelled(x):
    labels, count = ndimage.label(x > 0.5)
    return sum([np.sum(x[labels == k]) ** 2 for k in range(1, count + 1)])


@pytest.mark.parametrize("function", [peaks, ranks, assigned, labelled], ids=lambda f: f.__name__)
def test_what_is_flat_does_not_move(function):
    s2sad.check_grads(function, (V,), order=2)


FILE = []


def kept(x):
    y = x * x
    np.save(FILE[0], y)
    return np.sum(np.load(FILE[0]) * x)


def test_files_are_written_and_read_in_order(tmp_path):
    """Once, as the program does; never while it is compiled."""
    FILE[:] = [str(tmp_path / "kept.npy")]
    lowered = s2sad.grad(kept).lower(V)
    assert not (tmp_path / "kept.npy").exists()
    np.testing.assert_allclose(lowered(V), V * V, rtol=1e-15)
    np.testing.assert_array_equal(np.load(FILE[0]), V * V)


def test_settings_are_not_lost():
    def f(x):
        old = np.get_printoptions()["precision"]
        np.set_printoptions(precision=3)
        y = np.sum(x * x)
        np.set_printoptions(precision=old)
        return y

    assert plain_box(np.set_printoptions).constant
    assert s2sad.grad(f).lower(V).source.count("set_printoptions") == 2
