"""A picture of three balls over a floor, and the balls found again from the picture alone.

Each ray is marched to the surface (Hart, "Sphere tracing", 1996; here by Newton's steps). The march is not
differentiated: where it ends the distance is zero, and `s2sad.custom_root` has the derivative of that. The light needs
the normals of the surface, which are a gradient as well. Silhouettes are soft: rays that graze see through the rim, so
nothing jumps when a ball moves.

python -m examples.ray_marcher [picture.png]
"""

import sys

import numpy as np
from scipy.optimize import minimize

import s2sad
from examples.pictures import figure

EYE = np.array([0.0, 1.2, -4.0])
UP = np.array([0.0, 1.0, 0.0])
LIGHT = np.array([-0.48, 0.8, -0.36])
TOWARDS_LIGHT = LIGHT * np.array([0.2, 0.4, 0.8, 1.6])[:, None]
FAR = 10.0


def directions(height, width):
    """Of the rays from the eye through the pixels, by rows."""
    y, x = np.mgrid[0.35 : -0.85 : height * 1j, -0.8 : 0.8 : width * 1j]
    through = np.stack([x, y, np.full_like(x, 1.5)], -1).reshape(-1, 3)
    return through / np.linalg.norm(through, axis=1, keepdims=True)


def distance(points, ball):
    """How far places are from a ball `(x, y, z, radius)`."""
    return np.sqrt(np.sum((points - ball[:3]) ** 2, axis=1)) - ball[3]


def march(gap, t):
    """Along each ray by Newton's steps, which stay before the surface of a convex body; past it until `FAR`."""
    for _ in range(25):
        away, slope = s2sad.jvp(gap, (t,), (np.ones_like(t),))
        t = np.minimum(t + away / np.maximum(-slope, 1e-3), FAR)
    return t


def along(slope, y):
    """The linear equation of each ray; those that pass by stay where they are."""
    steep = slope(np.ones_like(y))
    meets = steep < -1e-3
    return np.where(meets, y / np.where(meets, steep, -1.0), 0.0)


def seen_by(rays, ball):
    """Where rays meet a ball, the normals there, and how much of each ray it covers."""
    t = s2sad.custom_root(lambda t: distance(EYE + t[:, None] * rays, ball), np.ones(len(rays)), march, along)
    points = EYE + t[:, None] * rays
    normals = s2sad.grad(lambda p: np.sum(distance(p, ball)))(points)
    facing = np.where(t < FAR, np.sum(normals * rays, axis=1), 0.0)
    cover = 1.0 - np.exp(-16.0 * facing**2)
    return points, normals, cover


def brightness(points, normals, balls):
    """Of places on a surface: by the angle of the light, and darker where a ball is in its way."""
    light = np.maximum(normals @ LIGHT, 0.0)
    for ball in balls:
        for step in TOWARDS_LIGHT:
            clear = distance(points + step, ball) / np.linalg.norm(step)
            light = light / (1.0 + np.exp(-12.0 * (clear - 0.2)))
    return 0.1 + 0.9 * light


def picture(balls, rays):
    """The brightness of each ray's pixel: of the floor and the sky, and before them the balls, the nearest last."""
    down = rays[:, 1] < -0.05 * rays[:, 2]
    floor = EYE - (EYE[1] / np.where(down, rays[:, 1], -1.0))[:, None] * rays
    sky = np.where(down, 0.0, 0.9)
    pixels = sky + 0.8 * down * brightness(floor, np.broadcast_to(UP, floor.shape), balls)
    for k in np.argsort(-np.sum((balls[:, :3] - EYE) ** 2, axis=1)):
        points, normals, cover = seen_by(rays, balls[k])
        shade = brightness(points, normals, balls)
        pixels = cover * shade + (1.0 - cover) * pixels
    return pixels


def scene_misfit(balls, rays, seen):
    """By how much the picture of some balls differs from one that was seen."""
    return np.mean((picture(balls.reshape(-1, 4), rays) - seen) ** 2)


TRUTH = np.array([[-0.8, 0.5, 0.2, 0.5], [0.35, 0.35, -0.6, 0.35], [0.8, 0.8, 0.9, 0.8]])
GUESS = np.array([[-0.6, 0.6, 0.3, 0.4], [0.2, 0.5, -0.4, 0.3], [0.6, 0.9, 0.7, 0.7]])


def draw(pictures, path):
    with figure(path, len(pictures), size=(9.0, 2.8)) as axes:
        for panel, (name, shown) in zip(axes, pictures.items(), strict=True):
            panel.imshow(shown, cmap="gray", vmin=0.0, vmax=1.0)
            panel.set_title(name)
            panel.axis("off")


def main(path=None, height=48, width=64):
    rays = directions(height, width)
    seen = picture(TRUTH, rays) + np.random.default_rng(1).normal(scale=0.01, size=len(rays))
    value_and_grad = s2sad.value_and_grad(scene_misfit)
    found = minimize(value_and_grad, GUESS.ravel(), (rays, seen), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    balls = found.x.reshape(-1, 4)
    error = np.max(np.abs(balls - TRUTH))
    print(f"misfit {scene_misfit(GUESS, rays, seen):.1e} -> {found.fun:.1e} in {found.nfev} gradients")
    print(f"the largest error of a place or a radius: {error:.3f}")
    if path:
        fine = (5 * height, 5 * width)
        guess, found = (picture(b, directions(*fine)).reshape(fine) for b in (GUESS, balls))
        draw({"seen": seen.reshape(height, width), "guess": guess, "found": found}, path)
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
