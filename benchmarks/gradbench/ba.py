"""ba: the reprojection errors of bundle adjustment, and their sparse Jacobian.

M. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems in
computer vision and machine learning, 2018 (ADBench).
"""

from typing import Any, NamedTuple

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


class Problem(NamedTuple):
    """Cameras float64[n, 11], points float64[m, 3], and of each observation: weight, camera, point and feature."""

    cameras: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    camera: np.ndarray
    point: np.ndarray
    features: np.ndarray


class Sparse(NamedTuple):
    """A matrix in compressed rows: row i has the columns and values from rows[i] to rows[i + 1]."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def rotate(rotations: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points turned about axes by the lengths of these, each by its own: the formula of Rodrigues."""
    square = np.sum(rotations**2, axis=1, keepdims=True)
    still = square == 0.0
    angle = np.sqrt(np.where(still, 1.0, square))
    axis = rotations / angle
    along = axis * np.sum(axis * points, axis=1, keepdims=True)
    turned = points * np.cos(angle) + np.cross(axis, points) * np.sin(angle) + along * (1.0 - np.cos(angle))
    return np.where(still, points + np.cross(rotations, points), turned)


def reprojection_errors(
    cameras: np.ndarray, points: np.ndarray, weights: np.ndarray, features: np.ndarray
) -> np.ndarray:
    """The weighted distance of the image of each point, by its own camera, to its feature: float64[p, 2].

    A camera is a rotation (3), a centre (3), a focal length, a principal point (2) and a radial distortion (2).
    """
    seen = rotate(cameras[:, :3], points - cameras[:, 3:6])
    image = seen[:, :2] / seen[:, 2:]
    square = np.sum(image**2, axis=1, keepdims=True)
    distortion = 1.0 + cameras[:, 9:10] * square + cameras[:, 10:11] * square**2
    return weights[:, None] * (cameras[:, 6:7] * distortion * image + cameras[:, 7:9] - features)


def weight_errors(weights: np.ndarray) -> np.ndarray:
    """How far the weights are from 1."""
    return 1.0 - weights**2


def objective(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """The errors of the observations, and of their weights."""
    cameras, points = problem.cameras[problem.camera], problem.points[problem.point]
    return reprojection_errors(cameras, points, problem.weights, problem.features), weight_errors(problem.weights)


def jacobian(problem: Problem) -> Sparse:
    """The derivatives of both errors of each observation, then of each weight, by cameras, points and weights.

    No observation sees another's copies of its camera and point, so that two sweeps give all rows.
    """
    cameras, points = problem.cameras[problem.camera], problem.points[problem.point]
    n, m, p = len(problem.cameras), len(problem.points), len(problem.weights)
    errors, pullback = s2sad.vjp(reprojection_errors, cameras, points, problem.weights, problem.features)
    blocks = np.empty((p, 2, 15))
    for k in range(2):
        seed = np.zeros_like(errors)
        seed[:, k] = 1.0
        blocks[:, k, :11], blocks[:, k, 11:14], blocks[:, k, 14], _ = pullback(seed)
    (by_weight,) = s2sad.vjp(weight_errors, problem.weights)[1](np.ones(p))
    columns = np.empty((p, 2, 15), dtype=int)
    columns[:, :, :11] = (11 * problem.camera[:, None] + np.arange(11))[:, None]
    columns[:, :, 11:14] = (11 * n + 3 * problem.point[:, None] + np.arange(3))[:, None]
    columns[:, :, 14] = 11 * n + 3 * m + np.arange(p)[:, None]
    return Sparse(
        np.concatenate((np.arange(0, 30 * p, 15), np.arange(30 * p, 31 * p + 1))),
        np.concatenate((columns.ravel(), 11 * n + 3 * m + np.arange(p))),
        np.concatenate((blocks.ravel(), by_weight)),
    )


def read(message: dict[str, Any]) -> tuple[Problem]:
    """The problem, of one camera, point, weight and feature repeated."""
    n, m, p = message["n"], message["m"], message["p"]
    cameras, points = np.tile(message["cam"], (n, 1)), np.tile(message["x"], (m, 1))
    weights, features = np.full(p, float(message["w"])), np.tile(message["feat"], (p, 1))
    return (Problem(cameras, points, weights, np.arange(p) % n, np.arange(p) % m, features),)


def write_errors(errors: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    """The errors of the first observation, and how often they are repeated."""
    reprojection, weight = errors
    return {
        "reproj_error": {"elements": reprojection[0].tolist(), "repeated": len(reprojection)},
        "w_err": {"element": float(weight[0]), "repeated": len(weight)},
    }


def write_jacobian(matrix: Sparse) -> dict[str, list[float]]:
    """The first 30 and the last item of each array of the matrix."""
    names = zip(("rows", "cols", "vals"), matrix, strict=True)
    return {name: items[:30].tolist() + items[-1:].tolist() for name, items in names}


FUNCTIONS = {
    "objective": Function(read, objective, write_errors),
    "jacobian": Function(read, jacobian, write_jacobian),
}
