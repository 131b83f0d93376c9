"""What the rules of differential equations have in common: text for the compiler, as theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.ir import solver as ir_solver


def start_moved(f: Any, t_span: Any, y0: Any, params: Any, t_span_dot: Any, y0_dot: Any) -> Any:
    """The tangent of y at the time where it starts."""
    start = np.zeros(len(y0)) if y0_dot is None else y0_dot
    if t_span_dot is not None and t_span_dot[0] is not None:
        start = start - f(t_span[0], y0, *params) * t_span_dot[0]
    return start


def variation(
    f: Any,
    first: Any,
    t: Any,
    y0: Any,
    start: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    params_dot: Any,
) -> Any:
    """y at times t, and behind it its tangent."""
    n = len(y0)

    def both(t: Any, z: Any, *given: Any) -> Any:
        value, change = s2sad.jvp(f, (t, z[:n], *given), (None, z[n:], *params_dot))
        return np.concatenate((value, change))

    res = integrate.solve_ivp(
        both,
        (first, t[-1]),
        np.concatenate((y0, start)),
        method=method,
        t_eval=t,
        args=params,
        rtol=1e-3 if rtol is None else rtol,
        atol=1e-6 if atol is None else atol if np.ndim(atol) == 0 else np.concatenate((atol, atol)),
        max_step=np.inf if max_step is None else max_step,
    )
    if not res.success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end with the variational equation")
    return res.y


def solution(
    f: Any, first: Any, last: Any, y0: Any, method: Any, rtol: Any, atol: Any, max_step: Any, params: Any
) -> Any:
    """y as a function of the time."""
    res = integrate.solve_ivp(
        f,
        (first, last),
        y0,
        method=method,
        dense_output=True,
        args=params,
        rtol=1e-3 if rtol is None else rtol,
        atol=1e-6 if atol is None else atol,
        max_step=np.inf if max_step is None else max_step,
    )
    if not res.success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end: there is nothing to differentiate")
    return s2sad.stop_gradient(res.sol)


def adjoint(
    f: Any, first: Any, t: Any, sol: Any, g: Any, method: Any, rtol: Any, atol: Any, max_step: Any, params: Any
) -> Any:
    """The cotangents of y0 and, behind them, of the params, for those of y at times t."""
    n = len(g)
    rtol = 1e-3 if rtol is None else rtol
    atol = 1e-6 if atol is None else atol if np.ndim(atol) == 0 else np.min(atol)
    max_step = np.inf if max_step is None else max_step

    def back(s: Any, w: Any) -> Any:
        value, pullback = s2sad.vjp(lambda y, *given: f(s, y, *given), ir_solver.evaluated(sol, s, w[:n]), *params)
        return -joined(pullback(w[:n]))

    w = np.zeros(n + sum([np.size(p) for p in params]), dtype=g.dtype)
    scale = np.max(np.abs(g))
    at = t[-1]
    for k in range(len(t) - 1, -1, -1):
        if np.any(g[:, k]):
            if at != t[k]:
                res = integrate.solve_ivp(back, (at, t[k]), w, method, rtol=rtol, atol=atol, max_step=max_step)
                if not res.success:
                    raise RuntimeError("scipy.integrate.solve_ivp did not reach the start with the adjoint equation")
                w = res.y[:, -1]
                at = t[k]
            w = np.concatenate((w[:n] + g[:, k] / scale, w[n:]))
    if at != first:
        res = integrate.solve_ivp(back, (at, first), w, method, rtol=rtol, atol=atol, max_step=max_step)
        if not res.success:
            raise RuntimeError("scipy.integrate.solve_ivp did not reach the start with the adjoint equation")
        w = res.y[:, -1]
    return scale * w


def real(bar: Any) -> Any:
    """The cotangent of times, which are real."""
    return np.real(bar) if np.iscomplexobj(bar) else bar


def slopes(f: Any, t: Any, y: Any, params: Any) -> Any:
    """f at times t."""
    found = np.zeros_like(y)
    for k in range(len(t)):
        found[:, k] = f(t[k], y[:, k], *params)
    return found


def speed(f: Any, event: Any, t: Any, y: Any, params: Any) -> Any:
    """How fast an event changes along y."""
    value, change = s2sad.jvp(event, (t, y, *params), (1.0, f(t, y, *params), *[None for p in params]))
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
