"""The kernels as one writes them for JAX: scans for loops that carry something, whole arrays where that is possible."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


@partial(jax.jit, static_argnums=2)
def heat(u, alpha, steps, observed):
    def step(now, _):
        new = now.at[1:-1, 1:-1].add(
            alpha * (now[2:, 1:-1] + now[:-2, 1:-1] + now[1:-1, 2:] + now[1:-1, :-2] - 4.0 * now[1:-1, 1:-1])
        )
        return new, None

    return 0.5 * jnp.sum((lax.scan(step, u, None, length=steps)[0] - observed) ** 2)


@partial(jax.jit, static_argnums=1)
def gauss_seidel(a, sweeps):
    n = a.shape[0]

    def point(a, ij):
        i, j = ij
        return a.at[i, j].set(jnp.sum(lax.dynamic_slice(a, (i - 1, j - 1), (3, 3))) / 9.0), None

    places = jnp.array([(i, j) for i in range(1, n - 1) for j in range(1, n - 1)])
    sweep = lambda a, _: (lax.scan(point, a, (places[:, 0], places[:, 1]))[0], None)  # noqa: E731
    a = lax.scan(sweep, a, None, length=sweeps)[0]
    return jnp.sum(a * a)


@jax.jit
def lu(a):
    n = len(a)
    k = jnp.arange(n)

    def step(a, p):
        below = (k > p).astype(a.dtype)
        column = a[:, p] / a[p, p] * below
        a = a - jnp.outer(column, a[p] * below)
        return a.at[:, p].set(jnp.where(k > p, column, a[:, p])), None

    a = lax.scan(step, a, jnp.arange(n - 1))[0]
    return jnp.sum(jnp.log(jnp.abs(jnp.diag(a))))


@jax.jit
def cholesky(a, y):
    low = jnp.linalg.cholesky(a)
    z = jax.scipy.linalg.solve_triangular(low, y, lower=True)
    return -0.5 * jnp.sum(z * z) - jnp.sum(jnp.log(jnp.diag(low)))


@jax.jit
def thomas(a, b, c, d):
    def forward(carry, row):
        bet, x, c_before = carry
        aj, bj, cj, dj = row
        gam = c_before / bet
        bet = bj - aj * gam
        x = (dj - aj * x) / bet
        return (bet, x, cj), (gam, x)

    x0 = d[0] / b[0]
    _, (gam, xs) = lax.scan(forward, (b[0], x0, c[0]), (a[1:], b[1:], c[1:], d[1:]))
    xs = jnp.concatenate([x0[None], xs])

    def back(x, row):
        x = row[0] - row[1] * x
        return x, x

    _, rest = lax.scan(back, xs[-1], (xs[:-1], gam), reverse=True)
    return jnp.sum(jnp.concatenate([rest, xs[-1:]]) ** 2)


@jax.jit
def durbin(r):
    n = len(r)
    place = jnp.arange(n)

    def step(carry, k):
        y, alpha, beta = carry
        beta = beta * (1.0 - alpha * alpha)
        head = place < k
        flipped_r = jnp.where(head, r[(k - 1 - place) % n], 0.0)
        alpha = -(r[k] + flipped_r @ jnp.where(head, y, 0.0)) / beta
        y = y + jnp.where(head, alpha * y[(k - 1 - place) % n], 0.0)
        return (y.at[k].set(alpha), alpha, beta), None

    y = jnp.zeros(n).at[0].set(-r[0])
    (y, _, _), _ = lax.scan(step, (y, -r[0], 1.0), jnp.arange(1, n))
    return jnp.sum(y**2)


@jax.jit
def gram_schmidt(a, w):
    n = a.shape[1]
    place = jnp.arange(n)

    def step(a, k):
        norm = jnp.sqrt(jnp.sum(a[:, k] ** 2))
        q = a[:, k] / norm
        row = jnp.where(place > k, q @ a, 0.0)
        a = (a - jnp.outer(q, row)).at[:, k].set(q)
        return a, row.at[k].set(norm)

    a, r = lax.scan(step, a, place)
    return jnp.sum(w * a) + jnp.sum(r * r * jnp.arange(1.0, n + 1.0))


@jax.jit
def floyd_warshall(d):
    def step(d, k):
        through = d[:, k, None] + d[None, k]
        return jnp.where(through < d, through, d), None

    d = lax.scan(step, d, jnp.arange(len(d)))[0]
    return jnp.sum(d * d)


@partial(jax.jit, static_argnums=4)
def n_body(pos, vel, mass, dt, steps):
    def accelerations(pos):
        rji = pos[None] - pos[:, None]
        r2 = jnp.sum(rji * rji, axis=2) + 0.01
        return jnp.sum(mass[None, :, None] * rji / (r2 * jnp.sqrt(r2))[:, :, None], axis=1)

    def step(carry, _):
        pos, vel, acc = carry
        vel = vel + 0.5 * dt * acc
        pos = pos + dt * vel
        acc = accelerations(pos)
        return (pos, vel + 0.5 * dt * acc, acc), None

    (pos, _, _), _ = lax.scan(step, (pos, vel, accelerations(pos)), None, length=steps)
    return jnp.mean(jnp.sum(pos * pos, axis=1))


@jax.jit
def lstm(w, u, b, x, y):
    def step(carry, xt):
        hidden, cell = carry
        i, f, o, g = jnp.split(w @ xt + u @ hidden + b, 4)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
        return (hidden, cell), hidden

    h = u.shape[1]
    _, hidden = lax.scan(step, (jnp.zeros(h), jnp.zeros(h)), x)
    return 0.5 * jnp.sum((hidden - y) ** 2)


@jax.jit
def dtw(x, y, gamma):
    m = len(y)

    def row(before, xi):
        def point(left, inputs):
            yj, above, corner = inputs
            soft = -gamma * jax.nn.logsumexp(jnp.stack([-corner, -above, -left]) / gamma)
            r = (xi - yj) ** 2 + soft
            return r, r

        _, now = lax.scan(point, 1e10, (y, before[1:], before[:-1]))
        return jnp.concatenate([jnp.full(1, 1e10), now]), None

    first = jnp.concatenate([jnp.zeros(1), jnp.full(m, 1e10)])
    return lax.scan(row, first, x)[0][m]


@jax.jit
def fft(x, weights):
    spectrum = jnp.fft.fft(x)
    return jnp.sum(weights * (spectrum.real**2 + spectrum.imag**2))


@partial(jax.jit, static_argnums=3)
def upwind(u, dt, dx, steps):
    def step(u, _):
        back, ahead = u - jnp.roll(u, 1), jnp.roll(u, -1) - u
        return u - dt / dx * u * jnp.where(u > 0.0, back, ahead), None

    return 0.5 * dx * jnp.sum(lax.scan(step, u, None, length=steps)[0] ** 2)


STATIC = {"heat": 2, "gauss_seidel": 1, "n_body": 4, "upwind": 3}
VERSIONS = {
    f.__name__: f
    for f in (
        heat,
        gauss_seidel,
        lu,
        cholesky,
        thomas,
        durbin,
        gram_schmidt,
        floyd_warshall,
        n_body,
        lstm,
        dtw,
        fft,
        upwind,
    )
}


def gradient(name, argnums):
    """The jitted value and gradient of a kernel."""
    static = STATIC.get(name)
    return jax.jit(jax.value_and_grad(VERSIONS[name], argnums), static_argnums=() if static is None else static)


def arrays(args):
    """Arguments as JAX has them."""
    return tuple(jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in args)
