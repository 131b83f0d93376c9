"""Boundary value problems: the collocation that `solve_bvp` solves, by the implicit function theorem on its last mesh.

    0 = y[i+1] - y[i] - h/6 (f[i] + 4 f(middle) + f[i+1]),  0 = bc(y[0], y[-1], p)

The middle is that of the cubic through the ends of a step with the slopes f there: Lobatto's formula, of order 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import ArrayType, OpaqueType, Type, array, tuple_type
from s2sad.solvers import paths
from s2sad.solvers.types import COUNT, TEXT, TRUTH, floats, length, like

SOURCE = "Kierzenka & Shampine, A BVP solver based on residual control and the Matlab PSE (2001)"
"""The works that its rules are from."""


def unknowns(y: Any, p: Any) -> Any:
    """The values on the mesh and the unknown parameters, as one vector."""
    return np.ravel(y) if p is None else np.concatenate((np.ravel(y), p))


def defects(f: Any, bc: Any, x: Any, y: Any, p: Any, params: Any) -> Any:
    """What is zero on the mesh: the defect of each step, and the conditions at the ends."""
    more = params if p is None else (p, *params)
    h, slopes = np.diff(x), f(x, y, *more)
    middle = 0.5 * (y[:, 1:] + y[:, :-1]) - 0.125 * h * (slopes[:, 1:] - slopes[:, :-1])
    inner = slopes[:, 1:] + slopes[:, :-1] + 4.0 * f(x[:-1] + 0.5 * h, middle, *more)
    steps = y[:, 1:] - y[:, :-1] - h / 6.0 * inner
    return np.concatenate((np.ravel(steps), bc(y[:, 0], y[:, -1], *more)))


def jacobian(f: Any, bc: Any, x: Any, y: Any, p: Any, params: Any) -> Any:
    """The derivative of the defects by the unknowns."""
    n = y.size

    def defect(u: Any, *given: Any) -> Any:
        return defects(f, bc, x, np.reshape(u[:n], y.shape), None if p is None else u[n:], given)

    return s2sad.jacfwd(defect)(unknowns(y, p), *params)


def mesh_moved(f: Any, bc: Any, ans: Any, success: Any, p: Any, params: Any, params_dot: Any) -> Any:
    """The tangents of the mesh, which is taken as it is, the values on it, the slopes, and the unknown parameters."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_bvp did not converge: there is nothing to differentiate")
    x, y, p = ans[0], ans[1], None if p is None else ans[3]
    n = y.size
    matrix = jacobian(f, bc, x, y, p, params)
    value, change = s2sad.jvp(lambda *given: defects(f, bc, x, y, p, given), params, params_dot)
    moved = -np.linalg.solve(matrix, change)
    y_dot = np.reshape(moved[:n], y.shape)
    if p is None:
        slopes, slopes_dot = s2sad.jvp(f, (x, y, *params), (None, y_dot, *params_dot))
        return np.zeros_like(x), y_dot, slopes_dot
    slopes, slopes_dot = s2sad.jvp(f, (x, y, p, *params), (None, y_dot, moved[n:], *params_dot))
    return np.zeros_like(x), y_dot, slopes_dot, moved[n:]


def mesh_pulled(f: Any, bc: Any, ans: Any, success: Any, p: Any, params: Any, g: Any) -> Any:
    """The cotangents of what these depend on."""
    if not success:
        raise RuntimeError("scipy.integrate.solve_bvp did not converge: there is nothing to differentiate")
    x, y, p = ans[0], ans[1], None if p is None else ans[3]
    bar = unknowns(np.zeros_like(y) if g[1] is None else g[1], None if p is None else np.zeros_like(p))
    direct = np.zeros(sum([np.size(q) for q in params]))
    if p is not None and g[3] is not None:
        bar[y.size :] += g[3]
    if g[2] is not None:
        n = 1 if p is None else 2
        slopes, pullback = s2sad.vjp(lambda *given: f(x, *given), *((y, *params) if p is None else (y, p, *params)))
        bars = pullback(g[2])
        bar = bar + unknowns(bars[0], None if p is None else bars[1])
        direct = paths.joined(bars[n:])
    multiplier = np.linalg.solve(jacobian(f, bc, x, y, p, params).T, bar)
    value, pullback = s2sad.vjp(lambda *given: defects(f, bc, x, y, p, given), *params)
    return (paths.parted(direct - paths.joined(pullback(multiplier)), params),)


def curve(f: Any, bc: Any, x: Any, y: Any, p: Any, tol: Any, max_nodes: Any, bc_tol: Any, at: Any, params: Any) -> Any:
    """What `res.sol` gives: the cubics with these values and slopes."""

    def slopes(x: Any, y: Any, *given: Any) -> Any:
        return f(x, y, *given, *params)

    def ends(ya: Any, yb: Any, *given: Any) -> Any:
        return bc(ya, yb, *given, *params)

    res = integrate.solve_bvp(slopes, ends, x, y, p, tol=tol, max_nodes=max_nodes, bc_tol=bc_tol)
    nodes, values, rates = res.x, res.y, res.yp
    k = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, len(nodes) - 2)
    h = nodes[k + 1] - nodes[k]
    s = (at - nodes[k]) / h
    rise = s * s * (3.0 - 2.0 * s)
    first, last = values[:, k], values[:, k + 1]
    return first + (last - first) * rise + h * s * (1.0 - s) * ((1.0 - s) * rates[:, k] - s * rates[:, k + 1])


def _mesh(asked: Asked, steps: Dim) -> ArrayType:
    """The values on a mesh of so many nodes."""
    y = asked.types["y"]
    rows: Dim = y.shape[0] if isinstance(y, ArrayType) and y.shape is not None and len(y.shape) == 2 else new_dim("n")
    return array(floats(y), (rows, steps))


def _unknown(asked: Asked) -> tuple[ArrayType, ...]:
    return (array(floats(asked.types["y"]), (length(asked.types["p"]),)),) if asked.given("p") else ()


def _on_a_mesh(asked: Asked) -> tuple[Type, ...]:
    nodes = new_dim("nodes")
    return array(np.dtype(float), (nodes,)), _mesh(asked, nodes), *_unknown(asked)


def _at_the_ends(asked: Asked) -> tuple[Type, ...]:
    mesh = _mesh(asked, 1)
    assert mesh.shape is not None
    end = array(mesh.dtype, mesh.shape[:1])
    return end, end, *_unknown(asked)


@solver(
    integrate.solve_bvp,
    functions={"fun": _on_a_mesh, "bc": _at_the_ends, "fun_jac": _on_a_mesh, "bc_jac": _at_the_ends},
    free="y p fun_jac bc_jac tol max_nodes verbose bc_tol",
    passed=None,
)
def _solve_bvp(asked: Asked) -> Parts:
    if asked.given("S"):
        raise UnsupportedCall("solve_bvp with a singular term", "write it into the function, from a place behind it on")
    mesh, unknown = _mesh(asked, new_dim("nodes")), _unknown(asked)
    if mesh.is_complex:
        raise UnsupportedCall("solve_bvp of complex values", "solve for their real and imaginary parts")
    assert mesh.shape is not None
    nodes = array(np.dtype(float), mesh.shape[1:])
    parts: dict[str, Part | Parts] = {"success": TRUTH, "status": COUNT, "message": TEXT, "niter": COUNT}
    parts |= {"x": Part(nodes), "y": Part(mesh), "yp": Part(mesh)}
    if unknown:
        parts["p"] = Part(unknown[0])
    parts["sol"] = Part(OpaqueType("PPoly"), called=lambda at: replace(like(_at(mesh, at), curve), moves=("at",)))
    joint = Part(
        tuple_type(nodes, mesh, mesh, *unknown),
        mesh_moved,
        mesh_pulled,
        reads=("success",),
        only=("params",),
        solves=True,
        several=True,
    )
    joined = [(name,) for name in ("x", "y", "yp", "p")][: 3 + len(unknown)]
    return Parts(integrate._bvp.BVPResult, parts, joint=joint, joined=tuple(joined))


def _at(mesh: ArrayType, at: Type) -> ArrayType:
    """The values at a place, or at several."""
    assert mesh.shape is not None
    shape = at.shape if isinstance(at, ArrayType) and at.shape is not None else ()
    return array(mesh.dtype, (mesh.shape[0], *shape))
