"""The examples reach what they promise, and generated/ is what the compiler emits."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import s2sad
from s2sad.cli import main

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated"


def load(name):
    """A committed derivative, imported as the module of its own that it is."""
    spec = importlib.util.spec_from_file_location(name, GENERATED / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def test_generated_is_current(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["generate", "--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("file", sorted(GENERATED.glob("*.py")), ids=lambda f: f.stem)
def test_generated_modules_stand_alone(file):
    code = "import sys; sys.modules['s2sad'] = None; exec(open(sys.argv[1]).read())"
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def test_worked_function_is_the_hand_calculation():
    from examples import worked_function

    lines = (GENERATED / "L_grad.py").read_text().splitlines()
    statements = [line.split("#")[0].strip() for line in lines if line.startswith("    ")]
    assert [s for s in statements if s and not s.startswith('"')] == [
        "v1 = np.log(w1)",
        "v2 = w2 * v1",
        "v3 = np.sqrt(v2)",
        "v2_bar = 1.0 + 0.5 / v3",
        "w2_bar = v2_bar * v1",
        "v1_bar = v2_bar * w2",
        "w1_bar = v1_bar / w1",
        "return w1_bar, w2_bar",
    ]
    for w1, w2 in [(2.0, 3.0), (1.5, 0.2)]:
        assert load("L_grad")(w1, w2) == worked_function.by_hand(w1, w2)
        value, slope = load("L_jvp")(w1, w2, 1.0, 0.0)
        assert value == worked_function.L(w1, w2)
        assert slope == pytest.approx(worked_function.by_hand(w1, w2)[0])


def test_jacobian_by_columns_and_rows_is_that_by_hand(capsys):
    from examples import coordinates

    x = np.array([3.0, 0.5])
    for found in (*coordinates.main(), load("f_jacfwd")(x), load("f_jacrev")(x)):
        np.testing.assert_allclose(found, coordinates.by_hand(x))
    assert "J[:, 1] = [9." in capsys.readouterr().out


def test_newton_cg_finds_the_closed_form():
    from examples import newton_cg

    assert newton_cg.main() < 1e-5
    u, p = np.linspace(0.0, 0.3, 5), np.arange(5.0)
    h = 1.0 / 6.0
    by_hand = (np.diag(2.0 - h * h * np.exp(u)) - np.eye(5, k=1) - np.eye(5, k=-1)) / h
    np.testing.assert_allclose(load("energy_hvp")(u, 1.0, p), by_hand @ p)


def test_digits_are_read():
    from examples import digits

    assert digits.main(epochs=25) >= 0.95


def test_lynx_and_hare_are_fitted(tmp_path):
    from examples import lotka_volterra

    picture = tmp_path / "lynx_hare.png"
    found = lotka_volterra.main(str(picture))
    assert found.success
    assert np.linalg.norm(found.jac) < 1e-2
    assert found.fun < 42 * 0.25**2
    np.testing.assert_allclose(np.exp(found.x[:4]), [0.54, 0.027, 0.024, 0.80], rtol=0.05)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_influence_of_measurements():
    from examples import least_squares

    influence, textbook = least_squares.main()
    np.testing.assert_allclose(influence, textbook, rtol=1e-12, atol=1e-14)


def test_low_rank_completion():
    from examples import low_rank

    assert low_rank.main() < 0.15


def complex_slope(f, params, directions):
    """The derivative of a function of a list of arrays along directions, by a complex step: exact to rounding."""
    return np.imag(f([p + 1e-30j * d for p, d in zip(params, directions, strict=True)])) / 1e-30


def test_maml_is_the_gradient_of_a_gradient_by_hand():
    from examples import maml

    def by_hand(params, x, y):
        """The mean squared error and its gradient, as the chain rule gives it on paper."""
        W1, b1, W2, b2 = params
        h = np.tanh(x @ W1 + b1)
        error = h @ W2 + b2 - y
        slope = 2.0 * error / x.size
        inner = slope @ W2.T * (1.0 - h * h)
        return np.mean(error**2), [x.T @ inner, inner.sum(axis=0), h.T @ slope, slope.sum(axis=0)]

    def after_a_step(params):
        losses = []
        for x, y, x_new, y_new in zip(*tasks, strict=True):
            gradient = by_hand(params, x, y)[1]
            stepped = [p - 0.1 * g for p, g in zip(params, gradient, strict=True)]
            losses.append(by_hand(stepped, x_new, y_new)[0])
        return np.mean(losses)

    rng = np.random.default_rng(3)
    params, tasks = maml.start(6, rng), maml.waves(3, 4, rng)
    value, gradient = load("meta_loss_value_and_grad")(params, *tasks)
    assert value == pytest.approx(after_a_step(params), rel=1e-14)
    for _ in range(5):
        along = [rng.normal(size=p.shape) for p in params]
        found = sum(np.sum(g * d) for g, d in zip(gradient, along, strict=True))
        assert found == pytest.approx(complex_slope(after_a_step, params, along), rel=1e-12)


def test_maml_learns_a_wave_in_one_step():
    from examples import maml

    untrained, jointly, meta = maml.main(steps=500)
    assert meta < 0.4 * jointly < 0.4 * untrained


def test_neural_ode_gradient_is_that_of_a_complex_step():
    from examples import neural_ode

    rng = np.random.default_rng(4)
    q, spiral = rng.normal(size=22) / 2.0, rng.normal(size=(7, 2))
    value, gradient = load("spiral_misfit_value_and_grad")(q, spiral, 0.2)
    assert value == neural_ode.spiral_misfit(q, spiral, 0.2)
    slopes = [complex_slope(lambda p: neural_ode.spiral_misfit(p[0], spiral, 0.2), [q], [e]) for e in np.eye(22)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-14)


def test_neural_ode_from_snapshots_has_the_same_gradient():
    from examples import neural_ode

    rng = np.random.default_rng(6)
    q, spiral = rng.normal(size=22) / 2.0, rng.normal(size=(30, 2))
    value, gradient = s2sad.value_and_grad(neural_ode.spiral_misfit)(q, spiral, 0.1)
    for found in (s2sad.value_and_grad(neural_ode.replayed_misfit), load("replayed_misfit_value_and_grad")):
        np.testing.assert_allclose(found(q, spiral, 0.1)[0], value)
        np.testing.assert_allclose(found(q, spiral, 0.1)[1], gradient)


def test_neural_ode_follows_the_spiral():
    from examples import neural_ode

    before, after = neural_ode.main(evaluations=100)
    assert after < before / 500.0


def test_gradients_of_each_image_are_those_of_a_loop():
    from examples import digits, per_sample

    rng = np.random.default_rng(5)
    params = digits.start((6, 5, 4), rng)
    x, y = rng.normal(size=(7, 6)), np.eye(4)[rng.integers(4, size=7)]
    gradient = s2sad.grad(per_sample.image_loss)
    one_by_one = [gradient(params, *image) for image in zip(x, y, strict=True)]
    for found in (per_sample.image_gradients(params, x, y), load("image_loss_grad_vmap")(params, x, y)):
        for layer, pair in enumerate(found):
            for k, each in enumerate(pair):
                loop = np.stack([g[layer][k] for g in one_by_one])
                np.testing.assert_allclose(each, loop, rtol=1e-13, atol=1e-15)

    def clipped(g):
        length = np.sqrt(sum(np.sum(W_bar**2) + np.sum(b_bar**2) for W_bar, b_bar in g))
        return [(W_bar * min(1.0, 0.5 / length), b_bar * min(1.0, 0.5 / length)) for W_bar, b_bar in g]

    means = per_sample.private_gradient(params, x, y, 0.5, 0.0, rng)
    for layer, pair in enumerate(means):
        for k, mean in enumerate(pair):
            np.testing.assert_allclose(mean, np.mean([clipped(g)[layer][k] for g in one_by_one], axis=0), atol=1e-14)


def test_digits_are_read_by_clipped_gradients():
    from examples import per_sample

    assert per_sample.main(epochs=20) >= 0.92


def test_billiard_gradient_is_that_of_a_complex_step():
    from examples import billiard

    table = (np.array([2.0, 1.0]), np.array([1.0, 0.5]), 0.35)
    start, target = np.array([0.3, 0.4]), np.array([0.5, 0.8])
    for velocity in np.array([[0.6, 1.0], [-1.5, 0.3], [1.2, -1.0]]):
        value, gradient = load("miss_value_and_grad")(velocity, start, target, table)
        assert value == pytest.approx(billiard.miss(velocity, start, target, table), rel=1e-14)
        slopes = [
            complex_slope(lambda v: billiard.miss(v[0], start, target, table), [velocity], [e]) for e in np.eye(2)
        ]
        np.testing.assert_allclose(gradient, slopes, rtol=1e-10)


def test_billiard_ball_reaches_the_target():
    from examples import billiard

    before, after = billiard.main()
    assert before > 0.5
    assert after < 1e-6


def test_demo_writes_its_picture(tmp_path, monkeypatch, capsys):
    from examples import demo

    monkeypatch.chdir(tmp_path)
    demo.main()
    out = capsys.readouterr().out
    assert "def L_grad(w1, w2):" in out
    assert "agree" in out
    assert "np.float64" not in out
    assert (tmp_path / "output" / "lynx_hare.png").is_file()
    drawing = ElementTree.parse(tmp_path / "output" / "L.svg").getroot()
    assert {t.text for t in drawing.iter("{http://www.w3.org/2000/svg}text")} >= {
        "v2 = w2 * v1",
        "v2_bar = 1.0 + 0.5 / v3",
    }


@pytest.mark.parametrize("program", ["main.c", "main.f90"])
def test_the_derivative_in_c_is_that_of_numpy(program):
    from examples.embedded import rod

    found = rod.printed_by(program)
    if found is None:
        pytest.skip(f"there is no {rod.COMPILERS[program][0]}")
    assert np.allclose(found, rod.expected(), rtol=1e-12, atol=1e-15)
    # the value is that of the function itself, the gradient that of differences
    arguments = list(rod.arguments())
    assert found[0] == pytest.approx(rod.rod_misfit(*arguments), rel=1e-12)
    k = arguments[0]
    for i in (0, 5, 10):
        step = 1e-6 * (np.arange(len(k)) == i)
        ends = [rod.rod_misfit(k + s, *arguments[1:]) for s in (step, -step)]
        assert found[1 + i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_pipe_network_gradient_is_that_of_differences():
    from examples import pipe_network as example

    rng = np.random.default_rng(0)
    x, scenarios = rng.normal(size=8), rng.uniform(0.2, 1.0, size=(2, 5))
    measured = 50.0 - rng.uniform(size=(2, 5))
    gradient = s2sad.grad(example.network_misfit)(x, scenarios, measured)
    for k, e in enumerate(np.eye(8)):
        slope = [example.network_misfit(x + h * e, scenarios, measured) for h in (1e-4, -1e-4)]
        assert gradient[k] == pytest.approx((slope[0] - slope[1]) / 2e-4, rel=1e-6)


def test_pipe_network_finds_the_resistances():
    from examples import pipe_network as example

    assert example.main() < 1e-3


def test_ray_marcher_gradient_is_that_of_differences():
    from examples import ray_marcher as example

    rays = example.directions(9, 12)
    seen = example.picture(example.TRUTH, rays)
    balls = example.GUESS.ravel()
    gradient = load("scene_misfit_value_and_grad")(
        balls, rays, seen, example.EYE, example.UP, example.LIGHT, example.TOWARDS_LIGHT
    )[1]
    np.testing.assert_array_equal(gradient, s2sad.grad(example.scene_misfit)(balls, rays, seen))
    for k, e in enumerate(np.eye(12)):
        ends = [example.scene_misfit(balls + h * e, rays, seen) for h in (1e-6, -1e-6)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_ray_marcher_finds_the_balls(tmp_path):
    from examples import ray_marcher

    assert ray_marcher.main(tmp_path / "picture.png", 24, 32) < 0.005
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_neural_ode_by_scipy_has_the_gradient_of_many_steps():
    from examples import neural_ode

    q = np.random.default_rng(0).normal(size=22) / 2.0
    t = 0.05 * np.arange(20)
    spiral = 2.0 * np.exp(-0.2 * t)[:, None] * np.stack([np.cos(2.0 * t), np.sin(2.0 * t)], axis=1)
    expected = s2sad.grad(neural_ode.spiral_misfit)(q, spiral, 0.05)
    np.testing.assert_allclose(s2sad.grad(neural_ode.solved_misfit)(q, spiral, 0.05, 1e-9), expected, rtol=2e-6)


def test_epidemic_gradient_and_hessian_are_those_of_differences():
    from examples import epidemic as example

    arguments = (example.IN_BED, 1e-11)
    gradient, hessian = s2sad.grad(example.surprise), s2sad.hessian(example.surprise)
    x, h = np.log([1.5, 0.4]), 1e-3
    for f, derivative in ((example.surprise, gradient), (gradient, hessian)):
        found = derivative(x, *arguments)
        for k, e in enumerate(np.eye(2)):
            near, far = (f(x + s * e, *arguments) - f(x - s * e, *arguments) for s in (h, 2 * h))
            np.testing.assert_allclose(found[k], (8.0 * near - far) / (12.0 * h), rtol=1e-6)


def test_epidemic_finds_the_rates():
    from examples import epidemic as example

    number, error = example.main()
    assert 3.4 < number < 3.7
    assert 0.05 < error < 0.15


def test_sparse_poisson_gradient_is_that_of_differences():
    from examples import sparse_poisson as example

    rng = np.random.default_rng(0)
    log_k, source, measured = example.problem(6)
    measured = measured + rng.normal(size=measured.shape)
    direction = rng.normal(size=log_k.shape)
    gradient = s2sad.grad(example.plate_misfit)(log_k, source, measured, 0.1)
    ends = [example.plate_misfit(log_k + h * direction, source, measured, 0.1) for h in (1e-4, -1e-4)]
    assert np.sum(gradient * direction) == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-7)


def test_sparse_poisson_finds_the_coefficient():
    from examples import sparse_poisson as example

    assert example.main() < 1e-2
