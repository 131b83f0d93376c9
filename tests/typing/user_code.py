"""Code as users write it: the type checkers read it, and it runs. What a line says of its types is checked by both."""

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import s2sad
from s2sad.backends import add_backend

Array = NDArray[np.float64]


def energy(x: float, stiffness: float = 2.0) -> float:
    return 0.5 * stiffness * x * x


def length(x: Array, scale: float) -> float:
    return float(np.sqrt(np.sum(x * x))) * scale


def with_aux(x: float) -> tuple[float, str]:
    return x * x, "aux"


# a derivative has the parameters of its function, and says what it is

force = s2sad.grad(energy)
assert_type(force(1.0), Any)
assert_type(force(x=1.0, stiffness=3.0), Any)
text: str = force.source
lowered = force.lower(1.0)
assert_type(lowered(1.0), Any)
lowered_text: str = lowered.source
lines = force.source.splitlines()
assert_type(lines, list[str])

assert_type(s2sad.grad(energy, argnums=(0, 1))(1.0, 2.0), tuple[Any, ...])
assert_type(s2sad.grad(energy, argnums="stiffness")(1.0, 2.0), Any)
assert_type(s2sad.grad(with_aux, has_aux=True)(1.0), tuple[Any, str])
assert_type(s2sad.value_and_grad(energy)(1.0), tuple[float, Any])
assert_type(s2sad.value_and_grad(energy, argnums=(0, 1))(1.0, 2.0), tuple[float, tuple[Any, ...]])
assert_type(s2sad.value_and_grad(with_aux, has_aux=True)(1.0), tuple[tuple[float, str], Any])

# of a derivative there is a derivative

curvature = s2sad.grad(s2sad.grad(energy))
assert_type(curvature(1.0, 3.0), Any)
curvature.lower(1.0).source.upper()


# decorators


@s2sad.grad
def slope(x: float, power: int = 3) -> float:
    return x**power


@s2sad.grad(argnums="x", backend="numpy")
def slope_of_second(n: int, x: float) -> float:
    return n * x


@s2sad.value_and_grad(argnums=1)
def both(n: int, x: float) -> float:
    return n * x


@s2sad.jit(backend="numpy")
def doubled(x: float) -> float:
    return 2.0 * x


assert_type(slope(2.0, power=2), Any)
assert_type(slope_of_second(2, 3.0), Any)
assert_type(both(2, 3.0), tuple[float, Any])
assert_type(doubled(2.0), float)
assert_type(s2sad.jit(energy, backend="numpy")(2.0), float)


# methods


class Spring:
    def __init__(self, stiffness: float) -> None:
        self.stiffness = stiffness
        self.force = s2sad.grad(self.energy)

    def energy(self, x: float) -> float:
        return 0.5 * self.stiffness * x * x

    @s2sad.grad(argnums="x")
    def slope(self, x: float) -> float:
        return self.stiffness * x

    @s2sad.checkpoint
    def step(self, x: float) -> float:
        return self.stiffness * x


spring = Spring(2.0)
assert_type(spring.force(1.0), Any)
assert_type(spring.slope(1.0), Any)
assert_type(spring.step(1.0), float)
spring.slope.lower(1.0).source.upper()

# at a point

value, tangent = s2sad.jvp(energy, (1.0,), (1.0,))
assert_type(value, float)
assert_type(tangent, float)
result, pullback = s2sad.vjp(energy, 1.0, 2.0)
assert_type(result, float)
assert_type(pullback(1.0), tuple[Any, ...])
point, along = s2sad.linearize(energy, 1.0, 2.0)
assert_type(along(1.0, 0.0), float)

assert_type(s2sad.jvp(with_aux, (1.0,), (1.0,), has_aux=True), tuple[float, float, str])
number, back, told = s2sad.vjp(with_aux, 1.0, has_aux=True)
assert_type(number, float)
assert_type(told, str)
assert_type(back(1.0), tuple[Any, ...])

# the rest of the operators

x: Array = np.array([1.0, 2.0])
for operator in (s2sad.jacfwd, s2sad.jacrev, s2sad.hessian):
    assert_type(operator(energy)(1.0, stiffness=3.0), Any)
jacobian = s2sad.jacobian(length)
assert_type(jacobian(x, scale=2.0), Any)
jacobian.lower(x, 1.0).source.upper()
product = s2sad.hvp(length)
assert_type(product(x, 1.0, x), Any)
product.source.upper()
assert_type(s2sad.vmap(energy)(x), Any)
assert_type(s2sad.elementwise_grad(energy)(x), Any)
assert_type(s2sad.check_nan(energy)(1.0), tuple[float, Any])
assert_type(s2sad.check_nan(s2sad.jit(energy, "numpy"))(1.0, stiffness=3.0), float)
assert_type(s2sad.stop_gradient(2.0), float)
assert_type(s2sad.stop_gradient((x, 2.0)), tuple[Array, float])
trace = s2sad.trace(energy, 1.0)
trace_lines: list[str] = trace.splitlines()


# rules


@s2sad.custom_jvp
def safe(x: float) -> float:
    return x


@safe.defjvp
def safe_jvp(primals: tuple[float], tangents: tuple[float]) -> tuple[float, float]:
    return safe(primals[0]), 2.0 * tangents[0]


@s2sad.custom_vjp
def logistic(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


def logistic_forward(x: float) -> tuple[float, float]:
    y = logistic(x)
    return y, y


def logistic_backward(y: float, y_bar: float) -> tuple[float]:
    return (y_bar * y * (1.0 - y),)


logistic.defvjp(logistic_forward, logistic_backward)
assert_type(safe(2.0), float)
assert_type(logistic(x=2.0), float)
assert_type(s2sad.grad(logistic)(2.0), Any)


# a backend that was added


def on_own_backend(x: float) -> Any:
    own = add_backend("my_tools.c")
    return s2sad.grad(energy, backend=own)(x), s2sad.vmap(energy, backend=own)(x)


# as arguments and results of the user's own functions


def descended(f: Callable[[float], float], start: float) -> float:
    slope: s2sad.Derivative[[float], Any] = s2sad.grad(f)
    return start - 0.1 * float(slope(start))


def gradient_of(f: Callable[[float], float]) -> Callable[[float], Any]:
    return s2sad.grad(f)


assert_type(descended(lambda x: x * x, 1.0), float)
gradient_of(lambda x: x * x)(1.0)

# sparse derivatives have the parameters of their function

sparse = s2sad.sparse_jacobian(length)
sparse.plan(np.ones(3), 2.0).sweeps.bit_length()
sparse(np.ones(3), scale=2.0)
s2sad.sparse_hessian(argnums="x", check=True)(length).lower(np.ones(3), 2.0)
s2sad.sparse_jacobian(length, argnums=("x", 1))
flat, unravel = s2sad.ravel_pytree({"w": np.ones(3)})
unravel(flat)
