"""Ordinary differential equations by SciPy, as people call them: variational and adjoint equations."""

import re

import numpy as np
import pytest
from scipy.integrate import RK45, ode, odeint, solve_ivp

import s2sad
from tests.scipy.solved import check, check_examples, slope

TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def decay(k):
    return solve_ivp(lambda t, y: -k * y, (0.0, 2.0), [1.5], **TIGHT).y[0, -1]


def predators(t, y, a, b, c, d):
    x, z = y
    return [a * x - b * x * z, -c * z + d * x * z]


def lotka_volterra(a):
    """The misfit to data, by initial values and parameters."""
    t = np.linspace(0, 3, 7)
    data = np.array([np.cos(t) + 3.0, np.sin(t) + 2.0])
    res = solve_ivp(
        predators, [0, 3], [2 * a, 1.0], args=(a, 0.4, 1.0, 0.1 * a), t_eval=t, method="LSODA", rtol=1e-10, atol=1e-12
    )
    return np.sum((res.y - data) ** 2)


def end_time(T):
    res = solve_ivp(predators, [0, T], [1.0, 1.0], args=(1.3, 0.4, 1.0, 0.1), method="DOP853", **TIGHT)
    return np.sum(res.y[:, -1] ** 2) + res.t[-1]


def all_times(T):
    """Start, end, and the times between move."""
    times = np.array([0.5, 1.0, 1.5]) * T
    res = solve_ivp(
        predators,
        (0.1 * T, 2 * T),
        [1.0, T],
        args=(1.3, 0.4, T, 0.1),
        method="Radau",
        t_eval=times,
        rtol=1e-9,
        atol=1e-11,
    )
    return np.sum(res.y**2)


def robertson(k):
    """A stiff reaction."""

    def rates(t, y):
        a, b, c = y
        fast = 1e4 * k * b * c
        return [-0.04 * k * a + fast, 0.04 * k * a - fast - 3e7 * b * b, 3e7 * b * b]

    res = solve_ivp(rates, (0, 40.0), [1.0, 0.0, 0.0], method="BDF", rtol=1e-8, atol=1e-12)
    return res.y[0, -1] + 1e4 * res.y[1, -1]


def stiff_with_jacobian(mu):
    def oscillator(t, y):
        return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]

    def jacobian(t, y):
        return [[0, 1], [-2 * mu * y[0] * y[1] - 1, mu * (1 - y[0] ** 2)]]

    res = solve_ivp(oscillator, (0, 6), [2.0, 0.0], method="Radau", jac=jacobian, rtol=1e-8, atol=1e-10)
    return res.y[0, -1]


def epidemic(beta):
    """The peak of the infected, where the derivative is zero."""

    def sir(t, y, beta, gamma):
        s, i, r = y
        return np.array([-beta * s * i, beta * s * i - gamma * i, gamma * i])

    def peak(t, y, beta, gamma):
        return beta * y[0] - gamma

    peak.terminal = True
    res = solve_ivp(sir, (0, 200), [0.99, 0.01, 0.0], args=(beta, 0.1), events=peak, rtol=1e-12, atol=1e-14)
    return res.y_events[0][0][1] * 10 + res.t[-1] / 10


def pharmacokinetics(clearance):
    """Concentrations after an oral dose, at the times of the samples."""
    times = [0.5, 1.0, 2.0, 4.0, 8.0]

    def compartments(t, amount, ka, ke):
        gut, blood = amount
        return -ka * gut, ka * gut - ke * blood

    ke = clearance / 20.0
    res = solve_ivp(compartments, (0, 10), (100.0, 0.0), t_eval=times, args=(1.2, ke), **TIGHT)
    return np.log(res.y[1] / 20.0).sum()


class Pendulum:
    def __init__(self, length, damping):
        self.length = length
        self.damping = damping

    def __call__(self, t, state):
        angle, speed = state
        return [speed, -9.81 / self.length * np.sin(angle) - self.damping * speed]

    def rhs(self, t, state):
        return self(t, state)


def pendulum(length):
    model = Pendulum(length, 0.1)
    res = solve_ivp(model.rhs, (0, 3), [1.0, 0.0], **TIGHT)
    return res.y[0, -1]


def network(a):
    """A neural differential equation: parameters in a list of pairs."""
    weights = np.sin(np.arange(16.0))
    layers = [(a * weights[:8].reshape(4, 2), np.zeros(4)), (weights[8:].reshape(2, 4), a * np.ones(2))]

    def rhs(t, y, layers):
        for w, b in layers:
            y = np.tanh(w @ y + b)
        return y

    return np.sum(solve_ivp(rhs, (0, 1), [0.3, -0.2], args=(layers,), **TIGHT).y[:, -1] ** 2)


def dense(c):
    res = solve_ivp(lambda t, y: np.array([y[1], -c * y[0]]), (0, 3), np.array([1.0, c]), dense_output=True, **TIGHT)
    return res.sol(1.5)[0] + np.sum(res.sol(np.array([0.3, 2.0, 1.0]) * c) ** 2)


def backward(c):
    """From the end to the start."""
    res = solve_ivp(lambda t, y: [y[1], -c * y[0]], (2.0, 0.0), [1.0, c], t_eval=[1.5, 0.5, 0.0], **TIGHT)
    return np.sum(res.y[0] * np.array([1.0, 2.0, 3.0]))


def schroedinger(k):
    """The share of the upper level, complex amplitudes."""

    def hamiltonian(t):
        return np.array([[0, k * np.cos(t)], [k * np.cos(t), 1.0]])

    res = solve_ivp(lambda t, y: -1j * (hamiltonian(t) @ y), (0, 2), np.array([1.0 + 0j, 0.0]), **TIGHT)
    return np.abs(res.y[1, -1]) ** 2


def falling(t, y, g, c):
    return [y[1], -g - c * y[1] * np.sqrt(y[1] ** 2 + 1e-2)]


def ground(t, y, g, c):
    return y[0]


ground.terminal = True
ground.direction = -1


def time_of_flight(v):
    res = solve_ivp(falling, (0.0, 20.0), [1.0, 5 * v], args=(9.81, 0.01 * v), events=ground, **TIGHT)
    return res.t[-1] * res.y[1, -1]


def apex_and_end(v):
    def apex(t, y):
        return y[1]

    def hit(t, y):
        return y[0] - 0.1 * t * v

    hit.terminal = True
    res = solve_ivp(lambda t, y: [y[1], -9.81 - 0.1 * v * y[1]], (0, 20), [1.0, 5 * v], events=[hit, apex], **TIGHT)
    assert res.status == 1
    return res.t_events[1][0] * res.t_events[0][0] + res.y_events[1][0, 0]


def bouncing_ball(restitution):
    t, h, v = 0.0, 1.0, 0.0

    def hit(t, y):
        return y[0]

    hit.terminal = True
    hit.direction = -1
    for _ in range(3):
        res = solve_ivp(lambda t, y: [y[1], -9.81], (t, t + 10.0), [h, v], events=hit, **TIGHT)
        t = res.t[-1]
        h, v = 0.0, -restitution * res.y[1, -1]
    return t


def swing(state, t, b, c):
    angle, speed = state
    return [speed, -b * speed - c * np.sin(angle)]


def by_odeint(c):
    t = np.linspace(0, 3, 7)
    sol = odeint(swing, [np.pi - 0.1, 0.0], t, args=(0.25, 4 * c), rtol=1e-11, atol=1e-12)
    return np.sum(sol[:, 0] ** 2)


def odeint_of_a_number(c):
    t = np.linspace(0, c, 5)
    sol, info = odeint(lambda t, y: -c * y, c**2, t, tfirst=True, full_output=True, rtol=1e-11, atol=1e-12)
    return sol[-1, 0]


def tolerances_of_each(c):
    """A list of tolerances, and a span of no length."""
    res = solve_ivp(lambda t, y: [y[1], -c * y[0]], (0, 2), [1.0, c], method=RK45, rtol=1e-10, atol=[1e-12, 1e-11])
    none = solve_ivp(lambda t, y: -c * y, (1.0, 1.0), [2.0 * c])
    return res.y[0, -1] + none.y[0, -1]


def again_and_again(c):
    """Dense output at times in any order, some of them twice, and at the first."""
    sol = solve_ivp(lambda t, y: -c * y, (2.0, 0.5), [c], dense_output=True, **TIGHT).sol
    return np.sum(sol(np.array([1.0, 2.0, 1.0, 0.7])) ** 2) + sol(2.0)[0] * sol(c)[0]


def all_parts(v):
    """Times, states and both of events, in one loss."""

    def apex(t, y, g, c):
        return y[1]

    res = solve_ivp(
        falling,
        (0.1 * v, 20.0),
        [1.0, 5 * v],
        args=(9.81, 0.01 * v),
        t_eval=[0.3, 0.5 * v],
        events=[ground, apex],
        **TIGHT,
    )
    found = res.t_events[0][0] * res.y_events[0][0, 1] + res.t_events[1][0] * res.y_events[1][0, 0]
    return found + np.sum(res.t * res.y[0])


def times_alone(T):
    """The states are not read: nothing is integrated back."""
    ends = solve_ivp(lambda t, y: -y, (0.1 * T, T), [1.0], **TIGHT).t
    return (
        np.sum(solve_ivp(lambda t, y: -y, (0, 3), [1.0], t_eval=np.array([0.5, 1.0]) * T).t ** 2) + ends[-1] * ends[0]
    )


def no_event(k):
    """One that does not occur: its arrays are empty."""

    def full(t, y):
        return y[0] - 5.0

    full.terminal = True
    res = solve_ivp(lambda t, y: -k * y, (0, 3), [1.0], events=full, **TIGHT)
    return np.sum(res.y_events[0]) + np.sum(res.t_events[0]) + res.y[0, -1]


PROGRAMS = {
    times_alone: 1.3,
    no_event: 1.3,
    decay: 1.3,
    lotka_volterra: 0.9,
    end_time: 1.3,
    all_times: 1.1,
    stiff_with_jacobian: 1.5,
    epidemic: 0.4,
    pharmacokinetics: 3.0,
    pendulum: 1.3,
    network: 0.7,
    dense: 1.3,
    backward: 1.2,
    schroedinger: 0.8,
    time_of_flight: 1.2,
    apex_and_end: 1.1,
    bouncing_ball: 0.8,
    by_odeint: 1.1,
    odeint_of_a_number: 1.3,
    tolerances_of_each: 1.3,
    again_and_again: 1.3,
    all_parts: 1.1,
}
TWICE = {decay, time_of_flight}
"""Of which the second derivative is checked too, which takes long to compile."""


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, PROGRAMS[f], rtol=3e-6, second=f in TWICE)


def test_examples():
    check_examples(decay, 1.2)


def test_stiff_reaction():
    """The rates differ by nine orders of magnitude."""
    gradient = s2sad.grad(robertson)(1.0)
    np.testing.assert_allclose(s2sad.jvp(robertson, (1.0,), (1.0,))[1], gradient, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope(robertson, 1.0), rtol=1e-4)


def harmonic(y0, w):
    """The position after two units of time: y0[0] cos(2 w) + y0[1] sin(2 w) / w."""
    return solve_ivp(lambda t, y: [y[1], -(w**2) * y[0]], (0, 2), y0, rtol=1e-11, atol=1e-13).y[0, -1]


def test_closed_form():
    y0, w = np.array([0.3, 1.1]), 1.7
    value, (y0_bar, w_bar) = s2sad.value_and_grad(harmonic, (0, 1))(y0, w)
    np.testing.assert_allclose(value, 0.3 * np.cos(2 * w) + 1.1 * np.sin(2 * w) / w, rtol=1e-9)
    np.testing.assert_allclose(y0_bar, [np.cos(2 * w), np.sin(2 * w) / w], rtol=1e-9)
    expected = -0.6 * np.sin(2 * w) + 2.2 * np.cos(2 * w) / w - 1.1 * np.sin(2 * w) / w**2
    np.testing.assert_allclose(w_bar, expected, rtol=1e-9)


def test_small_cotangents_are_as_exact_as_large_ones():
    """The adjoint equation is solved in units of its cotangents: tolerances are not those of a loss near zero."""
    scaled = s2sad.grad(lambda k: 1e-12 * decay(k))(1.3)
    np.testing.assert_allclose(scaled, 1e-12 * s2sad.grad(decay)(1.3), rtol=1e-12)


def loosely(k, tolerance):
    return solve_ivp(lambda t, y: -k * y, (0, 2), [1.5], rtol=tolerance, atol=1e-3 * tolerance).y[0, -1]


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_error_follows_the_tolerance(tolerance):
    """That of the derivative is that of the solution, in both modes."""
    k, exact = 1.3, -2 * 1.5 * np.exp(-2.6)
    reverse, forward = s2sad.grad(loosely)(k, tolerance), s2sad.jvp(loosely, (k, tolerance), (1.0, 0.0))[1]
    np.testing.assert_allclose([reverse, forward], exact, rtol=30 * tolerance)


def explodes(a):
    return solve_ivp(lambda t, y: a * y**2, (0, 2.0), [1.0]).y[0, -1]


def test_no_solution_no_derivative():
    for derivative in (s2sad.grad(explodes), s2sad.jacfwd(explodes)):
        with pytest.raises(RuntimeError, match=r"scipy\.integrate\.solve_ivp did not reach the end"):
            derivative(1.0)


def step_by_step(a):
    solver = RK45(lambda t, y: -a * y, 0.0, [1.0], 1.0)
    while solver.status == "running":
        solver.step()
    return solver.y[0]


def by_the_old_class(a):
    return ode(lambda t, y: -a * y).set_integrator("dopri5").set_initial_value([1.0], 0.0).integrate(1.0)[0]


@pytest.mark.parametrize("f", [step_by_step, by_the_old_class])
def test_refused(f):
    with pytest.raises(
        s2sad.Error, match=r"no derivative of scipy\.integrate\.\w+\n(?s:.)*call scipy\.integrate\.solve_ivp"
    ):
        s2sad.grad(f)(1.3)


def asks_for_steps(a):
    return (
        solve_ivp(lambda t, y: -a * y, (0, 1), [1.0]).njev * solve_ivp(lambda t, y: -y, (0, 1), [1.0], rtol=a).y[0, -1]
    )


def test_what_has_no_derivative():
    assert s2sad.grad(asks_for_steps)(1e-3) == 0.0


def test_one_adjoint_equation():
    """Whatever the loss reads of a solution, it is integrated back once."""
    text = s2sad.grad(all_parts).lower(1.1).source
    assert len(re.findall(r"= solve_ivp_falling_vjp\(", text)) == 1
    assert len(re.findall(r"dense_output=True", text)) == 1


def test_text():
    text = s2sad.grad(time_of_flight).lower(1.2).source
    assert "ground.terminal = True\nground.direction = -1\n" in text
    assert re.search(r"solve_ivp\(\s*falling, \(0\.0, 20\.0\), \w+, events=ground, args=\(9\.81, ", text)
