"""The evals for JAX: jitted, scans and while loops for loops, vmap for what is done for each of many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import logsumexp

from benchmarks.gradbench.ht import Hand

jax.config.update("jax_enable_x64", True)

Call = Callable[[], Any]


def bound(f: Callable[..., Any], *args: Any, static: tuple[int, ...] = ()) -> Call:
    """A call of the jitted function on arrays that are JAX's already."""
    jitted = jax.jit(f, static_argnums=static)
    moved = [a if k in static else jax.tree.map(jnp.asarray, a) for k, a in enumerate(args)]
    return lambda: jax.block_until_ready(jitted(*moved))


def hello(x: float) -> Call:
    return bound(jax.grad(lambda x: x * x), x)


def lse(x: np.ndarray) -> Call:
    return bound(jax.grad(logsumexp), x)


def llsq(x: np.ndarray, n: int) -> Call:
    def misfit(x: jax.Array, n: int) -> jax.Array:
        t = jnp.linspace(-1.0, 1.0, n)
        return 0.5 * jnp.sum((jnp.sign(t) - jnp.polyval(x[::-1], t)) ** 2)

    return bound(jax.grad(misfit), x, n, static=(1,))


def kmeans(centroids: np.ndarray, points: np.ndarray) -> Call:
    def cost(centroids: jax.Array, points: jax.Array) -> jax.Array:
        squares = jnp.sum(points**2, axis=1)[:, None] + jnp.sum(centroids**2, axis=1)
        return jnp.sum(jnp.min(squares - 2.0 * points @ centroids.T, axis=1))

    def direction(centroids: jax.Array, points: jax.Array) -> jax.Array:
        by_centroids = partial(jax.grad(cost), points=points)
        gradient, diagonal = jax.jvp(by_centroids, (centroids,), (jnp.ones_like(centroids),))
        return gradient / diagonal

    return bound(direction, centroids, points)


def gmm(*args: Any) -> Call:
    def log_density(
        alpha: jax.Array,
        mu: jax.Array,
        q: jax.Array,
        below: jax.Array,
        x: jax.Array,
        gamma: float,
        m: int,
    ) -> jax.Array:
        k, d = q.shape
        columns, rows = np.triu_indices(d, 1)
        factors = jnp.zeros((k, d, d)).at[:, rows, columns].set(below)
        factors = factors.at[:, np.arange(d), np.arange(d)].set(jnp.exp(q))
        z = jnp.einsum("kij,nkj->nki", factors, x[:, None] - mu)
        beta = alpha + jnp.sum(q, axis=1) - 0.5 * jnp.sum(z**2, axis=2)
        likelihood = jnp.sum(logsumexp(beta, axis=1)) - len(x) * logsumexp(alpha)
        return likelihood + m * jnp.sum(q) - 0.5 * gamma**2 * jnp.sum(factors**2)

    return bound(jax.grad(log_density, (0, 1, 2, 3)), *args)


def ode(x: np.ndarray, steps: int) -> Call:
    def last(x: jax.Array, steps: int) -> jax.Array:
        h = 2.0 / steps

        def slope(y: jax.Array) -> jax.Array:
            return jnp.concatenate((x[:1], x[1:] * y[:-1]))

        def step(y: jax.Array, _: None) -> tuple[jax.Array, None]:
            k1 = slope(y)
            k2 = slope(y + 0.5 * h * k1)
            k3 = slope(y + 0.5 * h * k2)
            k4 = slope(y + h * k3)
            return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        return lax.scan(step, jnp.zeros_like(x), length=steps)[0][-1]

    return bound(jax.grad(last), x, steps, static=(1,))


def determinant(a: jax.Array) -> jax.Array:
    """By minors along the first row, all minors of a size at once."""
    n = len(a)
    if n == 1:
        return a[0, 0]
    others = np.array([[k for k in range(n) if k != j] for j in range(n)])
    minors = jnp.swapaxes(a[1:, others], 0, 1)
    return jnp.sum(a[0] * (-1.0) ** np.arange(n) * jax.vmap(determinant)(minors))


def det(a: np.ndarray) -> Call:
    return bound(jax.grad(determinant), a)


def lstm(*args: np.ndarray) -> Call:
    def loss(main: jax.Array, extra: jax.Array, state: jax.Array, sequence: jax.Array) -> jax.Array:
        def step(state: jax.Array, items: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            x, rows = items[0] * extra[0], []
            for k in range(0, len(state), 2):
                hidden, cell = state[k], state[k + 1]
                z = jnp.concatenate((x, hidden, x, hidden)) * main[k] + main[k + 1]
                forget, ingate, outgate, change = jnp.split(z, 4)
                cell = cell * jax.nn.sigmoid(forget) + jax.nn.sigmoid(ingate) * jnp.tanh(change)
                x = jax.nn.sigmoid(outgate) * jnp.tanh(cell)
                rows += [x, cell]
            y = x * extra[1] + extra[2]
            return jnp.stack(rows), jnp.sum(items[1] * (y - jnp.log(2.0 + jnp.sum(jnp.exp(y)))))

        return -jnp.sum(lax.scan(step, state, (sequence[:-1], sequence[1:]))[1]) / sequence[1:].size

    return bound(jax.grad(loss, (0, 1)), *args)


def rotate(v: jax.Array, point: jax.Array) -> jax.Array:
    """A point turned about v by the length of v."""
    square = jnp.sum(v**2)
    angle = jnp.sqrt(jnp.where(square == 0.0, 1.0, square))
    axis = v / angle
    along = axis * jnp.dot(axis, point) * (1.0 - jnp.cos(angle))
    turned = point * jnp.cos(angle) + jnp.cross(axis, point) * jnp.sin(angle) + along
    return jnp.where(square == 0.0, point + jnp.cross(v, point), turned)


def ba(problem: Any) -> Call:
    def error(camera: jax.Array, point: jax.Array, weight: jax.Array, feature: jax.Array) -> jax.Array:
        seen = rotate(camera[:3], point - camera[3:6])
        image = seen[:2] / seen[2]
        square = jnp.sum(image**2)
        distortion = 1.0 + camera[9] * square + camera[10] * square**2
        return weight * (camera[6] * distortion * image + camera[7:9] - feature)

    def jacobian(
        cameras: jax.Array,
        points: jax.Array,
        weights: jax.Array,
        camera: jax.Array,
        point: jax.Array,
        features: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        n, m, p = len(cameras), len(points), len(weights)
        blocks = jax.vmap(jax.jacrev(error, (0, 1, 2)))(cameras[camera], points[point], weights, features)
        values = jnp.concatenate((blocks[0], blocks[1], blocks[2][:, :, None]), axis=2)
        by_weight = jax.vmap(jax.grad(lambda w: 1.0 - w**2))(weights)
        of_weight = 11 * n + 3 * m + jnp.arange(p)
        row = (11 * camera[:, None] + jnp.arange(11), 11 * n + 3 * point[:, None] + jnp.arange(3), of_weight[:, None])
        columns = jnp.repeat(jnp.concatenate(row, axis=1), 2, axis=0).ravel()
        return (
            jnp.concatenate((jnp.arange(0, 30 * p, 15), jnp.arange(30 * p, 31 * p + 1))),
            jnp.concatenate((columns, of_weight)),
            jnp.concatenate((values.ravel(), by_weight)),
        )

    return bound(jacobian, *problem)


def bend(x: jax.Array, z: jax.Array, y: jax.Array) -> jax.Array:
    """The rotation about x, then y, then z, as a motion: float64[4, 4]."""
    about_x = jnp.eye(4).at[1:3, 1:3].set(jnp.array([[jnp.cos(x), -jnp.sin(x)], [jnp.sin(x), jnp.cos(x)]]))
    about_z = jnp.eye(4).at[:2, :2].set(jnp.array([[jnp.cos(z), -jnp.sin(z)], [jnp.sin(z), jnp.cos(z)]]))
    corners = np.ix_([0, 2], [0, 2])
    about_y = jnp.eye(4).at[corners].set(jnp.array([[jnp.cos(y), jnp.sin(y)], [-jnp.sin(y), jnp.cos(y)]]))
    return about_z @ about_y @ about_x


def ht(hand: Hand, theta: np.ndarray, us: np.ndarray) -> Call:
    bones = len(hand.parents)
    places = [(5 + 4 * finger + joint, axis) for finger in range(5) for joint, axis in ((0, 0), (0, 1), (1, 0), (2, 0))]
    bone, axis = np.array(places).T

    def vertices(theta: jax.Array) -> jax.Array:
        pose = jnp.zeros((3 + bones, 3)).at[bone, axis].set(theta[6:])
        relatives = jnp.asarray(hand.base_relatives) @ jax.vmap(bend)(*pose[3:].T)
        absolutes: list[jax.Array] = []
        for relative, parent in zip(relatives, hand.parents, strict=True):
            absolutes.append(relative if parent == -1 else absolutes[parent] @ relative)
        transforms = jnp.stack(absolutes) @ hand.inverse_base_absolutes
        positions = jnp.einsum("vb,bij,vj->vi", hand.weights, transforms[:, :3], hand.base_positions)
        if hand.is_mirrored:
            positions = positions * np.array([-1.0, 1.0, 1.0])
        return jax.vmap(rotate, (None, 0))(theta[:3], positions) + theta[3:6]

    def errors(theta: jax.Array) -> jax.Array:
        return (hand.points - vertices(theta)[hand.correspondences]).ravel()

    def surface_errors(theta: jax.Array, us: jax.Array) -> jax.Array:
        first, second, third = jnp.moveaxis(vertices(theta)[hand.triangles[hand.correspondences]], 1, 0)
        u, v = us[:, :1], us[:, 1:]
        return (hand.points - (u * first + v * second + (1.0 - u - v) * third)).ravel()

    def surface_jacobian(theta: jax.Array, us: jax.Array) -> jax.Array:
        along = jnp.broadcast_to(jnp.eye(2)[:, None], (2, *us.shape))
        by_us = jax.vmap(lambda e: jax.jvp(partial(surface_errors, theta), (us,), (e,))[1], out_axes=1)(along)
        return jnp.concatenate((by_us, jax.jacfwd(surface_errors)(theta, us)), axis=1)

    return bound(surface_jacobian, theta, us) if len(us) else bound(jax.jacfwd(errors), theta)


Slope = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


def argmin(value_and_slope: Slope, x: jax.Array) -> jax.Array:
    """Where a function is least, by the descent of the evals."""

    def going(state: Any) -> jax.Array:
        return ~state[-1] & (jnp.sqrt(jnp.sum(state[2] ** 2)) > 1e-5)

    def step(state: Any) -> Any:
        x, value, slope, rate, successes, _ = state
        rate = jnp.where(successes == 10, 2.0 * rate, rate)
        successes = jnp.where(successes == 10, 0, successes)
        ahead = x - rate * slope
        done = jnp.sqrt(jnp.sum((ahead - x) ** 2)) <= 1e-5
        value_ahead, slope_ahead = value_and_slope(ahead)
        better = ~done & (value_ahead < value)
        x, value, slope = jax.tree.map(partial(jnp.where, better), (ahead, value_ahead, slope_ahead), (x, value, slope))
        return x, value, slope, jnp.where(better, rate, 0.5 * rate), jnp.where(better, successes + 1, 0), done

    start = (x, *value_and_slope(x), jnp.array(1e-5), jnp.array(0), jnp.array(False))
    return lax.while_loop(going, step, start)[0]


def forward_slope(f: Callable[[jax.Array], jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The value and the slope of a function, forward: the only way through a while loop."""
    values, slopes = jax.vmap(lambda e: jax.jvp(f, (x,), (e,)))(jnp.eye(x.size).reshape(-1, *x.shape))
    return values[0], slopes.reshape(x.shape)


def particle(inner: Callable[..., Any], w: float) -> Call:
    def potential(place: jax.Array, w: jax.Array) -> jax.Array:
        return 1.0 / jnp.hypot(place[0] - 10.0, place[1] - 10.0 + w) + 1.0 / jnp.hypot(place[0] - 10.0, place[1])

    def landing(w: jax.Array) -> jax.Array:
        def step(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            place, velocity = state
            return place + 0.1 * velocity, velocity - 0.1 * inner(potential)(place, w)

        start = jnp.array([0.0, 8.0]), jnp.array([0.75, 0.0])
        place, velocity = lax.while_loop(lambda state: state[0][1] + 0.1 * state[1][1] > 0.0, step, start)
        return (place[0] - place[1] / velocity[1] * velocity[0]) ** 2

    return bound(partial(argmin, partial(forward_slope, landing)), w)


def saddle(inner: Callable[..., Any], start: np.ndarray) -> Call:
    def f(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.sum(x**2) - jnp.sum(y**2)

    def run(start: jax.Array) -> jax.Array:
        def highest(x: jax.Array) -> jax.Array:
            return f(x, argmin(partial(inner, lambda y: -f(x, y)), start))

        x = argmin(partial(forward_slope, highest), start)
        return jnp.concatenate((x, argmin(partial(forward_slope, lambda y: -f(x, y)), start)))

    return bound(run, start)


def reverse_slope(f: Callable[[jax.Array], jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The value and the slope of a function, in reverse."""
    value, slope = jax.value_and_grad(f)(x)
    return value, slope


VERSIONS: dict[str, Callable[..., Call]] = {
    **{"hello": hello, "lse": lse, "llsq": llsq, "kmeans": kmeans, "gmm": gmm, "ode": ode, "det": det, "lstm": lstm},
    **{"ba": ba, "ht": ht, "ht us": ht},
    "particle ff": partial(particle, jax.jacfwd),
    "particle fr": partial(particle, jax.grad),
    "saddle ff": partial(saddle, forward_slope),
    "saddle fr": partial(saddle, reverse_slope),
}
