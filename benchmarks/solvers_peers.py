"""The programs of `benchmarks.solvers` in JAX, by optimistix, jaxopt and diffrax, where these are installed.

Each is compiled by `jax.jit`, in double precision, to the tolerances of the program. The derivative is the library's
own: implicit for roots and minima, through the checkpointed steps for differential equations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Program = Callable[[Any], Any]


def programs(design: Any, observed: Any) -> dict[str, Program]:
    """The programs by the names of the rows; none where a library is missing."""
    try:
        import diffrax
        import jax
        import jaxopt
        import optimistix
    except ImportError:
        return {}
    jax.config.update("jax_enable_x64", True)
    np = jax.numpy

    def root_of_a_number(a: Any) -> Any:
        def excess(v: Any, a: Any) -> Any:
            return 0.083145 * a[0] / (v - a[1]) - a[2] / v**2 - 20.0

        solver = optimistix.Bisection(rtol=1e-12, atol=1e-12)
        return optimistix.root_find(excess, solver, 1.0, a, options={"lower": 0.2, "upper": 5.0}, max_steps=100).value

    def root_of_a_vector(a: Any) -> Any:
        def balance(t: Any, a: Any) -> Any:
            inner = t[2:] - 2.0 * t[1:-1] + t[:-2] - 0.01 * (a[1:-1] * t[1:-1] ** 4 - 1.0)
            return np.concatenate([t[:1] - a[0], inner, t[-1:] - a[-1]])

        solver = optimistix.Newton(rtol=1e-12, atol=1e-12)
        return np.sum(optimistix.root_find(balance, solver, np.ones(len(a)), a).value ** 2)

    def minimum(a: Any) -> Any:
        def loss(w: Any, a: Any) -> Any:
            r = design @ w - observed
            return 0.5 * r @ r + 0.5 * np.sum(a * w * w)

        return np.sum(jaxopt.BFGS(loss, tol=1e-9, maxiter=200).run(np.zeros(len(a)), a).params ** 2)

    def chain(a: Any) -> Any:
        def rates(t: Any, y: Any, a: Any) -> Any:
            flow = a * y
            return np.concatenate([-flow[:1], flow[:-1] - flow[1:]])

        start = np.zeros(len(a)).at[0].set(1.0)
        steps = diffrax.PIDController(rtol=1e-7, atol=1e-9)
        equation, solver = diffrax.ODETerm(rates), diffrax.Dopri5()
        found = diffrax.diffeqsolve(equation, solver, 0.0, 2.0, None, start, a, stepsize_controller=steps)
        return np.sum(found.ys[-1] ** 2)

    return {
        "root of a number": root_of_a_number,
        "root of 50 numbers": root_of_a_vector,
        "minimum of 20 numbers": minimum,
        "solve_ivp, 2 parameters": chain,
        "solve_ivp, 20 parameters": chain,
        "solve_ivp, 200 parameters": chain,
    }


def measured(
    program: Program, a: Any, best: Callable[[Callable[[], object]], float]
) -> tuple[float, float, float, Any]:
    """The time of the program, of value and gradient, of value and tangent, 0 where there is none, and the gradient."""
    import jax

    seed = jax.numpy.ones(len(a))
    calls = (
        jax.jit(program),
        jax.jit(jax.value_and_grad(program)),
        jax.jit(lambda a: jax.jvp(program, (a,), (seed,))),
    )
    times = []
    for call in calls:
        try:
            jax.block_until_ready(call(a))
            times.append(best(lambda: jax.block_until_ready(call(a))))  # noqa: B023
        except TypeError:  # a library's own reverse rule has no forward mode
            times.append(0.0)
    return (*times, calls[1](a)[1])
