"""Functions that are computed again in the reverse sweep: the derivatives of the same program without the mark."""

import importlib
import inspect
import linecache
import pickle
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import s2sad
from s2sad.errors import Unsupported

X = np.array([0.3, 0.5, 0.7])


def plain_step(u, c):
    v = np.sin(u) * c
    for _ in range(2):
        v = v * np.cos(v)
    return v + u


step = s2sad.checkpoint(plain_step)


@s2sad.checkpoint
def decorated(u, c=0.5):
    return np.exp(-u) * c


@s2sad.checkpoint
def outer(u, c):
    return step(decorated(u), c) * u


def plain_outer(u, c):
    return plain_step(decorated.target(u), c) * u


@s2sad.checkpoint
def factorial_like(u, n):
    if n == 0:
        return u
    return np.sin(u) * factorial_like(u * 0.5, n - 1)


def plain_factorial_like(u, n):
    if n == 0:
        return u
    return np.sin(u) * plain_factorial_like(u * 0.5, n - 1)


WEIGHTS = np.array([1.0, 2.0, 3.0])


@s2sad.checkpoint
def captured(u):
    return np.tanh(u * WEIGHTS)


@s2sad.checkpoint
def several(state, k):
    a, b = state
    return {"a": np.sin(a) * b, "b": b * k}, a[0]


def looped(u, c):
    for _ in range(3):
        u = step(u, c)
    return np.sum(u**2)


def looped_plain(u, c):
    for _ in range(3):
        u = plain_step(u, c)
    return np.sum(u**2)


def nested(u, c):
    return np.sum(outer(u, c) * decorated(u, 0.1))


def nested_plain(u, c):
    return np.sum(plain_outer(u, c) * decorated.target(u, 0.1))


def recursive(u, c):
    return np.sum(factorial_like(u, 3)) * c


def recursive_plain(u, c):
    return np.sum(plain_factorial_like(u, 3)) * c


def around(u, c):
    return np.sum(captured(u)) * c


def around_plain(u, c):
    return np.sum(captured.target(u)) * c


def containers(u, c):
    found, first = several((u, c), 3.0)
    return np.sum(found["a"]) * found["b"] + first


def containers_plain(u, c):
    found, first = several.target((u, c), 3.0)
    return np.sum(found["a"]) * found["b"] + first


def written_after(u, c):
    a = u * 1.0
    total = 0.0
    for k in range(3):
        b = step(a, c)
        a[k] = np.sum(b) * a[k]
        a[1:] *= b[:-1]
        total += a[k] ** 2
    return total


def written_after_plain(u, c):
    a = u * 1.0
    total = 0.0
    for k in range(3):
        b = plain_step(a, c)
        a[k] = np.sum(b) * a[k]
        a[1:] *= b[:-1]
        total += a[k] ** 2
    return total


def branching(u, c):
    if c > 0.0:
        u = step(u, c)
    while np.sum(u) > 0.5:
        u = decorated(u) * 0.3
    return np.sum(u)


def branching_plain(u, c):
    if c > 0.0:
        u = plain_step(u, c)
    while np.sum(u) > 0.5:
        u = decorated.target(u) * 0.3
    return np.sum(u)


def closed(u, c):
    @s2sad.checkpoint
    def inner(v):
        return np.sin(v) * c + u

    for _ in range(2):
        u = inner(u) * 0.5
    return np.sum(u * s2sad.checkpoint(lambda v: v * v * c)(u))


def closed_plain(u, c):
    start = u

    def inner(v):
        return np.sin(v) * c + u

    for _ in range(2):
        u = inner(u) * 0.5
    return np.sum(u * (u * u * c)) + 0.0 * np.sum(start)


PAIRS = [
    (looped, looped_plain),
    (nested, nested_plain),
    (recursive, recursive_plain),
    (around, around_plain),
    (containers, containers_plain),
    (written_after, written_after_plain),
    (branching, branching_plain),
    (closed, closed_plain),
]


@pytest.mark.parametrize("marked, unmarked", PAIRS, ids=lambda f: f.__name__)
def test_the_derivatives_of_the_same_program_without_the_mark(marked, unmarked):
    x = X.copy()
    assert marked(x, 0.4) == pytest.approx(unmarked(x, 0.4), rel=1e-15)
    for found, expected in zip(s2sad.grad(marked, (0, 1))(x, 0.4), s2sad.grad(unmarked, (0, 1))(x, 0.4), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    dots = (np.array([1.0, -2.0, 0.5]), 0.7)
    assert s2sad.jvp(marked, (x, 0.4), dots) == pytest.approx(s2sad.jvp(unmarked, (x, 0.4), dots), rel=1e-13)
    s2sad.check_grads(marked, (x, 0.4), order=1)
    assert np.array_equal(x, X)


@pytest.mark.parametrize("marked, unmarked", PAIRS, ids=lambda f: f.__name__)
def test_second_derivatives(marked, unmarked):
    expected = s2sad.hessian(unmarked)(X, 0.4)
    for outer_mode in (s2sad.jacfwd, s2sad.jacrev):
        for inner_mode in (s2sad.jacfwd, s2sad.jacrev):
            found = outer_mode(inner_mode(marked))(X, 0.4)
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_third_derivatives():
    found = s2sad.jacrev(s2sad.hessian(looped))(X, 0.4)
    np.testing.assert_allclose(found, s2sad.jacfwd(s2sad.hessian(looped_plain))(X, 0.4), rtol=1e-9, atol=1e-10)


class Layer:
    def __init__(self, w):
        self.w = w

    @s2sad.checkpoint
    def once(self, x):
        return np.tanh(self.w * x)

    @s2sad.checkpoint
    def twice(self, x):
        return self.once(self.once(x))


def test_methods():
    layer = Layer(0.7)

    def f(x):
        return np.sum(layer.twice(x))

    np.testing.assert_allclose(layer.twice(X), np.tanh(0.7 * np.tanh(0.7 * X)))
    u = np.tanh(0.7 * X)
    expected = (1 - np.tanh(0.7 * u) ** 2) * 0.7 * (1 - u**2) * 0.7
    np.testing.assert_allclose(s2sad.grad(f)(X), expected, rtol=1e-14)


def test_vjp_keeps_the_arguments():
    out, pullback = s2sad.vjp(looped, X, 0.4)
    first, second = pullback(1.0), pullback(1.0)
    np.testing.assert_allclose(first[0], s2sad.grad(looped_plain)(X, 0.4), rtol=1e-14)
    assert np.array_equal(first[0], second[0]) and out == looped(X, 0.4)


def test_the_text_keeps_the_arguments_alone():
    source = s2sad.grad(looped).lower(X, 0.4).source
    entry = source.partition("def looped_grad")[2]
    assert "us.append(u)" in entry and entry.count("append") == 1
    assert "u_bar = plain_step_reverse(u, c, u_bar)" in entry
    assert "forward" not in source


def test_the_mark_is_the_function():
    assert step(X, 0.4) is not None and np.array_equal(step(X, 0.4), plain_step(X, 0.4))
    assert decorated.__name__ == "decorated" and decorated(X, c=2.0)[0] == 2.0 * np.exp(-0.3)
    assert str(inspect.signature(decorated)) == "(u, c=0.5)"
    np.testing.assert_allclose(s2sad.jacobian(decorated)(X), -np.diag(decorated(X)))
    with pytest.raises(s2sad.Error):
        s2sad.checkpoint(3)


def test_a_function_that_changes_what_it_is_given_is_refused():
    @s2sad.checkpoint
    def fill(a, x):
        a[0] = x
        return a[1] * x

    def f(x):
        a = np.ones(3)
        return fill(a, x) + a[0]

    with pytest.raises(Unsupported, match="return new values") as e:
        s2sad.grad(f)(2.0)
    assert e.value.location.file == __file__ and "fill(a, x)" in e.value.source


def test_less_memory():
    n = 20_000

    def run(u, body):
        for _ in range(20):
            u = body(u)
        return np.sum(u)

    def wide(u):
        for _ in range(20):
            u = np.sin(u) * u
        return u

    def marked(u):
        return run(u, checkpointed_wide)

    def unmarked(u):
        return run(u, wide)

    checkpointed_wide = s2sad.checkpoint(wide)
    u = np.linspace(0.1, 1.0, n)
    peaks = {}
    for f in (marked, unmarked):
        df = s2sad.grad(f)
        value = df(u)
        tracemalloc.start()
        assert np.allclose(df(u), value)
        peaks[f] = tracemalloc.get_traced_memory()[1] / u.nbytes
        tracemalloc.stop()
    assert peaks[marked] < 20 + 3 * 20 + 20 < 700 < peaks[unmarked]


def test_numba():
    pytest.importorskip("numba")
    found = s2sad.grad(looped, backend="numba")(X, 0.4)
    np.testing.assert_allclose(found, s2sad.grad(looped_plain)(X, 0.4), rtol=1e-13)


def test_marked_functions_and_their_derivatives_travel():
    for f in (step, decorated):
        again = pickle.loads(pickle.dumps(f))
        assert np.array_equal(again(X, 0.4), f(X, 0.4)) and type(again) is type(f)
    local = s2sad.checkpoint(lambda u, c: u * u * c)
    for df in map(s2sad.jacobian, (looped, step, decorated, local)):
        value = df(X, 0.4)
        assert np.array_equal(pickle.loads(pickle.dumps(df))(X, 0.4), value)


# marked loops


def waves(u, c, n):
    v = np.zeros_like(u)
    energy = 0.0
    for t in s2sad.checkpointed(range(n), snapshots=3):
        v = v + c * np.sin(u) * (1.0 + 0.1 * t)
        u = u - c * v
        energy += np.sum(u * v)
    return energy + np.sum(u**2)


def heat(u, c, n):
    u = u * 1.0
    for _ in s2sad.checkpointed(range(n), snapshots=2):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2]) * u[1:-1]
        u[0] = u[1] * c
    return np.sum(u * u)


def branches(u, c, n):
    a = {"x": u, "k": 0}
    for t in s2sad.checkpointed(range(2, n), snapshots=2):
        if a["x"][0] * c > 0.1:
            a["x"] = np.sin(a["x"]) + c
        else:
            a["x"] = a["x"] * 1.1
        for k in range(2):
            a["x"] = a["x"] * np.cos(a["x"] * k)
        a["k"] += t
    return np.sum(a["x"]) * a["k"]


def twice(u, c, n):
    for _ in range(2):
        for t in s2sad.checkpointed(range(0, n, 2), snapshots=2):
            u = np.sin(u) * c + t * u
    if c > 0.0:
        for _ in s2sad.checkpointed(range(n), snapshots=1):
            u = u * np.cos(u)
    return np.sum(u)


def inner(u, c, n):
    for _ in s2sad.checkpointed(range(n), snapshots=2):
        u = np.sin(u) * c
    return u


def called(u, c, n):
    return np.sum(inner(u, c, n) * inner(u * u, c, n))


def in_each_other(u, c, n):
    for s in s2sad.checkpointed(range(n), snapshots=2):
        for t in s2sad.checkpointed(range(n), snapshots=2):
            u = np.sin(u) * c + 0.01 * s * t * u
    return np.sum(u)


def numbers(u, c, n):
    x, k = u[0], 1
    for _ in s2sad.checkpointed(range(n), snapshots=2):
        x = np.sin(x) * c + u[k]
        k = (k + 1) % 3
    return x


def bound_inside(u, c, n):
    y, t = u, 0
    for t in s2sad.checkpointed(range(n, 0, -2), snapshots=2):
        z = np.sin(u) * t
        u = u + z * c
        y = z
    return np.sum(u * y) + t * u[0]


def read_behind(u, c, n):
    for t in s2sad.checkpointed(range(n + 1), snapshots=2):
        z = np.sin(u) * (t + 1.0)
        u = u + z * c
    return np.sum(u * z) * (t + 1.0)


MARKED = [bound_inside, read_behind, waves, heat, branches, twice, called, in_each_other, numbers]


def unmarked(f):
    """The same function without marks."""

    module = inspect.getmodule(f)
    text = "\n\n".join(
        re.sub(r"s2sad\.checkpointed\((.*), snapshots=\d\)", r"\1", inspect.getsource(g)) for g in (inner, f)
    )
    file = f"unmarked_{f.__name__}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space = {"np": module.np, "__name__": "unmarked"}
    exec(compile(text, file, "exec"), space)
    return space[f.__name__]


@pytest.mark.parametrize("f", MARKED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_marked_loops(f, n):
    pytest.importorskip("checkpoint_schedules")
    g = unmarked(f)
    x = X.copy()
    assert f(x, 0.4, n) == g(x, 0.4, n)
    df = s2sad.grad(f, (0, 1))
    source = df.lower(x, 0.4, n).source
    assert "replayed(snapshots" in source
    # the two states that the loop around the marked one of `twice` has, and no others
    assert source.partition(f"def {f.__name__}_grad(")[2].count("append") == (f is twice)
    for found, expected in zip(df(x, 0.4, n), s2sad.grad(g, (0, 1))(x, 0.4, n), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    dots = (np.array([1.0, -2.0, 0.5]), 0.7)
    primals = (x, 0.4, n)
    assert s2sad.jvp(f, primals, (*dots, 0)) == pytest.approx(s2sad.jvp(g, primals, (*dots, 0)), rel=1e-13)
    _, pullback = s2sad.vjp(f, *primals)
    for _ in range(2):
        np.testing.assert_allclose(pullback(2.0)[0], 2.0 * s2sad.grad(g)(*primals), rtol=1e-12, atol=1e-14)
    assert np.array_equal(x, X)


@pytest.mark.parametrize("f", [f for f in MARKED if f is not read_behind], ids=lambda f: f.__name__)
def test_second_derivatives_of_marked_loops(f):
    pytest.importorskip("checkpoint_schedules")
    expected = s2sad.hessian(unmarked(f))(X, 0.4, 5)
    for outer_mode in (s2sad.jacfwd, s2sad.jacrev):
        for inner_mode in (s2sad.jacfwd, s2sad.jacrev):
            found = outer_mode(inner_mode(f))(X, 0.4, 5)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(s2sad.hvp(f)(X, 0.4, 5, v), expected @ v, rtol=1e-9, atol=1e-11)


def written_behind(u, w, n):
    a = u * 1.0
    w = w * 2.0
    for t in s2sad.checkpointed(range(n), snapshots=2):
        if t % 2 == 1:
            a = a * w
    a[0] = a[1] * a[0]
    w[0] = 7.0
    return np.sum(a) * np.sum(w)


def test_what_is_written_behind_the_loop_is_not_in_the_snapshots():
    pytest.importorskip("checkpoint_schedules")
    for n in (0, 1, 3, 4, 6):
        w = np.array([0.5, 0.2, 1.5])
        found, expected = (s2sad.grad(f, (0, 1))(X, w, n) for f in (written_behind, unmarked(written_behind)))
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        s2sad.check_grads(lambda u, w, n=n: written_behind(u, w, n), (X, w), order=2)


def collecting(x):
    xs = []
    for _ in s2sad.checkpointed(range(9), snapshots=2):
        x = np.sin(x)
        xs.append(x)
    return sum(xs)


def over_items(x):
    for y in s2sad.checkpointed(np.arange(3.0), snapshots=2):
        x = np.sin(x) * y
    return x


def no_number(x):
    for _ in s2sad.checkpointed(range(3), snapshots=0):
        x = np.sin(x)
    return x


REFUSED = {collecting: "collects", over_items: "no range", no_number: "number of snapshots"}


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_loops_that_cannot_be_checkpointed_are_refused(f):
    with pytest.raises(Unsupported, match=REFUSED[f]) as e:
        s2sad.grad(f)(0.5)
    assert e.value.location.file == __file__ and "checkpointed" in e.value.source and e.value.instead


def test_marked_loops_in_native_code():
    pytest.importorskip("numba")
    found = s2sad.grad(waves, backend="numba")(X, 0.4, 5)
    np.testing.assert_allclose(found, s2sad.grad(unmarked(waves))(X, 0.4, 5), rtol=1e-12)


def test_the_text_of_a_pullback_stores_snapshots():
    df = s2sad.api.gradients.derivative_of(waves, s2sad.api.gradients.Transform("vjp", (0,)))
    assert "replayed(snapshots" in df.lower(X, 0.4, 5).source


def table():
    page = (Path(__file__).parents[2] / "docs/explanation/checkpointing.md").read_text(encoding="utf-8")
    text = page.partition("<!-- checkpointing -->")[2].partition("<!-- /checkpointing -->")[0].strip()
    return [[c.strip().replace(",", "") for c in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_memory_against_steps_as_the_theory_says_and_the_page_shows():
    pytest.importorskip("checkpoint_schedules")
    from benchmarks import checkpointing

    measured = checkpointing.rows()
    for (most, memory, steps, best), shown in zip(measured, table(), strict=True):
        assert shown[0] == most and [shown[2], shown[3]] == [str(steps), str(best)]
        assert abs(float(shown[1]) - memory) < 2
        if most.isdigit():
            assert steps == best + 1 and memory < int(most) + 7
    assert measured[4][1] * 10 < measured[-1][1]


def marked_kernel(name, loop):
    """A kernel of the examples with its outer loop marked, and its arguments."""
    module = importlib.import_module(f"examples.kernels.{name}")
    text = inspect.getsource(module)
    assert text.count(loop) == 1
    text = "import s2sad\n" + text.replace(
        loop, loop.replace("range(steps)", "s2sad.checkpointed(range(steps), snapshots=3)")
    )
    file = f"marked_{name}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space = {"__name__": f"marked_{name}"}
    exec(compile(text, file, "exec"), space)
    return module, space


@pytest.mark.parametrize(
    "name, loop, function, size",
    [
        ("heat", "for _ in range(steps)", "temperature_misfit", {"n": 8, "steps": 9}),
        ("upwind", "for _ in range(steps)", "final_energy", {"n": 20, "steps": 9}),
        ("n_body", "for _ in range(steps)", "mean_spread", {"side": 2, "steps": 6}),
        ("lstm", "for t in range(steps)", "sequence_loss", {"steps": 7, "d": 3, "h": 2}),
    ],
)
def test_kernels_with_the_mark(name, loop, function, size):
    pytest.importorskip("checkpoint_schedules")
    module, space = marked_kernel(name, loop)
    args = module.arguments(**size)
    df = s2sad.grad(space[function])
    np.testing.assert_allclose(df(*args), s2sad.grad(getattr(module, function))(*args), rtol=1e-11, atol=1e-13)
    assert "replayed(snapshots" in df.lower(*args).source
