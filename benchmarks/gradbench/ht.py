"""ht: the distances of the points of a hand model from those that were seen, and their Jacobian by its pose.

M. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems in
computer vision and machine learning, 2018 (ADBench).
"""

import dataclasses
from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def bend(x: float, z: float, y: float) -> np.ndarray:
    """The rotation about x, then y, then z."""
    about_x, about_y, about_z = np.eye(3), np.eye(3), np.eye(3)
    about_x[1, 1] = about_x[2, 2] = np.cos(x)
    about_x[2, 1] = np.sin(x)
    about_x[1, 2] = -about_x[2, 1]
    about_y[0, 0] = about_y[2, 2] = np.cos(y)
    about_y[0, 2] = np.sin(y)
    about_y[2, 0] = -about_y[0, 2]
    about_z[0, 0] = about_z[1, 1] = np.cos(z)
    about_z[1, 0] = np.sin(z)
    about_z[0, 1] = -about_z[1, 0]
    return about_z @ about_y @ about_x


def turn(v: np.ndarray) -> np.ndarray:
    """The rotation about v by the length of v."""
    square = np.sum(v * v)
    if square < 1e-8:
        return np.eye(3)
    angle = np.sqrt(square)
    x, y, z = v / angle
    s, c = np.sin(angle), np.cos(angle)
    return np.array(
        [
            [x * x + (1.0 - x * x) * c, x * y * (1.0 - c) - z * s, x * z * (1.0 - c) + y * s],
            [x * y * (1.0 - c) + z * s, y * y + (1.0 - y * y) * c, y * z * (1.0 - c) - x * s],
            [x * z * (1.0 - c) - y * s, z * y * (1.0 - c) + x * s, z * z + (1.0 - z * z) * c],
        ]
    )


def pose_of(theta: np.ndarray, bones: int) -> np.ndarray:
    """Global rotation, scale and translation, then the angles of each bone: float64[3 + bones, 3].

    The bones are the wrist, four of each of five fingers, and the forearm; the first of a finger has two angles more
    than the last, which has none.
    """
    pose = np.zeros((3 + bones, 3))
    pose[0] = theta[:3]
    pose[1] = 1.0
    pose[2] = theta[3:6]
    angle, bone = 6, 5
    for _ in range(5):
        for joint in range(3):
            pose[bone, 0] = theta[angle]
            angle += 1
            if joint == 0:
                pose[bone, 1] = theta[angle]
                angle += 1
            bone += 1
        bone += 1
    return pose


@dataclasses.dataclass(eq=False)
class Hand:
    """A hand, and points that were seen of it: each belongs to a vertex, or to a place in a triangle."""

    parents: np.ndarray
    base_relatives: np.ndarray
    inverse_base_absolutes: np.ndarray
    base_positions: np.ndarray
    weights: np.ndarray
    triangles: np.ndarray
    is_mirrored: bool
    correspondences: np.ndarray
    points: np.ndarray

    def vertices(self, theta: np.ndarray) -> np.ndarray:
        """The positions of the vertices, moved by the bones: float64[vertices, 3]."""
        bones = len(self.parents)
        pose = pose_of(theta, bones)
        absolutes = np.empty((bones, 4, 4))
        positions = np.zeros((len(self.base_positions), 3))
        for b in range(bones):
            move = np.eye(4)
            move[:3, :3] = bend(pose[3 + b, 0], pose[3 + b, 1], pose[3 + b, 2])
            relative = self.base_relatives[b] @ move
            if self.parents[b] == -1:
                absolutes[b] = relative
            else:
                absolutes[b] = absolutes[self.parents[b]] @ relative
            transform = absolutes[b] @ self.inverse_base_absolutes[b]
            positions += self.weights[:, b : b + 1] * (self.base_positions @ transform[:3].T)
        if self.is_mirrored:
            positions[:, 0] *= -1.0
        return positions @ (turn(pose[0]) * pose[1]).T + pose[2]

    def errors(self, theta: np.ndarray) -> np.ndarray:
        """The points from their vertices: float64[points, 3]."""
        return self.points - self.vertices(theta)[self.correspondences]

    def surface_errors(self, theta: np.ndarray, us: np.ndarray) -> np.ndarray:
        """The points from their places in triangles, with barycentric coordinates us: float64[points, 2]."""
        vertices = self.vertices(theta)
        corners = self.triangles[self.correspondences]
        u, v = us[:, :1], us[:, 1:]
        first, second, third = vertices[corners[:, 0]], vertices[corners[:, 1]], vertices[corners[:, 2]]
        return self.points - (u * first + v * second + (1.0 - u - v) * third)


def objective(hand: Hand, theta: np.ndarray, us: np.ndarray) -> np.ndarray:
    """The errors of all points, on the surface where us are given."""
    errors = hand.surface_errors(theta, us) if len(us) else hand.errors(theta)
    return errors.ravel()


def jacobian(hand: Hand, theta: np.ndarray, us: np.ndarray) -> np.ndarray:
    """The derivatives of the errors, by the us of their own point where there are some, then by theta.

    No point sees the us of another, so that two sweeps give the derivatives by all of them.
    """
    if not len(us):
        return s2sad.jacfwd(hand.errors)(theta).reshape(hand.points.size, -1)
    surface = hand.surface_errors
    by_us = [s2sad.jvp(surface, (theta, us), (np.zeros_like(theta), np.zeros_like(us) + e))[1] for e in np.eye(2)]
    by_theta = s2sad.jacfwd(surface)(theta, us)
    return np.concatenate((np.stack(by_us, axis=-1), by_theta), axis=-1).reshape(hand.points.size, -1)


def read(message: dict[str, Any]) -> tuple[Hand, np.ndarray, np.ndarray]:
    """The hand, its pose, and the barycentric coordinates, of which there may be none."""
    data, model = message["data"], message["data"]["model"]
    matrices = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    hand = Hand(
        parents=np.array(model["parents"], dtype=int),
        **{name: np.array(model[name], dtype=float) for name in matrices},
        triangles=np.array(model["triangles"], dtype=int).reshape(-1, 3),
        is_mirrored=model["is_mirrored"],
        correspondences=np.array(data["correspondences"], dtype=int),
        points=np.array(data["points"], dtype=float),
    )
    return hand, np.array(message["theta"], dtype=float), np.array(message["us"], dtype=float).reshape(-1, 2)


FUNCTIONS = {
    "objective": Function(read, objective, np.ndarray.tolist),
    "jacobian": Function(read, jacobian, np.ndarray.tolist),
}
