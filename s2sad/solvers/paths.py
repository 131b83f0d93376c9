"""What the rules of differential equations have in common: text for the compiler, as theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.ir import solver as ir_solver


@dataclass
class Path:
    """The solution of y' = f(t, y, *params) from y0 at the first time on, and how it is found."""

    f: Any
    params: Any
    first: Any
    y0: Any
    method: Any
    rtol: Any
    atol: Any
    options: Any


ir_solver.holds_only(Path)


def tolerance(atol: Any, default: Any) -> Any:
    """The absolute tolerance as SciPy takes it: a number, or one for each component, in a list too."""
    if atol is None:
        return default
    return np.asarray(atol) if isinstance(atol, (list, tuple)) else atol


def solved(f: Any, path: Path, last: Any, start: Any, params: Any, atol: Any, what: Any) -> Any:
    """The solution of an equation to the tolerances of a path, as a function of the time, and its longest step."""
    res = integrate.solve_ivp(
        f,
        (path.first, last),
        start,
        method=path.method,
        dense_output=True,
        args=params,
        rtol=path.rtol,
        atol=atol,
        **path.options,
    )
    if not res.success:
        raise RuntimeError(f"scipy.integrate.solve_ivp did not reach the end{what}")
    return res.sol, np.max(np.abs(np.diff(res.t)))


def variation(path: Path, last: Any, start: Any, params_dot: Any) -> Any:
    """y as a function of the time, and behind it its tangent, which is `start` at the first time."""
    n, f = len(path.y0), path.f

    def both(t: Any, z: Any, *given: Any) -> Any:
        value, change = s2sad.jvp(f, (t, z[:n], *given), (None, z[n:], *params_dot))
        return np.concatenate((value, change))

    atol = path.atol if np.ndim(path.atol) == 0 else np.concatenate((path.atol, path.atol))
    what = " with the variational equation"
    return solved(both, path, last, np.concatenate((path.y0, start)), path.params, atol, what)[0]


def adjoint(path: Path, t: Any, jumps: Any) -> Any:
    """The cotangents of y0 and, behind them, of the params, for those of y at times t, which go on from the first."""
    n, f, params = len(path.y0), path.f, path.params
    # y, which has no derivative here
    there = ": there is nothing to differentiate"
    sol, step = s2sad.stop_gradient(solved(path.f, path, t[-1], path.y0, path.params, path.atol, there))
    atol = path.atol if np.ndim(path.atol) == 0 else np.min(path.atol)

    def back(s: Any, w: Any) -> Any:
        y = ir_solver.evaluated(sol, s, w[:n])
        value, pullback = s2sad.vjp(lambda y, *given: f(s, y, *given), y, *params)
        return -joined(pullback(w[:n]))

    w = nothing(path, jumps.dtype)
    scale = np.max(np.abs(jumps))
    used = np.any(jumps != 0.0, axis=0)
    t, jumps = t[used], jumps[:, used]
    before = np.concatenate((np.array([path.first]), t))
    for k in range(len(t) - 1, -1, -1):
        w = np.concatenate((w[:n] + jumps[:, k] / scale, w[n:]))
        if t[k] != before[k]:
            # after each jump steps are as long as before, where they fit
            res = integrate.solve_ivp(
                back,
                (t[k], before[k]),
                w,
                path.method,
                rtol=path.rtol,
                atol=atol,
                first_step=np.minimum(step, np.abs(t[k] - before[k])),
                **path.options,
            )
            if not res.success:
                raise RuntimeError("scipy.integrate.solve_ivp did not reach the start with the adjoint equation")
            w = res.y[:, -1]
    return scale * w


def nothing(path: Path, dtype: Any) -> Any:
    """Cotangents of y0 and of the params that are zero."""
    return np.zeros(len(path.y0) + sum([np.size(p) for p in path.params]), dtype)


def in_order(path: Path, times: Any, jumps: Any) -> Any:
    """Times of several kinds as they follow each other, and what belongs to each of them."""
    if len(times) == 1:
        return times[0], jumps[0]
    every = np.concatenate(times)
    order = np.argsort(np.abs(every - path.first))
    return every[order], np.concatenate(jumps, axis=1)[:, order]


def times_pulled(path: Path, t: Any, y: Any, g: Any, y_bar: Any) -> Any:
    """The cotangents of times, for those of them and of y at them."""
    bar = np.zeros(len(t)) if g is None else g
    return bar if y_bar is None else bar + real(np.sum(y_bar * slopes(path, t, y), axis=0))


def last_of(path: Path, times: Any) -> Any:
    """The last of some times, of whatever order, on the way from the first on."""
    return times[np.argmax(np.abs(times - path.first))]


def real(bar: Any) -> Any:
    """The cotangent of times, which are real."""
    return np.real(bar) if np.iscomplexobj(bar) else bar


def slope(path: Path, t: Any, y: Any) -> Any:
    """y' at a time."""
    return np.asarray(path.f(t, y, *path.params))


def slopes(path: Path, t: Any, y: Any) -> Any:
    """y' at times t."""
    found = np.zeros_like(y)
    for k in range(len(t)):
        found[:, k] = path.f(t[k], y[:, k], *path.params)
    return found


def speed(path: Path, event: Any, t: Any, y: Any) -> Any:
    """How fast an event changes along y."""
    value, change = s2sad.jvp(event, (t, y, *path.params), (1.0, slope(path, t, y), *[None for p in path.params]))
    return change


def joined(bars: Any) -> Any:
    """Arrays and numbers as one vector."""
    return np.concatenate([np.ravel(bar) for bar in bars])


def parted(vector: Any, params: Any) -> Any:
    """A vector as arrays and numbers like the params."""
    bars, place = [], 0
    for p in params:
        bar = np.reshape(vector[place : place + np.size(p)], np.shape(p))
        bars.append(bar if np.iscomplexobj(p) or not np.iscomplexobj(vector) else np.real(bar))
        place += np.size(p)
    return tuple(bars)
