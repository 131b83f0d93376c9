"""Gradients of programs that call SciPy's solvers: the time of value and gradient over that of the program alone.

    python -m benchmarks.solvers [name ...]

One run measures all rows, each the best of some repetitions: value and gradient by reverse mode, value and tangent
along one direction, and the first call with the compilation, from an empty cache. Beside them the same in JAX, where
diffrax, optimistix and jaxopt are installed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate, optimize
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

import s2sad
from benchmarks import solvers_peers

Program = Callable[..., Any]


def root_of_a_number(a: Any) -> Any:
    """The molar volume of a gas."""
    return optimize.brentq(lambda v: 0.083145 * a[0] / (v - a[1]) - a[2] / v**2 - 20.0, 0.2, 5.0, xtol=1e-12)


def root_of_a_vector(a: Any) -> Any:
    """Temperatures of a bar that radiates, by Newton's method."""

    def balance(t: Any) -> Any:
        inner = t[2:] - 2.0 * t[1:-1] + t[:-2] - 0.01 * (a[1:-1] * t[1:-1] ** 4 - 1.0)
        return np.concatenate([t[:1] - a[0], inner, t[-1:] - a[-1]])

    return np.sum(optimize.root(balance, np.ones(len(a)), tol=1e-12).x ** 2)


def minimum(a: Any) -> Any:
    """A penalised fit by BFGS."""

    def loss(w: Any) -> Any:
        r = DESIGN @ w - OBSERVED
        return 0.5 * r @ r + 0.5 * np.sum(a * w * w)

    def slope(w: Any) -> Any:
        return DESIGN.T @ (DESIGN @ w - OBSERVED) + a * w

    return np.sum(optimize.minimize(loss, np.zeros(len(a)), jac=slope, method="BFGS", tol=1e-9).x ** 2)


def curve(a: Any) -> Any:
    """A decay fitted to data."""
    t = np.linspace(0.0, 3.0, len(a))
    popt, _ = optimize.curve_fit(lambda t, c, k: c * np.exp(-k * t), t, a, p0=[1.0, 1.0])
    return popt[0] * popt[1]


def integral(a: Any) -> Any:
    """An integral of an exponential."""
    return integrate.quad(lambda t: np.exp(-a[0] * t**2 - a[1] * t) * np.cos(a[2] * t), 0.0, 3.0)[0]


def chain(a: Any) -> Any:
    """Reactions in a chain, of as many rates as there are parameters."""

    def rates(t: float, y: Any) -> Any:
        flow = a * y
        return np.concatenate([-flow[:1], flow[:-1] - flow[1:]])

    start = np.zeros(len(a))
    start[0] = 1.0
    found = integrate.solve_ivp(rates, (0.0, 2.0), start, rtol=1e-7, atol=1e-9)
    return np.sum(found.y[:, -1] ** 2)


def plate(a: Any) -> Any:
    """The temperatures of a plate of 100 cells across, of as many rows as are needed, by a sparse system."""
    k = np.reshape(a, (-1, 100))
    number = np.reshape(np.arange(k.size), k.shape)
    flow = np.concatenate([np.ravel(k[:, 1:] + k[:, :-1]), np.ravel(k[1:] + k[:-1])])
    first = np.concatenate([np.ravel(number[:, :-1]), np.ravel(number[:-1])])
    second = np.concatenate([np.ravel(number[:, 1:]), np.ravel(number[1:])])
    rows = np.concatenate([first, second, first, second, np.ravel(number)])
    cols = np.concatenate([second, first, first, second, np.ravel(number)])
    values = np.concatenate([-flow, -flow, flow, flow, a])
    A = coo_array((values, (rows, cols)), shape=(k.size, k.size)).tocsc()
    return np.sum(spsolve(A, np.ones(k.size)) ** 2)


RNG = np.random.default_rng(0)
DESIGN = RNG.normal(size=(60, 20))
OBSERVED = RNG.normal(size=60)
TIMES = np.linspace(0.0, 3.0, 40)

ROWS: dict[str, tuple[Program, Any]] = {
    "root of a number": (root_of_a_number, np.array([400.0, 0.0427, 3.6])),
    "root of 50 numbers": (root_of_a_vector, np.linspace(0.8, 1.2, 50)),
    "minimum of 20 numbers": (minimum, np.full(20, 0.5)),
    "curve of 40 points": (curve, 2.5 * np.exp(-1.1 * TIMES) + 0.05 * np.cos(20.0 * TIMES)),
    "integral, 3 parameters": (integral, np.array([0.5, 0.3, 2.0])),
    "solve_ivp, 2 parameters": (chain, np.linspace(0.5, 1.0, 2)),
    "solve_ivp, 20 parameters": (chain, np.linspace(0.5, 1.0, 20)),
    "solve_ivp, 200 parameters": (chain, np.linspace(0.5, 1.0, 200)),
    "sparse, 10,000 unknowns": (plate, np.linspace(1.0, 2.0, 10_000)),
    "sparse, 100,000 unknowns": (plate, np.linspace(1.0, 2.0, 100_000)),
}


def best(call: Callable[[], object], seconds: float = 1.0) -> float:
    """The shortest time of a call, in seconds."""
    found, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - start)
    return found


def main(names: list[str]) -> None:
    peers = solvers_peers.programs(DESIGN, OBSERVED)
    print(f"{'':28s}{'program':>12s}{'reverse':>10s}{'one tangent':>13s}{'first call':>12s}", end="")
    print(f"{'in JAX':>12s}{'reverse':>10s}{'one tangent':>13s}")
    for name, (program, a) in ROWS.items():
        if names and not any(n in name for n in names):
            continue
        start = time.perf_counter()
        gradient = s2sad.value_and_grad(program)
        gradient(a)
        first = time.perf_counter() - start
        alone, reverse = best(lambda: program(a)), best(lambda: gradient(a))  # noqa: B023
        seed = np.ones_like(a)
        tangent = best(lambda: s2sad.jvp(program, (a,), (seed,)))  # noqa: B023
        print(f"{name:28s}{1e6 * alone:10.0f}us{reverse / alone:10.2f}{tangent / alone:13.2f}{first:11.2f}s", end="")
        if name in peers:
            alone, reverse, tangent, bar = solvers_peers.measured(peers[name], a, best)
            np.testing.assert_allclose(bar, gradient(a)[1], rtol=1e-4, atol=1e-6)
            print(f"{1e6 * alone:10.0f}us{reverse / alone:10.2f}{f'{tangent / alone:.2f}' if tangent else '-':>13s}")
        else:
            print(f"{'-':>12s}{'-':>10s}{'-':>13s}")


if __name__ == "__main__":
    main(sys.argv[1:])
