"""What a new user looks for, tried in each system that is installed: `python -m benchmarks.features`.

A cell is a program that is run here and whose result is compared: `yes` where plain NumPy, SciPy and Python do, `own`
where it takes functions of the system's own, `no` where the attempt failed or there is nothing to attempt.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import io
import math
import pickle
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.sparse
import scipy.sparse.linalg

SYSTEMS = ("s2sad", "jax", "autograd", "torch", "casadi")
ROWS: dict[str, dict[str, Callable[[], str]]] = {}


def cell(row: str, *systems: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Add a cell, or one for each of some systems, whose `grad` it is given."""

    def add(trial: Callable[..., str]) -> Callable[..., str]:
        for s in systems:
            takes = trial.__code__.co_argcount
            ROWS.setdefault(row, {})[s] = (lambda s=s: trial(gradient(s))) if takes else trial
        return trial

    return add


def gradient(system: str) -> Callable[..., Any]:
    """The gradient of each system, of functions of a float or an array."""
    match system:
        case "s2sad":
            return importlib.import_module("s2sad").grad
        case "jax":
            jax = importlib.import_module("jax")
            jax.config.update("jax_enable_x64", True)
            return jax.grad
        case "autograd":
            return importlib.import_module("autograd").grad
        case "torch":
            torch = importlib.import_module("torch")

            def grad(f: Any) -> Any:
                return lambda x: torch.func.grad(f)(torch.as_tensor(x, dtype=torch.float64)).numpy()

            return grad
        case "casadi":
            casadi = importlib.import_module("casadi")

            def of_symbols(f: Any) -> Any:
                def at(x: Any) -> Any:
                    s = casadi.SX.sym("x", *np.shape(x))
                    g = casadi.Function("g", [s], [casadi.gradient(f(s), s)])(x).full()
                    return g.ravel() if np.ndim(x) else float(g[0, 0])

                return at

            return of_symbols
    raise ValueError(system)


def same(found: Any, expected: Any, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=rtol)


X = np.array([0.5, 1.0, 2.0])

# programs as they are written for NumPy


@cell("plain NumPy, unmodified", *SYSTEMS)
def _(grad: Any) -> str:
    same(
        grad(lambda x: np.sum(np.sin(x) * np.linalg.norm(x) + x @ x))(X),
        _numeric(lambda x: np.sum(np.sin(x) * np.linalg.norm(x) + x @ x), X),
    )
    return "yes"


def _numeric(f: Any, x: np.ndarray) -> np.ndarray:
    h, e = 1e-6, np.eye(len(x))
    return np.array([(f(x + h * d) - f(x - h * d)) / (2 * h) for d in e])


def written(x: Any) -> Any:
    y = np.zeros(4)
    for k in range(3):
        y[k + 1] = y[k] * 0.5 + x[k] ** 2
    return y[3]


@cell("arrays that are written into", *SYSTEMS)
def _(grad: Any) -> str:
    same(grad(written)(X), [0.25 * 2 * 0.5, 0.5 * 2, 4.0])
    return "yes"


def halved(x: Any) -> Any:
    while x > 1.0:
        x = 0.5 * x * x
    return x


@cell("`while`, and branches by values, in reverse", *SYSTEMS)
def _(grad: Any) -> str:
    same(grad(halved)(1.5), 1.5 * 1.125)
    return "yes"


@cell("lists that grow, dicts, objects inside", *SYSTEMS)
def _(grad: Any) -> str:
    def f(x: Any) -> Any:
        steps, seen = [x], {}
        for k in range(4):
            steps.append(steps[-1] * x + k)
            seen[k] = steps[-1]
        return sum(seen.values())

    h = 1e-6
    same(grad(f)(1.2), (f(1.2 + h) - f(1.2 - h)) / (2 * h))
    return "yes"


@cell("arguments that are dataclasses, dicts, lists", "s2sad", "jax", "autograd", "torch")
def _(grad: Any) -> str:
    given = Point(2.0, [3.0, {"w": 4.0}])
    found = grad(lambda p: p.x * p.rest[0] * p.rest[1]["w"])(given)
    same(found.x, 12.0)
    return "yes"


@dataclasses.dataclass
class Point:
    x: float
    rest: list


# SciPy


def in_scipy(name: str, program: Callable[[Any], Any], at: Any, own: dict[str, Callable[[], str]]) -> None:
    def trial(grad: Any) -> str:
        h = 1e-5
        expected = (program(at + h) - program(at - h)) / (2 * h)
        same(grad(program)(at), expected, 1e-5)
        return "yes"

    for s in SYSTEMS:
        ROWS.setdefault(name, {})[s] = own.get(s, lambda s=s: trial(gradient(s)))


def jax_root() -> str:
    import jax

    jax.config.update("jax_enable_x64", True)

    def root(a: Any) -> Any:
        def solve(f: Any, x0: Any) -> Any:
            return jax.lax.fori_loop(0, 30, lambda i, x: x - f(x) / jax.grad(f)(x), x0)

        return jax.lax.custom_root(lambda x: x**3 - a, 1.0, solve, lambda g, y: y / g(1.0))

    same(jax.grad(root)(8.0), 1.0 / 12.0)
    return "own"


def casadi_root() -> str:
    import casadi

    x, a = casadi.SX.sym("x"), casadi.SX.sym("a")
    solve = casadi.rootfinder("r", "newton", {"x": x, "p": a, "g": x**3 - a})
    s = casadi.MX.sym("s")
    g = casadi.Function("g", [s], [casadi.jacobian(solve(x0=1.5, p=s)["x"], s)])
    same(float(g(8.0)), 1.0 / 12.0)
    return "own"


in_scipy(
    "`scipy.optimize.brentq` inside",
    lambda a: scipy.optimize.brentq(lambda x: x**3 - a, 0.0, 5.0, xtol=1e-13),
    8.0,
    {"jax": jax_root, "casadi": casadi_root},
)


def jax_ode() -> str:
    import jax
    from jax.experimental.ode import odeint

    jax.config.update("jax_enable_x64", True)
    found = jax.grad(lambda a: odeint(lambda y, t: -a * y, 1.0, jax.numpy.array([0.0, 1.0]), rtol=1e-9, atol=1e-9)[-1])
    same(found(0.7), -math.exp(-0.7))
    return "own"


def autograd_ode() -> str:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.integrate import odeint

    def f(a: Any) -> Any:
        return odeint(lambda y, t, a: -a * y, anp.array([1.0]), anp.array([0.0, 1.0]), (a,), rtol=1e-9, atol=1e-9)[
            -1, 0
        ]

    same(autograd.grad(f)(0.7), -math.exp(-0.7))
    return "own"


def casadi_ode() -> str:
    import casadi

    y, a = casadi.SX.sym("y"), casadi.SX.sym("a")
    solve = casadi.integrator(
        "s", "cvodes", {"x": y, "p": a, "ode": -a * y}, 0.0, 1.0, {"reltol": 1e-10, "abstol": 1e-10}
    )
    s = casadi.MX.sym("s")
    g = casadi.Function("g", [s], [casadi.jacobian(solve(x0=1.0, p=s)["xf"], s)])
    same(float(g(0.7)), -math.exp(-0.7))
    return "own"


in_scipy(
    "`scipy.integrate.solve_ivp` inside",
    lambda a: scipy.integrate.solve_ivp(lambda t, y: -a * y, (0.0, 1.0), [1.0], rtol=1e-9, atol=1e-10).y[0, -1],
    0.7,
    {"jax": jax_ode, "autograd": autograd_ode, "casadi": casadi_ode},
)
in_scipy(
    "`scipy.integrate.quad` inside", lambda a: scipy.integrate.quad(lambda x: np.exp(-a * x * x), 0.0, a)[0], 1.3, {}
)
in_scipy(
    "sparse matrices, `spsolve`",
    lambda a: scipy.sparse.linalg.spsolve(
        scipy.sparse.diags_array([a * np.ones(4), -np.ones(3)], offsets=[0, 1], format="csc"), np.arange(1.0, 5.0)
    ).sum(),
    3.0,
    {},
)


@cell("random numbers drawn inside", *SYSTEMS)
def _(grad: Any) -> str:
    def f(a: Any) -> Any:
        rng = np.random.default_rng(3)
        return np.sum((a * rng.normal(size=5)) ** 2)

    same(grad(f)(2.0), 4.0 * np.sum(np.random.default_rng(3).normal(size=5) ** 2))
    return "yes"


@cell("random numbers drawn inside", "jax")
def _() -> str:
    import jax

    f = lambda a: jax.numpy.sum((a * jax.random.normal(jax.random.key(3), (5,))) ** 2)  # noqa: E731
    assert np.isfinite(jax.grad(f)(2.0))
    return "own"


# what is asked of a derivative


@cell("the derivative as text that a person reads, and runs without the system", "s2sad")
def _() -> str:
    import s2sad

    text = s2sad.grad(halved).lower(1.5).source
    space: dict[str, Any] = {}
    exec(text, space)
    same(space["halved_grad"](1.5), 1.5 * 1.125)
    return "yes"


@cell("the derivative as text that a person reads, and runs without the system", "casadi")
def _() -> str:
    return _casadi_c() + ", in C"


@cell("machine code", "s2sad")
def _() -> str:
    import s2sad

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(s2sad.grad(written, backend="native")(X), [0.25, 1.0, 4.0])
    return "yes"


@cell("machine code", "jax")
def _() -> str:
    import jax

    jax.jit(jax.grad(lambda x: jax.numpy.sum(x**2)))(X)
    return "own"


@cell("machine code", "torch")
def _() -> str:
    import torch

    f = torch.compile(torch.func.grad(lambda x: torch.sum(x**2)))
    f(torch.as_tensor(X))
    return "own"


@cell("machine code", "casadi")
def _() -> str:
    import casadi

    x = casadi.SX.sym("x", 3)
    options = {"jit": True, "compiler": "shell", "jit_options": {"compiler": "cc"}}
    g = casadi.Function("g", [x], [casadi.gradient(casadi.sumsqr(x), x)], options)
    same(g(X).full().ravel(), 2.0 * X)
    return "own, by a compiler of C"


def _casadi_c() -> str:
    import os
    import tempfile

    import casadi

    x = casadi.SX.sym("x", 3)
    g = casadi.Function("g", [x], [casadi.gradient(casadi.sumsqr(x), x)])
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.chdir(folder)
        try:
            g.generate("g.c")
            assert "casadi" in Path("g.c").read_text()
        finally:
            os.chdir(here)
    return "own"


@cell("C for embedding", "casadi")
def _() -> str:
    return _casadi_c()


@cell("C for embedding", "s2sad")
def _() -> str:
    from s2sad.compiler.transform import Transform
    from s2sad.dispatch.embedding import Embedded

    assert "#include" in Embedded(written, Transform("grad", (0,), True), frozenset()).sources(X).c
    return "yes"


@cell("vmap", "s2sad")
def _() -> str:
    import s2sad

    same(s2sad.vmap(s2sad.grad(lambda x: np.sum(x**3)))(np.ones((4, 3))), 3.0)
    return "yes"


@cell("vmap", "jax")
def _() -> str:
    import jax

    same(jax.vmap(jax.grad(lambda x: jax.numpy.sum(x**3)))(np.ones((4, 3))), 3.0)
    return "own"


@cell("vmap", "torch")
def _() -> str:
    import torch

    same(torch.func.vmap(torch.func.grad(lambda x: torch.sum(x**3)))(torch.ones((4, 3))), 3.0)
    return "own"


@cell("vmap", "casadi")
def _() -> str:
    import casadi

    x = casadi.SX.sym("x", 3)
    g = casadi.Function("g", [x], [casadi.gradient(casadi.sum1(x**3), x)]).map(4)
    same(g(np.ones((3, 4))).full(), 3.0)
    return "own"


@cell("Hessian products", "s2sad")
def _() -> str:
    import s2sad

    same(s2sad.hvp(lambda x: np.sum(x**3))(X, np.ones(3)), 6 * X)
    return "yes"


@cell("Hessian products", "jax")
def _() -> str:
    import jax

    same(jax.jvp(jax.grad(lambda x: jax.numpy.sum(x**3)), (X,), (np.ones(3),))[1], 6 * X)
    return "own"


@cell("Hessian products", "autograd")
def _() -> str:
    import autograd
    import autograd.numpy as anp

    same(autograd.hessian_vector_product(lambda x: anp.sum(x**3))(X, np.ones(3)), 6 * X)
    return "own"


@cell("Hessian products", "torch")
def _() -> str:
    import torch

    f = torch.func.grad(lambda x: torch.sum(x**3))
    same(torch.func.jvp(f, (torch.as_tensor(X),), (torch.ones(3, dtype=torch.float64),))[1], 6 * X)
    return "own"


@cell("Hessian products", "casadi")
def _() -> str:
    import casadi

    x, v = casadi.SX.sym("x", 3), casadi.SX.sym("v", 3)
    g = casadi.gradient(casadi.sum1(x**3), x)
    same(casadi.Function("h", [x, v], [casadi.jtimes(g, x, v)])(X, np.ones(3)).full().ravel(), 6 * X)
    return "own"


@cell("sparse Jacobians by colouring", "s2sad")
def _() -> str:
    import s2sad

    found = s2sad.sparse_jacobian(lambda x: x[1:] * x[:-1])(np.arange(50.0))
    assert scipy.sparse.issparse(found) and found.nnz <= 98
    return "yes"


@cell("sparse Jacobians by colouring", "casadi")
def _() -> str:
    import casadi

    x = casadi.SX.sym("x", 50)
    assert casadi.jacobian(x[1:] * x[:-1], x).sparsity().nnz() == 98
    return "own"


@cell("checkpointing", "s2sad")
def _() -> str:
    import s2sad

    def f(x: Any) -> Any:
        for _ in s2sad.checkpointed(range(20), snapshots=4):
            x = np.sin(x)
        return x

    h = 1e-6
    same(s2sad.grad(f)(1.0), (f(1.0 + h) - f(1.0 - h)) / (2 * h))
    return "yes"


@cell("checkpointing", "jax")
def _() -> str:
    import jax

    jax.grad(jax.checkpoint(lambda x: jax.numpy.sin(x)))(1.0)
    return "own, by hand"


@cell("checkpointing", "autograd")
def _() -> str:
    import autograd
    import autograd.numpy as anp
    from autograd import checkpoint

    same(autograd.grad(checkpoint(lambda x: anp.sin(x)))(1.0), math.cos(1.0))
    return "own, by hand"


@cell("checkpointing", "torch")
def _() -> str:
    import torch
    from torch.utils.checkpoint import checkpoint

    x = torch.tensor(1.0, requires_grad=True)
    checkpoint(torch.sin, x, use_reentrant=False).backward()
    same(x.grad, math.cos(1.0))
    return "own, by hand"


@cell("a check of gradients", "s2sad")
def _() -> str:
    import s2sad

    s2sad.check_grads(halved, (1.5,))
    return "yes"


@cell("a check of gradients", "jax")
def _() -> str:
    import jax
    from jax.test_util import check_grads

    check_grads(lambda x: jax.numpy.sin(x), (1.0,), 2)
    return "own"


@cell("a check of gradients", "autograd")
def _() -> str:
    import autograd.numpy as anp
    from autograd.test_util import check_grads

    check_grads(lambda x: anp.sin(x))(1.0)
    return "own"


@cell("a check of gradients", "torch")
def _() -> str:
    import torch

    assert torch.autograd.gradcheck(torch.sin, (torch.tensor(1.0, dtype=torch.float64, requires_grad=True),))
    return "own"


def bad(log: Any) -> Callable[[Any], Any]:
    return lambda x: (log(x - 1.0) * 0.0 + x) * 2.0


@cell("the first line that gives nan, of the derivative too", "s2sad")
def _() -> str:
    import s2sad

    try:
        s2sad.check_nan(s2sad.grad(bad(np.log)))(np.float64(1.0))
    except Exception as e:
        assert "log" in str(e)
        return "yes"
    raise AssertionError("nothing was found")


@cell("the first line that gives nan, of the derivative too", "jax")
def _() -> str:
    import jax

    with jax.debug_nans(True):
        try:
            jax.grad(bad(jax.numpy.log))(1.0)
        except FloatingPointError:
            return "own"
    raise AssertionError("nothing was found")


@cell("the first line that gives nan, of the derivative too", "torch")
def _() -> str:
    import torch

    with torch.autograd.detect_anomaly():
        x = torch.tensor(1.0, requires_grad=True)
        try:
            bad(torch.log)(x).backward()
        except RuntimeError:
            return "own"
    raise AssertionError("nothing was found")


@cell("a display in notebooks", "s2sad")
def _() -> str:
    import s2sad

    data = s2sad.grad(halved)._repr_mimebundle_()
    assert "text/html" in (data[0] if isinstance(data, tuple) else data)
    return "yes"


for _system in ("jax", "autograd", "torch"):

    @cell("a display in notebooks", _system)
    def _(grad: Any) -> str:
        f = grad(halved)
        assert hasattr(f, "_repr_html_") or hasattr(f, "_repr_mimebundle_")
        return "yes"


@cell("a page that shows code, trace and derivative", "s2sad")
def _() -> str:
    import tempfile

    import s2sad

    with tempfile.TemporaryDirectory() as folder:
        page = s2sad.grad(halved).explore(1.5, path=Path(folder) / "page.html")
        assert "<html" in Path(page).read_text()
    return "yes"


@cell("derivatives that are pickled", "s2sad")
def _() -> str:
    import s2sad

    same(pickle.loads(pickle.dumps(s2sad.grad(halved)))(1.5), 1.5 * 1.125)
    return "yes"


@cell("derivatives that are pickled", "jax", "autograd")
def _(grad: Any) -> str:
    same(pickle.loads(pickle.dumps(grad(math.sin)))(1.5), math.cos(1.5))
    return "yes"


@cell("a command line", "s2sad")
def _() -> str:
    from s2sad.cli import main as command

    with redirect_stdout(io.StringIO()) as out:
        assert command(["show", f"{__file__}:halved", "--signature", "float"]) == 0
    assert "halved_grad" in out.getvalue()
    return "yes"


def main() -> None:
    """Print the table."""
    here = [s for s in SYSTEMS if importlib.util.find_spec(s) is not None]
    names = [f"{s} {getattr(importlib.import_module(s), '__version__', '')}".strip() for s in here]
    print("| |", " | ".join(names), "|")
    print("|---|" + "---|" * len(here))
    for row, cells in ROWS.items():
        found = []
        for s in here:
            if s not in cells:
                found.append("no")
                continue
            try:
                with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
                    warnings.simplefilter("ignore")
                    found.append(cells[s]())
            except Exception as e:
                found.append("no")
                WHY.append(f"{row} / {s}: {type(e).__name__}: {str(e)[:160]!r}")
        print("|", row, "|", " | ".join(found), "|", flush=True)
    print("\n".join(WHY))


WHY: list[str] = []

if __name__ == "__main__":
    main()
