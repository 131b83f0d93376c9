"""Ordinary differential equations: forward by the variational equation, reverse by the adjoint equation.

    y' = f(t, y, p)
    s' = df/dy s + df/dp p_dot                      the tangent of y, along with y
    w' = -df/dy^T w,  m' = -df/dp^T w               from the last time back, with y at hand; w jumps by the cotangents

Both are solved by the method of the call, to its tolerances. What the times are that y is given at is another matter:
they stay, are arguments, or are those of events, e(t, y, p) = 0, which move by the implicit function theorem.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.solver import Asked, Part, Parts, refused, solver
from s2sad.ir.types import FLOAT, ArrayType, OpaqueType, Type, array, tuple_type
from s2sad.solvers import paths
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, unknown

SOURCE = (
    "Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I (1993), section I.14; Cao, Li, Petzold & "
    "Serban, Adjoint sensitivity analysis for differential-algebraic equations (2003)"
)
"""The works that its rules are from."""

# a solution: the times, y at them, the times of events, y at these


def path_of(f: Any, t_span: Any, y0: Any, method: Any, rtol: Any, atol: Any, max_step: Any, params: Any) -> paths.Path:
    """What `solve_ivp` solves."""
    rtol = 1e-3 if rtol is None else rtol
    atol = paths.tolerance(atol, 1e-6)
    options = {} if max_step is None else {"max_step": max_step}
    return paths.Path(f, params, t_span[0], y0, method, rtol, atol, options)


def start_moved(path: paths.Path, t_span_dot: Any, y0_dot: Any) -> Any:
    """The tangent of y at the time where it starts."""
    start = np.zeros(len(path.y0)) if y0_dot is None else y0_dot
    if t_span_dot is not None and t_span_dot[0] is not None:
        start = start - path.f(path.first, path.y0, *path.params) * t_span_dot[0]
    return start


def start_pulled(path: paths.Path, w: Any) -> Any:
    """The cotangent of the time where y starts, for that of y there."""
    return -paths.real(np.sum(w[: len(path.y0)] * path.f(path.first, path.y0, *path.params)))


def event_moved(path: paths.Path, event: Any, t: Any, z: Any, params_dot: Any) -> Any:
    """The tangent of the times of an event, e(t, y) = 0, where z is y and its tangent."""
    n = len(path.y0)
    moved = np.zeros(len(t))
    for k in range(len(t)):
        value, change = s2sad.jvp(event, (t[k], z[:n, k], *path.params), (None, z[n:, k], *params_dot))
        moved[k] = -change / paths.speed(path, event, t[k], z[:n, k])
    return moved


def event_pulled(path: paths.Path, event: Any, t: Any, y: Any, g: Any) -> Any:
    """The cotangents of y at the times of an event, and of the params, for those of the times."""
    jumps = np.zeros_like(y)
    direct = np.zeros(sum([np.size(p) for p in path.params]))
    for k in range(len(t)):
        value, pullback = s2sad.vjp(lambda y, *given: event(t[k], y, *given), y[:, k], *path.params)  # noqa: B023
        y_bar, *bars = pullback(-g[k] / paths.speed(path, event, t[k], y[:, k]))
        jumps[:, k] = y_bar
        if len(path.params) > 0:
            direct = direct + paths.joined(bars)
    return jumps, direct


def ends_at(found: Any, status: Any, t: Any) -> Any:
    """Whether an event, of which these are the times, ended the integration."""
    return status == 1 and len(found) > 0 and found[-1] == t[-1]


def path_moved(
    path: paths.Path,
    ans: Any,
    status: Any,
    success: Any,
    t_eval: Any,
    events: Any,
    terminal: Any,
    params_dot: Any,
    t_span_dot: Any,
    y0_dot: Any,
    t_eval_dot: Any,
) -> Any:
    """The tangents of a solution."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end: there is nothing to differentiate")
    n, count, t = len(path.y0), len(terminal), ans[0]
    every = np.concatenate((t, *ans[2 : 2 + count]))
    z = paths.variation(path, paths.last_of(path, every), start_moved(path, t_span_dot, y0_dot), params_dot)(every)
    moved, change, place = np.zeros(len(t)), np.copy(z[n:, : len(t)]), len(t)
    times: Any = ()
    states: Any = ()
    for k, ending in enumerate(terminal):
        found = ans[2 + k]
        there = z[:, place : place + len(found)]
        place = place + len(found)
        found_dot = event_moved(path, events[k], found, there, params_dot)
        times = (*times, found_dot)
        change_there = there[n:] + paths.slopes(path, found, there[:n]) * found_dot
        states = (*states, np.reshape(change_there.T, ans[2 + count + k].shape))
        if ending and t_eval is None and ends_at(found, status, t):
            moved[-1] = found_dot[-1]
    if t_eval is not None:
        if t_eval_dot is not None:
            moved = t_eval_dot[: len(t)]
            change = change + paths.slopes(path, t, ans[1]) * moved
    else:
        if t_span_dot is not None and t_span_dot[0] is not None:
            moved[0] = t_span_dot[0]
            change[:, 0] += paths.slope(path, t[0], ans[1][:, 0]) * moved[0]
        if t_span_dot is not None and t_span_dot[1] is not None and status == 0:
            moved[-1] = t_span_dot[1]
        if any(terminal) or (t_span_dot is not None and t_span_dot[1] is not None):
            change[:, -1] += paths.slope(path, t[-1], ans[1][:, -1]) * moved[-1]
    return (moved, change, *times, *states)


def path_pulled(
    path: paths.Path,
    ans: Any,
    status: Any,
    success: Any,
    t_span: Any,
    t_eval: Any,
    events: Any,
    terminal: Any,
    g: Any,
) -> Any:
    """The cotangents of what a solution depends on: those of all its parts by one integration back."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_ivp did not reach the end: there is nothing to differentiate")
    n, count, t = len(path.y0), len(terminal), ans[0]
    given, first, last = None, 0.0, 0.0
    if t_eval is not None:
        given = np.zeros(len(t_eval))
        given[: len(t)] = paths.times_pulled(path, t, ans[1], g[0], g[1])
    else:
        ends = np.array([0, len(t) - 1])
        t_bar, y_bar = None if g[0] is None else g[0][ends], None if g[1] is None else g[1][:, ends]
        first, last = paths.times_pulled(path, t[ends], ans[1][:, ends], t_bar, y_bar)
    times: Any = () if g[1] is None else (t,)
    jumps: Any = () if g[1] is None else (g[1],)
    direct = np.zeros(sum([np.size(p) for p in path.params])) if count > 0 else None
    for k, ending in enumerate(terminal):
        if (ending and t_eval is None) or g[2 + k] is not None or g[2 + count + k] is not None:
            found, states_bar = ans[2 + k], None
            # of no event SciPy gives an array of no rows, and no columns
            states = np.reshape(ans[2 + count + k], (len(found), n)).T
            if g[2 + count + k] is not None:
                states_bar = np.reshape(g[2 + count + k], (len(found), n)).T
            found_bar = paths.times_pulled(path, found, states, g[2 + k], states_bar)
            if ending and t_eval is None and ends_at(found, status, t):
                found_bar[-1] += last
            there, more = event_pulled(path, events[k], found, states, found_bar)
            times, direct = (*times, found), direct + more
            jumps = (*jumps, there if states_bar is None else there + states_bar)
    w = paths.adjoint(path, *paths.in_order(path, times, jumps)) if len(times) > 0 else paths.nothing(path, np.float64)
    bars = w[n:] if direct is None else w[n:] + direct
    return (first + start_pulled(path, w), last if status == 0 else 0.0), given, w[:n], paths.parted(bars, path.params)


# y as a function


def curve_moved(path: paths.Path, ans: Any, at: Any, params_dot: Any, at_dot: Any, t_span_dot: Any, y0_dot: Any) -> Any:
    """The tangent of y at a time, or at several."""
    n, t = len(path.y0), np.reshape(at, (-1,))
    z = paths.variation(path, paths.last_of(path, t), start_moved(path, t_span_dot, y0_dot), params_dot)(t)
    moved = z[n:]
    if at_dot is not None:
        moved = moved + paths.slopes(path, t, np.reshape(ans, (n, -1))) * np.reshape(at_dot, (-1,))
    return np.reshape(moved, ans.shape)


def curve_pulled(path: paths.Path, ans: Any, at: Any, g: Any) -> Any:
    """The cotangents of what y at a time, or at several, depends on."""
    n, t = len(path.y0), np.reshape(at, (-1,))
    order = np.argsort(np.abs(t - path.first))
    y_bar = np.reshape(g, (n, -1))
    w = paths.adjoint(path, t[order], y_bar[:, order])
    times = paths.times_pulled(path, t, np.reshape(ans, (n, -1)), None, y_bar)
    return np.reshape(times, np.shape(at)), (start_pulled(path, w), 0.0), w[:n], paths.parted(w[n:], path.params)


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
    by_name="method",
    makes={"path": path_of},
)
def _solve_ivp(asked: Asked) -> Parts:
    state = _state(asked)
    ends = tuple(bool(found.get("terminal")) for found in asked.attributes.values())
    given = asked.given("t_eval") and not ends
    steps: Dim = length(asked.types["t_eval"]) if given else new_dim("steps")
    parts: dict[str, Part | Parts] = {"success": TRUTH, "status": COUNT, "message": TEXT}
    parts |= {"nfev": COUNT, "njev": COUNT, "nlu": COUNT}
    if asked.known("dense_output"):
        parts["sol"] = Part(OpaqueType("OdeSolution"), called=lambda at: _curve(state, at))
    found = [new_dim("times") for _ in ends]
    times = [array(np.dtype(float), (n,)) for n in (steps, *found)]
    states = [array(state.dtype, (length(state), steps)), *(array(state.dtype, (n, length(state))) for n in found)]
    parts |= {"t": Part(times[0]), "y": Part(states[0])}
    if ends:
        parts["t_events"] = Parts(list, {k: Part(t) for k, t in enumerate(times[1:])})
        parts["y_events"] = Parts(list, {k: Part(t) for k, t in enumerate(states[1:])})
    joint = Part(
        tuple_type(times[0], states[0], *times[1:], *states[1:]),
        path_moved,
        path_pulled,
        reads=("status", "success"),
        only=("t_span", "t_eval", "y0", "params"),
        known={"terminal": ends},
        solves=True,
        several=True,
    )
    events = [(name, k) for name in ("t_events", "y_events") for k in range(len(ends))]
    return Parts(integrate._ivp.ivp.OdeResult, parts, joint=joint, joined=(("t",), ("y",), *events))


def _curve(state: ArrayType, at: Type) -> Part:
    """What `res.sol` gives."""
    shape = at.shape if isinstance(at, ArrayType) and at.shape is not None else ()
    moves = ("at", "t_span", "y0", "params")
    return Part(array(state.dtype, (length(state), *shape)), curve_moved, curve_pulled, only=moves, solves=True)


# odeint: y at the times t


def rows_path(f: Any, y0: Any, t: Any, tfirst: Any, rtol: Any, atol: Any, hmax: Any, params: Any) -> paths.Path:
    """What `odeint` solves."""
    rtol = 1.49e-8 if rtol is None else rtol
    atol = paths.tolerance(atol, 1.49e-8)
    rhs = f if tfirst else lambda s, y, *given: f(y, s, *given)
    options = {} if hmax is None else {"max_step": np.inf if hmax == 0.0 else hmax}
    return paths.Path(rhs, params, t[0], np.reshape(y0, (-1,)), "LSODA", rtol, atol, options)


def rows_moved(path: paths.Path, ans: Any, t: Any, params_dot: Any, y0_dot: Any, t_dot: Any) -> Any:
    """The tangent of y at times t, one row for each."""
    n = len(path.y0)
    start = np.zeros(n) if y0_dot is None else np.reshape(y0_dot, (-1,))
    if t_dot is not None:
        start = start - path.f(t[0], ans[0], *path.params) * t_dot[0]
    moved = paths.variation(path, t[-1], start, params_dot)(t)[n:]
    if t_dot is not None:
        moved = moved + paths.slopes(path, t, ans.T) * t_dot
    return moved.T


def rows_pulled(path: paths.Path, ans: Any, y0: Any, t: Any, g: Any) -> Any:
    """The cotangents of what y at times t depends on."""
    n = len(path.y0)
    w = paths.adjoint(path, t, g.T)
    times = paths.times_pulled(path, t, ans.T, None, g.T)
    times[0] += start_pulled(path, w)
    return np.reshape(w[:n], np.shape(y0)), times, paths.parted(w[n:], path.params)


def _in_order_of(asked: Asked) -> tuple[Type, ...]:
    return (FLOAT, _state(asked)) if asked.known("tfirst") else (_state(asked), FLOAT)


@solver(
    integrate.odeint,
    functions={"func": _in_order_of, "Dfun": _in_order_of},
    free="Dfun col_deriv full_output ml mu rtol atol tcrit h0 hmax hmin ixpr mxstep mxhnil mxordn mxords printmessg "
    "tfirst",
    moves="y0 t",
    makes={"path": rows_path},
)
def _odeint(asked: Asked) -> Part | Parts:
    rows = Part(
        array(np.dtype(float), (length(asked.types["t"]), length(asked.types["y0"]))),
        rows_moved,
        rows_pulled,
        solves=True,
    )
    return Parts(tuple, {0: rows, 1: unknown("infodict")}) if asked.known("full_output") else rows


# what goes step by step

refused(
    integrate.ode,
    integrate.complex_ode,
    integrate.RK23,
    integrate.RK45,
    integrate.DOP853,
    integrate.Radau,
    integrate.BDF,
    integrate.LSODA,
    instead="call scipy.integrate.solve_ivp",
)
