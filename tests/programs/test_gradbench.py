"""The evals of GradBench against references that use no derivative of s2sad, and the protocol."""

import functools
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gradbench import EVALS, ba, det, gmm, hello, ht, kmeans, llsq, lse, lstm, ode, particle, saddle

pytest.importorskip("scipy")
import scipy.linalg  # noqa: E402
import scipy.stats  # noqa: E402

ROOT = Path(__file__).parents[2]
STEP = 1e-30


def output(module, function, message):
    """What an eval is told, after the way through JSON and back."""
    value, _ = module.FUNCTIONS[function].evaluate(json.loads(json.dumps(message)))
    return json.loads(json.dumps(value))


def complex_step(f, x):
    """The Jacobian of a function that is analytic, to the last digit: float64[result, x]."""
    columns = []
    for k in range(x.size):
        moved = x.astype(complex)
        moved.flat[k] += STEP * 1j
        columns.append(np.ravel(f(moved)).imag / STEP)
    return np.stack(columns, axis=-1)


def differences(f, x, h=1e-3):
    """The gradient by central differences, extrapolated to step 0 twice (Richardson)."""

    def slope(k, h):
        ahead, behind = x.copy(), x.copy()
        ahead.flat[k] += h
        behind.flat[k] -= h
        return (f(ahead) - f(behind)) / (2.0 * h)

    gradient = np.empty(x.shape)
    for k in range(x.size):
        d1, d2, d4 = slope(k, h), slope(k, h / 2.0), slope(k, h / 4.0)
        first, second = (4.0 * d2 - d1) / 3.0, (4.0 * d4 - d2) / 3.0
        gradient.flat[k] = (16.0 * second - first) / 15.0
    return gradient


def test_hello():
    for x in (0.0, 1, -3.5, 1e10):
        assert output(hello, "square", x) == x * x
        assert output(hello, "double", x) == 2.0 * x


@pytest.mark.parametrize("x", [[0.3], [1.0, -2.0, 0.5, 3.0], [800.0, 799.0, -900.0], [2.0, 2.0, 1.0]])
def test_lse(x):
    expected = np.logaddexp.reduce(x)
    assert output(lse, "primal", {"x": x}) == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(output(lse, "gradient", {"x": x}), np.exp(np.array(x) - expected), rtol=1e-12)


@pytest.mark.parametrize(("m", "n"), [(1, 2), (3, 8), (5, 99), (4, 3)])
def test_llsq(m, n):
    x = np.random.default_rng(m).normal(size=m)
    t = np.array([-1.0 + i * 2 / (n - 1) for i in range(n)])
    powers = t[:, None] ** np.arange(m)
    residual = np.sign(t) - powers @ x
    message = {"x": x.tolist(), "n": n}
    assert output(llsq, "primal", message) == pytest.approx(0.5 * residual @ residual, rel=1e-13)
    np.testing.assert_allclose(output(llsq, "gradient", message), -powers.T @ residual, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("n", "k", "d"), [(40, 5, 3), (30, 30, 2), (12, 1, 1)])
def test_kmeans(n, k, d):
    rng = np.random.default_rng(n)
    points = rng.normal(size=(n, d))
    centroids = points[:k] + 0.01 * rng.normal(size=(k, d))
    distances = np.array([[math.dist(p, c) for c in centroids] for p in points])
    nearest = np.argmin(distances, axis=1)
    message = {"points": points.tolist(), "centroids": centroids.tolist()}
    assert output(kmeans, "cost", message) == pytest.approx(np.sum(np.min(distances, axis=1) ** 2), rel=1e-12)
    expected = [c - np.mean(points[nearest == j], axis=0) for j, c in enumerate(centroids)]
    np.testing.assert_allclose(output(kmeans, "dir", message), expected, rtol=1e-9, atol=1e-13)


def mixture(d, k, n, m, gamma):
    rng = np.random.default_rng(d)
    return {
        **{"d": d, "k": k, "n": n, "m": m, "gamma": gamma, "x": rng.normal(size=(n, d)).tolist()},
        **{"alpha": rng.normal(size=k).tolist(), "mu": rng.uniform(size=(k, d)).tolist()},
        **{"q": (0.5 * rng.normal(size=(k, d))).tolist(), "l": rng.normal(size=(k, d * (d - 1) // 2)).tolist()},
    }


def log_posterior(message, **changed):
    """By densities of scipy, with the precision matrices themselves. The strict triangles come column by column."""
    p = {**message, **changed}
    d, n = p["d"], len(p["x"])
    densities, prior = [], 0.0
    for alpha, mu, q, below in zip(p["alpha"], p["mu"], p["q"], p["l"], strict=True):
        factor = np.diag(np.exp(q))
        factor[[i for j in range(d) for i in range(j + 1, d)], [j for j in range(d) for _ in range(j + 1, d)]] = below
        precision = factor.T @ factor
        normal = scipy.stats.multivariate_normal(mu, np.linalg.inv(precision))
        densities.append(alpha + np.reshape(normal.logpdf(p["x"]), n))
        prior += scipy.stats.wishart(d + p["m"] + 1, np.eye(d) / p["gamma"] ** 2).logpdf(precision)
    return np.sum(np.logaddexp.reduce(densities, axis=0)) - n * np.logaddexp.reduce(p["alpha"]) + prior


@pytest.mark.parametrize(("d", "k", "n", "m", "gamma"), [(3, 2, 7, 2, 1.3), (1, 3, 5, 0, 0.7), (2, 1, 4, 1, 1.0)])
def test_gmm(d, k, n, m, gamma):
    message = mixture(d, k, n, m, gamma)
    assert output(gmm, "objective", message) == pytest.approx(log_posterior(message), rel=1e-12)
    gradient = output(gmm, "jacobian", message)
    assert set(gradient) == {"alpha", "mu", "q", "l"}
    for name, bar in gradient.items():
        at = np.array(message[name])
        expected = differences(lambda value, name=name: log_posterior(message, **{name: value}), at)
        assert np.shape(bar) == at.shape
        np.testing.assert_allclose(bar, expected, rtol=1e-7, atol=1e-8)


def runge_kutta(x, steps):
    """Of the linear system y' = A y + b one step of the method is a polynomial in A."""
    n, h = len(x), 2.0 / steps
    a, b = np.diag(x[1:], -1), x * np.eye(n)[0]
    series = sum(np.linalg.matrix_power(h * a, k) / math.factorial(k + 1) for k in range(4))
    y = np.zeros(n)
    for _ in range(steps):
        y = y + h * series @ (a @ y + b)
    return y


@pytest.mark.parametrize(("n", "steps"), [(4, 1), (5, 3), (6, 10), (8, 2), (1, 2)])
def test_ode(n, steps):
    x = np.random.default_rng(n).normal(size=n)
    message = {"x": x.tolist(), "s": steps}
    np.testing.assert_allclose(output(ode, "primal", message), runge_kutta(x, steps), rtol=1e-12, atol=1e-15)
    gradient = output(ode, "gradient", message)
    np.testing.assert_allclose(gradient, complex_step(lambda x: runge_kutta(x, steps)[-1], x)[0], rtol=1e-11)
    assert np.all(np.array(gradient) != 0.0)


@pytest.mark.parametrize("singular", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_det(n, singular):
    a = np.random.default_rng(n).normal(size=(n, n))
    if singular:
        a[-1] = a[:-1].sum(axis=0)
    message = {"A": a.ravel().tolist(), "ell": n}
    assert output(det, "primal", message) == pytest.approx(np.linalg.det(a), rel=1e-11, abs=1e-14)
    rest = [np.delete(np.delete(a, i, axis=0), j, axis=1) for i in range(n) for j in range(n)]
    signs = [(-1) ** (i + j) for i in range(n) for j in range(n)]
    expected = [sign * np.linalg.det(minor) for sign, minor in zip(signs, rest, strict=True)]
    np.testing.assert_allclose(output(det, "gradient", message), expected, rtol=1e-11, atol=1e-13)


def sequence_loss(main, extra, state, sequence):
    """All cells of a layer at once, the gates by name."""
    hidden, cell = [s.copy() for s in state[0::2]], [s.copy() for s in state[1::2]]
    losses = []
    for item, following in zip(sequence[:-1], sequence[1:], strict=True):
        x = item * extra[0]
        for k in range(len(hidden)):
            gates = np.split(main[2 * k], 4), np.split(main[2 * k + 1], 4)
            z = [w * v + b for w, b, v in zip(*gates, (x, hidden[k], x, hidden[k]), strict=True)]
            forget, ingate, outgate = (0.5 + 0.5 * np.tanh(0.5 * v) for v in z[:3])
            cell[k] = forget * cell[k] + ingate * np.tanh(z[3])
            x = hidden[k] = outgate * np.tanh(cell[k])
        y = x * extra[1] + extra[2]
        losses.append(-np.mean(following * (y - np.log(2.0 + np.sum(np.exp(y))))))
    return np.mean(losses)


@pytest.mark.parametrize(("layers", "h", "items"), [(2, 5, 6), (1, 7, 4)])
def test_lstm(layers, h, items):
    rng = np.random.default_rng(layers)
    main, extra = rng.normal(size=(2 * layers, 4 * h)), rng.normal(size=(3, h))
    state, sequence = rng.normal(size=(2 * layers, h)), rng.uniform(size=(items, h))
    values = {"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
    message = {name: value.tolist() for name, value in values.items()}
    assert output(lstm, "objective", message) == pytest.approx(sequence_loss(main, extra, state, sequence), rel=1e-13)
    by_main = complex_step(lambda main: sequence_loss(main, extra, state, sequence), main)[0]
    by_extra = complex_step(lambda extra: sequence_loss(main, extra, state, sequence), extra)[0]
    expected = np.concatenate((by_main, by_extra))
    np.testing.assert_allclose(output(lstm, "jacobian", message), expected, rtol=1e-10, atol=1e-15)


def cross_matrix(v):
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def observed(camera, point, weight, feature):
    """The error of one observation, with the rotation as an exponential."""
    seen = scipy.linalg.expm(cross_matrix(camera[:3])) @ (point - camera[3:6])
    image = seen[:2] / seen[2]
    square = np.sum(image**2)
    image = image * (1.0 + camera[9] * square + camera[10] * square**2)
    return weight * (camera[6] * image + camera[7:9] - feature)


def bundle(n, m, p):
    rng = np.random.default_rng(p)
    cameras, points = rng.normal(size=(n, 11)), rng.normal(size=(m, 3)) + [0.0, 0.0, 9.0]
    cameras[1, :3] = 0.0
    camera, point = rng.integers(0, n, p), rng.integers(0, m, p)
    camera[:n] = np.arange(n)
    return ba.Problem(cameras, points, rng.uniform(size=p), camera, point, rng.normal(size=(p, 2)))


def test_ba_all_observations_differ():
    problem = bundle(3, 4, 7)
    sizes = np.cumsum([problem.cameras.size, problem.points.size])

    def errors(parameters):
        cameras, points, weights = np.split(parameters, sizes)
        cameras, points = cameras.reshape(-1, 11), points.reshape(-1, 3)
        pairs = zip(problem.camera, problem.point, weights, problem.features, strict=True)
        reprojection = [observed(cameras[c], points[x], w, feature) for c, x, w, feature in pairs]
        return np.concatenate((*reprojection, 1.0 - weights * weights))

    at = np.concatenate((problem.cameras.ravel(), problem.points.ravel(), problem.weights))
    reprojection, weight = ba.FUNCTIONS["objective"].run(problem)
    np.testing.assert_allclose(np.concatenate((reprojection.ravel(), weight)), errors(at), rtol=1e-11, atol=1e-13)
    rows, columns, values = ba.FUNCTIONS["jacobian"].run(problem)
    matrix = np.zeros((len(rows) - 1, len(at)))
    for i, (start, end) in enumerate(zip(rows[:-1], rows[1:], strict=True)):
        assert len(set(columns[start:end])) == end - start
        matrix[i, columns[start:end]] = values[start:end]
    assert rows[-1] == len(columns) == len(values)
    np.testing.assert_allclose(matrix, complex_step(errors, at), rtol=1e-10, atol=1e-12)


def test_ba_of_an_eval():
    problem = bundle(3, 4, 7)
    camera, point, feature = problem.cameras[0], problem.points[0], problem.features[0]
    message = {"n": 2, "m": 3, "p": 12, "cam": camera.tolist(), "x": point.tolist(), "w": 0.4, "feat": feature.tolist()}
    value = output(ba, "objective", message)
    error = value["reproj_error"].pop("elements")
    np.testing.assert_allclose(error, observed(camera, point, 0.4, feature), rtol=1e-12)
    assert value == {"reproj_error": {"repeated": 12}, "w_err": {"element": pytest.approx(0.84), "repeated": 12}}
    matrix = output(ba, "jacobian", message)
    assert matrix["rows"] == [*range(0, 24 * 15, 15), *range(360, 366), 372]
    second = [11 * 2 + 3 * k for k in range(3)]
    first = [*range(11), *range(second[0], second[0] + 3), 22 + 9]
    assert matrix["cols"] == [*first, *first, 22 + 9 + 11]
    by_camera = complex_step(lambda camera: observed(camera, point, 0.4, feature), camera)
    by_point = complex_step(lambda point: observed(camera, point, 0.4, feature), point)
    block = np.hstack((by_camera, by_point, observed(camera, point, 1.0, feature)[:, None]))
    np.testing.assert_allclose(matrix["vals"], [*block.ravel(), -0.8], rtol=1e-10, atol=1e-13)


def hand(points, is_mirrored, surface):
    """A hand of random bones and vertices, as an eval tells it."""
    rng = np.random.default_rng(points + is_mirrored)
    bones, vertices, triangles = 22, 7, 5
    theta = 0.5 * rng.normal(size=26)
    weights = rng.uniform(size=(vertices, bones))
    model = {
        "bone_count": bones,
        "bone_names": [f"bone{k}" for k in range(bones)],
        "parents": [-1] + [int(rng.integers(-1, k)) for k in range(1, bones)],
        "base_relatives": (rng.normal(size=(bones, 4, 4)) / 2.0).tolist(),
        "inverse_base_absolutes": rng.normal(size=(bones, 4, 4)).tolist(),
        "base_positions": np.hstack((rng.normal(size=(vertices, 3)), np.ones((vertices, 1)))).tolist(),
        "weights": (weights / weights.sum(axis=1, keepdims=True)).tolist(),
        "triangles": [rng.choice(vertices, 3, replace=False).tolist() for _ in range(triangles)],
        "is_mirrored": is_mirrored,
    }
    correspondences = rng.integers(0, triangles if surface else vertices, points).tolist()
    data = {"model": model, "correspondences": correspondences, "points": rng.normal(size=(points, 3)).tolist()}
    return {"theta": theta.tolist(), "data": data, "us": rng.uniform(size=(points, 2)).tolist() if surface else []}


def hand_errors(message, theta, us):
    """Vertex by vertex; all rotations are exponentials."""
    model = message["data"]["model"]
    angles = np.zeros((22, 3), dtype=theta.dtype)
    for finger, block in enumerate(theta[6:].reshape(5, 4)):
        first = 2 + 4 * finger - 1 + 1
        angles[first, :2] = block[:2]
        angles[first + 1, 0], angles[first + 2, 0] = block[2:]
    transforms = []
    absolutes = []
    for b, parent in enumerate(model["parents"]):
        x, z, y = angles[b]
        about = (z * np.eye(3)[2], y * np.eye(3)[1], x * np.eye(3)[0])
        move = np.eye(4, dtype=theta.dtype)
        move[:3, :3] = functools.reduce(np.matmul, [scipy.linalg.expm(cross_matrix(v)) for v in about])
        relative = np.array(model["base_relatives"][b]) @ move
        absolutes.append(relative if parent == -1 else absolutes[parent] @ relative)
        transforms.append(absolutes[b] @ np.array(model["inverse_base_absolutes"][b]))
    rotation = scipy.linalg.expm(cross_matrix(theta[:3]))
    vertices = []
    for position, weights in zip(model["base_positions"], model["weights"], strict=True):
        moved = sum(w * (t @ np.array(position))[:3] for w, t in zip(weights, transforms, strict=True))
        moved = moved * np.array([-1.0 if model["is_mirrored"] else 1.0, 1.0, 1.0])
        vertices.append(rotation @ moved + theta[3:6])
    errors = []
    for i, (point, k) in enumerate(zip(message["data"]["points"], message["data"]["correspondences"], strict=True)):
        place = vertices[k]
        if len(us):
            a, b, c = model["triangles"][k]
            place = us[i, 0] * vertices[a] + us[i, 1] * vertices[b] + (1.0 - us[i, 0] - us[i, 1]) * vertices[c]
        errors.append(point - place)
    return np.concatenate(errors)


@pytest.mark.parametrize(("points", "is_mirrored"), [(4, False), (6, True)])
@pytest.mark.parametrize("surface", [False, True])
def test_ht(points, is_mirrored, surface):
    message = hand(points, is_mirrored, surface)
    theta, us = np.array(message["theta"]), np.array(message["us"])
    expected = hand_errors(message, theta, us)
    np.testing.assert_allclose(output(ht, "objective", message), expected, rtol=1e-11, atol=1e-12)
    columns = complex_step(lambda theta: hand_errors(message, theta, us), theta)
    if surface:
        by_us = complex_step(lambda us: hand_errors(message, theta, us), us).reshape(points, 3, points, 2)
        own = np.stack([by_us[i, :, i] for i in range(points)]).reshape(3 * points, 2)
        assert np.count_nonzero(by_us) == own.size
        columns = np.hstack((own, columns))
    np.testing.assert_allclose(output(ht, "jacobian", message), columns, rtol=1e-10, atol=1e-11)


def test_ht_without_a_global_rotation():
    message = hand(4, False, False)
    message["theta"][:3] = [0.0, 0.0, 0.0]
    theta, us = np.array(message["theta"]), np.zeros((0, 2))
    expected = complex_step(lambda free: hand_errors(message, np.concatenate((theta[:3], free)), us), theta[3:])
    jacobian = np.array(output(ht, "jacobian", message))
    np.testing.assert_allclose(jacobian[:, 3:], expected, rtol=1e-10, atol=1e-11)
    assert not jacobian[:, :3].any()


def descent(value, slope, x):
    """The descent of the evals, step by step as their description has it."""
    eta, i = 1e-5, 0
    while True:
        if np.linalg.norm(slope(x)) <= 1e-5:
            return x
        if i == 10:
            eta, i = 2.0 * eta, 0
            continue
        ahead = x - eta * slope(x)
        if np.linalg.norm(ahead - x) <= 1e-5:
            return x
        if value(ahead) < value(x):
            x, i = ahead, i + 1
        else:
            eta, i = eta / 2.0, 0


def crossing(w):
    """The square of where the particle crosses the axis; its acceleration is the field of both charges."""
    position, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        arms = position - np.array([[10.0, 10.0 - w], [10.0, 0.0]])
        acceleration = np.sum(arms / np.sum(arms**2, axis=1, keepdims=True) ** 1.5, axis=0)
        ahead = position + 0.1 * velocity
        if ahead[1].real <= 0.0:
            return (position[0] - position[1] / velocity[1] * velocity[0]) ** 2
        position, velocity = ahead, velocity + 0.1 * acceleration


@pytest.mark.parametrize("outer", [particle.forward, particle.reverse], ids=["forward", "reverse"])
@pytest.mark.parametrize("inner", [particle.forward_field, particle.reverse_field])
def test_nested_derivatives_of_particle(outer, inner):
    for w in (-0.2, 0.3, 0.6):
        value, slope = outer(w, inner)
        assert value == pytest.approx(crossing(w), rel=1e-11)
        assert slope == pytest.approx(crossing(w + STEP * 1j).imag / STEP, rel=1e-11)


@functools.cache
def landing_place():
    """Of the descent from 0.4, with the derivatives by complex steps."""
    return descent(crossing, lambda w: crossing(w + STEP * 1j).imag / STEP, 0.4)


@functools.cache
def saddle_place():
    """Of the descents from (0.7, -1.3), with the derivatives by hand."""
    start = np.array([0.7, -1.3])

    def lowest(x):
        return descent(lambda y: y @ y - x @ x, lambda y: 2.0 * y, start)

    x = descent(lambda x: x @ x - lowest(x) @ lowest(x), lambda x: 2.0 * x, start)
    return np.concatenate((x, lowest(x)))


@pytest.mark.parametrize("modes", ["ff", "fr", "rf", "rr"])
def test_particle(modes):
    assert output(particle, modes, {"w": 0.0}) == pytest.approx(0.2071918746486116, rel=1e-12)
    assert particle.FUNCTIONS[modes].run(0.4) == pytest.approx(landing_place(), rel=1e-9)


@pytest.mark.parametrize("modes", ["ff", "fr", "rf", "rr"])
def test_saddle(modes):
    _, run, write = saddle.FUNCTIONS[modes]
    np.testing.assert_allclose(write(run(np.array([1.0, 1.0]))), np.full(4, 8.246324826140356e-06), rtol=1e-9)
    np.testing.assert_allclose(write(run(np.array([0.7, -1.3]))), saddle_place(), rtol=1e-9)


def talk(*messages):
    """The answers of the tool to messages, in a process of its own."""
    lines = "".join(json.dumps({"id": k, **message}) + "\n" for k, message in enumerate(messages))
    command = [sys.executable, "-m", "benchmarks.gradbench"]
    done = subprocess.run(command, input=lines, cwd=ROOT, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.pop("id") for answer in answers] == list(range(len(messages)))
    return answers


def test_the_protocol():
    evaluate = {"kind": "evaluate", "module": "lse", "function": "gradient"}
    started, defined, squared, three, long, unknown, bad, no_eval, no_function, again, analysed = talk(
        {"kind": "start", "eval": "hello"},
        {"kind": "define", "module": "hello"},
        {"kind": "evaluate", "module": "hello", "function": "square", "input": 3.0, "description": "3.0"},
        {**evaluate, "input": {"x": [0.0, 0.0], "min_runs": 3, "min_seconds": 0}},
        {**evaluate, "input": {"x": [1.0, 1.0], "min_runs": 1, "min_seconds": 0.01}},
        {"kind": "analysis", "of": 3, "valid": True},
        {**evaluate, "input": {"x": [], "min_runs": 1}},
        {"kind": "define", "module": "__main__"},
        {**evaluate, "function": "hessian", "input": {"x": [1.0]}},
        {**evaluate, "input": {"x": [0.0, 0.0]}},
        {"kind": "something", "input": [1, 2]},
    )
    assert started == {"tool": "s2sad"}
    assert defined == {"success": True}
    assert squared["success"] and squared["output"] == 9.0
    for answer, least in ((squared, 1), (three, 3), (long, 2), (again, 1)):
        names = [timing["name"] for timing in answer["timings"]]
        assert names[0] == "prepare" and set(names[1:]) == {"evaluate"} and len(names) > least
        assert all(isinstance(timing["nanoseconds"], int) for timing in answer["timings"])
    assert len(squared["timings"]) == 2 and len(three["timings"]) == 4
    assert three["output"] == long["output"] == again["output"] == [0.5, 0.5]
    assert sum(timing["nanoseconds"] for timing in long["timings"][1:]) >= 1e7
    assert unknown == analysed == {}
    for answer, reason in ((bad, "zero-size array"), (no_eval, "no eval is named"), (no_function, "hessian")):
        assert answer.keys() == {"success", "error"} and not answer["success"] and reason in answer["error"]


def test_all_evals_are_defined():
    assert talk(*({"kind": "define", "module": name} for name in EVALS)) == [{"success": True}] * 12


def test_the_comparison():
    options = ["--compare", "--sizes", "small", "--budget", "0.01", "lse", "kmeans"]
    command = [sys.executable, "-m", "benchmarks.gradbench", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    head = next(row for row in rows if row[0] == "eval")
    for name, size in (("lse", "n=100"), ("kmeans", "k=5 n=100 d=8")):
        (row,) = (row for row in rows if row[:2] == [name, size])
        assert len(row) == len(head)
        assert all(float(cell) > 0.0 for cell in row[2:5])
        assert [row[0] for row in rows].count(name) == 2  # its first calls too
