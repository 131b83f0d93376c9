"""Ordinary differential equations: forward by the variational equation, reverse by the adjoint equation.

    y' = f(t, y, p)
    s' = df/dy s + df/dp p_dot                      the tangent of y, along with y
    w' = -df/dy^T w,  m' = -df/dp^T w               from the last time back, with y at hand; w jumps by the cotangents

Both are solved by the method of the call, to its tolerances. What the times are that y is given at is another matter:
they stay, are arguments, or are those of events, e(t, y, p) = 0, which move by the implicit function theorem.

Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I (1993), section I.14; Cao, Li, Petzold & Serban,
Adjoint sensitivity analysis for differential-algebraic equations (2003).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.ir import solver as ir_solver
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import FLOAT, ArrayType, OpaqueType, Type, array
from s2sad.solvers import paths
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, unknown

# y at the times of a solution


def states_moved(
    f: Any,
    ans: Any,
    t: Any,
    success: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    params_dot: Any,
    t_dot: Any,
    t_span_dot: Any,
    y0_dot: Any,
) -> Any:
    """The tangent of y at times t."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end: there is nothing to differentiate")
    n = len(ans)
    start = paths.start_moved(f, t_span, y0, params, t_span_dot, y0_dot)
    moved = paths.variation(f, t_span[0], t, y0, start, method, rtol, atol, max_step, params, params_dot)[n:]
    if t_dot is not None:
        moved = moved + paths.slopes(f, t, ans, params) * t_dot
    return moved


def states_pulled(
    f: Any,
    ans: Any,
    t: Any,
    success: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what y at times t depends on."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end: there is nothing to differentiate")
    n = len(ans)
    sol = paths.solution(f, t_span[0], t[-1], y0, method, rtol, atol, max_step, params)
    w = paths.adjoint(f, t_span[0], t, sol, g, method, rtol, atol, max_step, params)
    first = -paths.real(np.sum(w[:n] * f(t_span[0], y0, *params)))
    times = paths.real(np.sum(g * paths.slopes(f, t, ans, params), axis=0))
    return times, (first, 0.0), w[:n], paths.parted(w[n:], params)


# the times themselves


def times_moved(
    f: Any,
    ans: Any,
    status: Any,
    t_events: Any,
    t_span: Any,
    t_eval: Any,
    terminal: Any,
    t_events_dot: Any,
    t_span_dot: Any,
    t_eval_dot: Any,
) -> Any:
    """The tangent of the times: of those that the call gives, or of the two ends."""
    if t_eval is not None:
        return np.zeros(len(ans)) if t_eval_dot is None else t_eval_dot[: len(ans)]
    moved = np.zeros(len(ans))
    if t_span_dot is not None and t_span_dot[0] is not None:
        moved[0] = t_span_dot[0]
    if t_span_dot is not None and t_span_dot[1] is not None and status == 0:
        moved[-1] = t_span_dot[1]
    if t_events_dot is not None:
        for k in range(len(terminal)):
            if terminal[k] and status == 1 and len(t_events[k]) > 0 and t_events[k][-1] == ans[-1]:
                moved[-1] = t_events_dot[k][-1]
    return moved


def times_pulled(f: Any, ans: Any, status: Any, t_events: Any, t_span: Any, t_eval: Any, terminal: Any, g: Any) -> Any:
    """The cotangents of what the times depend on."""
    events = None if t_events is None else [np.zeros(len(found)) for found in t_events]
    if t_eval is not None:
        given = np.zeros(len(t_eval))
        given[: len(ans)] = g
        return events, (0.0, 0.0), given
    last = g[-1] if status == 0 else 0.0
    if events is not None:
        for k in range(len(terminal)):
            if terminal[k] and status == 1 and len(t_events[k]) > 0 and t_events[k][-1] == ans[-1]:
                events[k][-1] = g[-1]
    return events, (g[0], last), None


# events


def event_moved(
    f: Any,
    ans: Any,
    events: Any,
    event: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    params_dot: Any,
    t_span_dot: Any,
    y0_dot: Any,
) -> Any:
    """The tangent of the times of an event."""
    n = len(y0)
    e = events[event]
    moved = np.zeros(len(ans))
    if len(ans) > 0:
        start = paths.start_moved(f, t_span, y0, params, t_span_dot, y0_dot)
        z = paths.variation(f, t_span[0], ans, y0, start, method, rtol, atol, max_step, params, params_dot)
        for k in range(len(ans)):
            y = z[:n, k]
            value, change = s2sad.jvp(e, (ans[k], y, *params), (None, z[n:, k], *params_dot))
            moved[k] = -change / paths.speed(f, e, ans[k], y, params)
    return moved


def event_pulled(
    f: Any,
    ans: Any,
    events: Any,
    event: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what the times of an event depend on."""
    n = len(y0)
    e = events[event]
    w = np.zeros(n + sum([np.size(p) for p in params]))
    if len(ans) > 0:
        sol = paths.solution(f, t_span[0], ans[-1], y0, method, rtol, atol, max_step, params)
        jumps = np.zeros((n, len(ans)))
        direct = np.zeros(len(w) - n)
        for k in range(len(ans)):
            t, y = ans[k], ir_solver.evaluated(sol, ans[k], w[:n])
            value, pullback = s2sad.vjp(lambda y, *given: e(t, y, *given), y, *params)  # noqa: B023
            y_bar, *bars = pullback(-g[k] / paths.speed(f, e, t, y, params))
            jumps[:, k] = y_bar
            if len(params) > 0:
                direct = direct + paths.joined(bars)
        w = paths.adjoint(f, t_span[0], ans, sol, jumps, method, rtol, atol, max_step, params)
        w = np.concatenate((w[:n], w[n:] + direct))
    first = -paths.real(np.sum(w[:n] * f(t_span[0], y0, *params)))
    return (first, 0.0), w[:n], paths.parted(w[n:], params)


def event_states_moved(
    f: Any,
    ans: Any,
    t_events: Any,
    event: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    params_dot: Any,
    t_events_dot: Any,
    t_span_dot: Any,
    y0_dot: Any,
) -> Any:
    """The tangent of y at the times of an event."""
    n, t = len(y0), t_events[event]
    moved = np.zeros(ans.shape)
    if len(t) > 0:
        start = paths.start_moved(f, t_span, y0, params, t_span_dot, y0_dot)
        z = paths.variation(f, t_span[0], t, y0, start, method, rtol, atol, max_step, params, params_dot)
        moved = z[n:].T
        if t_events_dot is not None:
            moved = moved + (paths.slopes(f, t, ans.T, params) * t_events_dot[event]).T
    return moved


def event_states_pulled(
    f: Any,
    ans: Any,
    t_events: Any,
    event: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what y at the times of an event depends on."""
    n, t = len(y0), t_events[event]
    w = np.zeros(n + sum([np.size(p) for p in params]))
    times = [np.zeros(len(found)) for found in t_events]
    if len(t) > 0:
        sol = paths.solution(f, t_span[0], t[-1], y0, method, rtol, atol, max_step, params)
        w = paths.adjoint(f, t_span[0], t, sol, g.T, method, rtol, atol, max_step, params)
        times[event] = paths.real(np.sum(g.T * paths.slopes(f, t, ans.T, params), axis=0))
    first = -paths.real(np.sum(w[:n] * f(t_span[0], y0, *params)))
    return times, (first, 0.0), w[:n], paths.parted(w[n:], params)


# y as a function


def curve_moved(
    f: Any,
    ans: Any,
    at: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    params_dot: Any,
    at_dot: Any,
    t_span_dot: Any,
    y0_dot: Any,
) -> Any:
    """The tangent of y at a time, or at several."""
    n = len(y0)
    t = np.reshape(at, (-1,))
    order = np.argsort(t if t_span[0] < t_span[1] else -t)
    start = paths.start_moved(f, t_span, y0, params, t_span_dot, y0_dot)
    z = paths.variation(f, t_span[0], t[order], y0, start, method, rtol, atol, max_step, params, params_dot)
    moved = z[n:, np.argsort(order)]
    if at_dot is not None:
        moved = moved + paths.slopes(f, t, np.reshape(ans, (n, -1)), params) * np.reshape(at_dot, (-1,))
    return np.reshape(moved, ans.shape)


def curve_pulled(
    f: Any,
    ans: Any,
    at: Any,
    t_span: Any,
    y0: Any,
    method: Any,
    rtol: Any,
    atol: Any,
    max_step: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what y at a time, or at several, depends on."""
    n = len(y0)
    t = np.reshape(at, (-1,))
    order = np.argsort(t if t_span[0] < t_span[1] else -t)
    bars = np.reshape(g, (n, -1))
    sol = paths.solution(f, t_span[0], t[order][-1], y0, method, rtol, atol, max_step, params)
    w = paths.adjoint(f, t_span[0], t[order], sol, bars[:, order], method, rtol, atol, max_step, params)
    first = -paths.real(np.sum(w[:n] * f(t_span[0], y0, *params)))
    times = paths.real(np.sum(bars * paths.slopes(f, t, np.reshape(ans, (n, -1)), params), axis=0))
    return np.reshape(times, np.shape(at)), (first, 0.0), w[:n], paths.parted(w[n:], params)


# the row


def _state(asked: Asked) -> ArrayType:
    t = asked.types["y0"]
    complex_ = isinstance(t, ArrayType) and t.dtype is not None and t.dtype.kind == "c"
    return array(np.dtype(complex if complex_ else float), (length(t),))


def _at_a_time(asked: Asked) -> tuple[Type, ...]:
    return FLOAT, _state(asked)


@solver(
    integrate.solve_ivp,
    functions={"fun": _at_a_time, "jac": _at_a_time, "events": _at_a_time},
    free="method dense_output rtol atol first_step max_step min_step jac lband uband jac_sparsity events",
    moves="t_span y0 t_eval",
    dropped="vectorized",
    pairs="t_span",
    several="events",
    heeded="terminal direction",
)
def _solve_ivp(asked: Asked) -> Parts:
    state = _state(asked)
    ends = tuple(bool(found.get("terminal")) for found in asked.attributes.values())
    given = asked.given("t_eval") and not ends
    steps: Dim = length(asked.types["t_eval"]) if given else new_dim("steps")
    parts: dict[str, Part | Parts] = {"success": TRUTH, "status": COUNT, "message": TEXT}
    parts |= {"nfev": COUNT, "njev": COUNT, "nlu": COUNT}
    if asked.static.get("dense_output"):
        parts["sol"] = Part(OpaqueType("OdeSolution"), called=lambda at: _curve(state, at))
    if ends:
        parts |= _events(state, len(ends))
    parts["t"] = Part(
        array(np.dtype(float), (steps,)),
        times_moved,
        times_pulled,
        reads=("status", "t_events") if ends else ("status",),
        only=("t_events", "t_span", "t_eval"),
        known={"terminal": ends},
    )
    parts["y"] = Part(
        array(state.dtype, (length(state), steps)),
        states_moved,
        states_pulled,
        reads=("t", "success"),
        only=("t", "t_span", "y0", "params"),
        solves=True,
    )
    return Parts(integrate._ivp.ivp.OdeResult, parts)


def _curve(state: ArrayType, at: Type) -> Part:
    """What `res.sol` gives."""
    shape = at.shape if isinstance(at, ArrayType) and at.shape is not None else ()
    moves = ("at", "t_span", "y0", "params")
    return Part(array(state.dtype, (length(state), *shape)), curve_moved, curve_pulled, only=moves, solves=True)


def _events(state: ArrayType, count: int) -> dict[str, Part | Parts]:
    """`t_events` and `y_events`."""
    times, states = dict[Any, Part | Parts](), dict[Any, Part | Parts]()
    moves = ("t_span", "y0", "params")
    for k in range(count):
        found, known = new_dim("times"), {"event": k}
        t, y = array(np.dtype(float), (found,)), array(state.dtype, (found, length(state)))
        times[k] = Part(t, event_moved, event_pulled, only=moves, known=known, solves=True)
        states[k] = Part(
            y,
            event_states_moved,
            event_states_pulled,
            reads=("t_events",),
            only=("t_events", *moves),
            known=known,
            solves=True,
        )
    return {"t_events": Parts(list, times), "y_events": Parts(list, states)}


# odeint: y at the times t


def rows_moved(
    f: Any,
    ans: Any,
    y0: Any,
    t: Any,
    tfirst: Any,
    rtol: Any,
    atol: Any,
    hmax: Any,
    params: Any,
    params_dot: Any,
    y0_dot: Any,
    t_dot: Any,
) -> Any:
    """The tangent of y at times t, one row for each."""
    rhs = f if tfirst else lambda s, y, *given: f(y, s, *given)
    n = ans.shape[1]
    rtol = 1.49e-8 if rtol is None else rtol
    atol = 1.49e-8 if atol is None else atol
    max_step = np.inf if hmax == 0 else hmax
    start = np.zeros(n) if y0_dot is None else np.reshape(y0_dot, (-1,))
    if t_dot is not None:
        start = start - rhs(t[0], ans[0], *params) * t_dot[0]
    y = np.reshape(y0, (-1,))
    moved = paths.variation(rhs, t[0], t, y, start, "LSODA", rtol, atol, max_step, params, params_dot)[n:]
    if t_dot is not None:
        moved = moved + paths.slopes(rhs, t, ans.T, params) * t_dot
    return moved.T


def rows_pulled(
    f: Any,
    ans: Any,
    y0: Any,
    t: Any,
    tfirst: Any,
    rtol: Any,
    atol: Any,
    hmax: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what y at times t depends on."""
    rhs = f if tfirst else lambda s, y, *given: f(y, s, *given)
    n = ans.shape[1]
    rtol = 1.49e-8 if rtol is None else rtol
    atol = 1.49e-8 if atol is None else atol
    max_step = np.inf if hmax == 0 else hmax
    sol = paths.solution(rhs, t[0], t[-1], np.reshape(y0, (-1,)), "LSODA", rtol, atol, max_step, params)
    w = paths.adjoint(rhs, t[0], t, sol, g.T, "LSODA", rtol, atol, max_step, params)
    times = np.sum(g.T * paths.slopes(rhs, t, ans.T, params), axis=0)
    times[0] -= np.sum(w[:n] * rhs(t[0], ans[0], *params))
    return np.reshape(w[:n], np.shape(y0)), times, paths.parted(w[n:], params)


def _in_order_of(asked: Asked) -> tuple[Type, ...]:
    return (FLOAT, _state(asked)) if asked.static.get("tfirst") else (_state(asked), FLOAT)


@solver(
    integrate.odeint,
    functions={"func": _in_order_of, "Dfun": _in_order_of},
    free="Dfun col_deriv full_output ml mu rtol atol tcrit h0 hmax hmin ixpr mxstep mxhnil mxordn mxords printmessg "
    "tfirst",
    moves="y0 t",
)
def _odeint(asked: Asked) -> Part | Parts:
    rows = Part(
        array(np.dtype(float), (length(asked.types["t"]), length(asked.types["y0"]))),
        rows_moved,
        rows_pulled,
        solves=True,
    )
    return Parts(tuple, {0: rows, 1: unknown("infodict")}) if asked.static.get("full_output") else rows
