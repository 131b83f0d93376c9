"""Derivatives in other processes: pickled with their text, verified where they arrive, equal results."""

import copy
import functools
import inspect
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad import cache
from s2sad.errors import CacheError, SourceUnavailable

WORKER = """
import os, pickle, sys
import numpy as np
sys.modules["tests"] = sys.modules["test_travelling"] = None
with open(sys.argv[1], "rb") as f:
    function, calls = pickle.load(f)
results = []
for args in calls:
    try:
        results.append(function(*args))
    except Exception as e:
        results.append(e)
with open(sys.argv[2], "wb") as f:
    pickle.dump((results, sorted(os.listdir(os.environ["S2SAD_CACHE_DIR"]))), f)
"""
X = np.array([0.5, -0.3, 1.2])


def elsewhere(tmp_path, function, *calls, path=None):
    """The results of calls in another process, with an empty cache, which cannot import this file; its cache then."""
    (tmp_path / "in").write_bytes(pickle.dumps((function, calls)))
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "empty").mkdir(exist_ok=True)
    root = str(Path(s2sad.__file__).parent.parent)
    env = {
        **os.environ,
        "S2SAD_CACHE_DIR": str(tmp_path / "empty"),
        "PYTHONPATH": os.pathsep.join([root, *(path or [])]),
    }
    command = [sys.executable, str(tmp_path / "worker.py"), str(tmp_path / "in"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return pickle.loads((tmp_path / "out").read_bytes())


def energy(x, k=2.0):
    return np.sum(np.sin(x) ** 2) * k


def plane(x):
    return np.array([x[0] * x[1], np.sin(x[2])])


@s2sad.grad
def decorated(x):
    return np.sum(x**3)


class Pair(NamedTuple):
    u: np.ndarray
    v: float


def weighted(p):
    return np.sum(p.u) * p.v


SCALES = [1.0, 2.0]


def scaled(x):
    return np.sum(x * x) * SCALES[0] * SCALES[1]


def closure(k, weights):
    def inner(x):
        return np.sum(weights * x**2) * k

    return inner


def powers(x, n):
    y = x
    for _ in range(n):
        y = y * np.sin(x)
    return np.sum(y)


def same(a, b):
    flat = (tuple, list)
    if isinstance(a, flat):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and np.array_equal(a, b)


MADE = {
    "grad": (s2sad.grad(energy), [(X,), (X, 3.0)]),
    "two": (s2sad.grad(energy, (0, 1)), [(X, 3.0)]),
    "value_and_grad": (s2sad.value_and_grad(energy), [(X,)]),
    "decorated": (decorated, [(X,)]),
    "jacobian": (s2sad.jacobian(plane), [(X,)]),
    "jacfwd": (s2sad.jacfwd(plane), [(X,)]),
    "hessian": (s2sad.hessian(energy), [(X,)]),
    "hvp": (s2sad.hvp(energy), [(X, 2.0, 2.0 * X)]),
    "of_a_gradient": (s2sad.jacfwd(s2sad.grad(energy)), [(X,)]),
    "elementwise": (s2sad.elementwise_grad(np.sin), [(X,)]),
    "lambda": (s2sad.grad(lambda x: np.sum(np.exp(x))), [(X,)]),
    "closure": (s2sad.grad(closure(2.5, X)), [(X,)]),
    "partial": (s2sad.grad(functools.partial(energy, k=3.0)), [(X,)]),
    "partial_of_a_closure": (s2sad.grad(functools.partial(lambda k, x: np.sum(x) * k, 3.0)), [(X,)]),
    "variadic": (s2sad.grad(lambda *xs: sum(x * x for x in xs)), [(1.0, 2.0), (1.0, 2.0, 3.0)]),
    "global_numbers": (s2sad.grad(scaled), [(X,)]),
    "static_argument": (
        s2sad.grad(lambda x, mode: np.sum(x) if mode == "sum" else np.sum(x**2)),
        [(X, "sum"), (X, "")],
    ),
    "integer": (s2sad.grad(powers), [(X, 3)]),
    "numpy_function": (s2sad.grad(lambda x, f: np.sum(f(x))), [(X, np.sin), (X, np.cos)]),
    "jvp": (s2sad.api.gradients.derivative_of(energy, s2sad.api.gradients.Transform("jvp", (0,))), [(X, 2.0, X)]),
}


@pytest.mark.parametrize("name", MADE)
def test_what_was_compiled_runs_where_there_is_no_source(name, tmp_path):
    derivative, calls = MADE[name]
    expected = [derivative(*args) for args in calls]
    results, stored = elsewhere(tmp_path, derivative, *calls)
    for result, value in zip(results, expected, strict=True):
        assert same(result, value), result
    assert stored


def test_a_pattern_that_was_not_compiled_needs_the_source(tmp_path):
    derivative = s2sad.grad(energy)
    derivative(X)
    (known, unknown), _ = elsewhere(tmp_path, derivative, (X,), (2.0,))
    assert same(known, derivative(X))
    assert isinstance(unknown, SourceUnavailable) and isinstance(unknown, s2sad.Error)
    assert "energy_grad came from another process" in str(unknown) and "x: float" in str(unknown)


def test_with_the_source_any_pattern_is_compiled(tmp_path):
    module = tmp_path / "library" / "travelling_library.py"
    module.parent.mkdir()
    module.write_text("import numpy as np\nimport s2sad\n\n\n@s2sad.grad\ndef f(x):\n    return np.sum(x * x)\n")
    sys.path.insert(0, str(module.parent))
    try:
        import travelling_library

        derivative = travelling_library.f
        assert same(derivative(X), 2.0 * X)
        (first, second), stored = elsewhere(tmp_path, derivative, (X,), (3.0,), path=[str(module.parent)])
        assert same(first, 2.0 * X) and second == 6.0
        assert len(stored) == 2  # the one that came, found again, and the new one
        module.write_text(module.read_text().replace("x * x", "x * x * x"))
        (first, second), _ = elsewhere(tmp_path, derivative, (X,), (3.0,), path=[str(module.parent)])
        assert same(first, 2.0 * X)  # what the pickle says, not what the other file says
        assert isinstance(second, SourceUnavailable)
    finally:
        sys.path.remove(str(module.parent))
        sys.modules.pop("travelling_library", None)


def test_a_pattern_of_a_function_without_a_name_stays_at_home(tmp_path):
    def outer(x, f):
        return np.sum(f(x))

    derivative = s2sad.grad(outer)
    one = lambda x: x * 2.0  # noqa: E731
    assert same(derivative(X, one), np.full(3, 2.0))
    again = pickle.loads(pickle.dumps(derivative))
    with pytest.raises(SourceUnavailable):
        again(X, lambda x: x * 3.0)


def test_plain_functions(tmp_path):
    plain = s2sad.grad(energy).lower(X)
    assert inspect.isfunction(plain)
    (result,), _ = elsewhere(tmp_path, plain, (X,))
    assert same(result, plain(X))
    bound = s2sad.grad(closure(2.5, X)).lower(X)
    (result,), _ = elsewhere(tmp_path, bound, (X,))
    assert same(result, bound(X))


def test_containers_of_importable_classes():
    derivative = s2sad.grad(weighted)
    p = Pair(X, 2.0)
    expected = derivative(p)
    again = pickle.loads(pickle.dumps(derivative))
    assert same(tuple(again(p)), tuple(expected))


def test_numba(tmp_path):
    pytest.importorskip("numba")
    derivative = s2sad.grad(energy, backend="numba")
    expected = derivative(X)
    (result,), stored = elsewhere(tmp_path, derivative, (X,))
    np.testing.assert_allclose(result, expected, rtol=1e-14)
    assert any(name.endswith(".py") for name in stored)


def test_a_text_without_its_digest_is_not_executed(cache_folder):
    derivative = s2sad.grad(lambda x: x * x * x)
    assert derivative(2.0) == 12.0
    data = pickle.dumps(derivative)
    damaged = data.replace(b"v1 = x * x", b"v1 = x - x")
    assert damaged != data
    module = derivative.module(2.0)
    del sys.modules[module.__name__]
    Path(module.__file__).unlink()
    with pytest.raises(CacheError, match="digest"):
        pickle.loads(damaged)
    assert pickle.loads(data)(2.0) == 12.0
    with pytest.raises(CacheError, match="digest"):
        cache.receive("f", "k" * 40, "raise SystemExit\n", {})


def test_stale_texts_stay_at_home():
    k = 2.0

    def f(x):
        return x * x * k

    derivative = s2sad.grad(f)
    assert derivative(3.0) == 12.0
    k = 5.0
    again = pickle.loads(pickle.dumps(derivative))
    with pytest.raises(SourceUnavailable):
        again(3.0)
    assert derivative(3.0) == 30.0
    assert pickle.loads(pickle.dumps(derivative))(3.0) == 30.0


def test_a_copy_is_the_derivative_itself():
    derivative = s2sad.grad(lambda x: x * x)
    assert copy.deepcopy(derivative) is derivative and copy.copy(derivative) is derivative


def test_on_and_on(tmp_path):
    derivative = s2sad.grad(closure(1.5, X))
    expected = derivative(X)
    twice = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(derivative))))
    assert same(twice(X), expected)


def test_spawned_processes(tmp_path, monkeypatch):
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / "spawned"))
    local = s2sad.grad(closure(0.5, X))
    points = [X, 2.0 * X, 3.0 * X]
    expected = list(map(local, points))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert all(map(same, pool.map(local, points), expected))


def test_joblib(tmp_path, monkeypatch):
    joblib = pytest.importorskip("joblib")
    local = s2sad.grad(closure(0.5, X))
    points = [X, 2.0 * X]
    expected = list(map(local, points))
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / "workers"))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(local)(x) for x in points)
    assert all(map(same, found, expected))


def test_dask():
    dask = pytest.importorskip("dask")
    local = s2sad.grad(closure(0.5, X))
    expected = local(X)
    (found,) = dask.compute(dask.delayed(local)(X), scheduler="processes")
    assert same(found, expected)


def test_the_script_of_the_documentation(tmp_path):
    page = (Path(s2sad.__file__).parent.parent / "docs/how-to/parallel.md").read_text(encoding="utf-8")
    script, output = (page.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("python", "text"))
    (tmp_path / "script.py").write_text(script)
    root = str(Path(s2sad.__file__).parent.parent)
    env = {**os.environ, "S2SAD_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
    assert len(list((tmp_path / "cache").glob("misfit_grad_*.py"))) == 1  # found again by all
