"""Functions of x and b that take derivatives of methods, partials and objects, and of closures that read functions."""

import dataclasses
from functools import partial

import numpy as np

import s2sad

A = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])


def energy(x):
    return np.sum(x**4) / 4 + x @ A @ x / 2


def quad(a, b, x):
    return np.sum(a * x**2 + b * x**3)


class Trainer:
    def __init__(self, xs, ys, rate=0.1):
        self.xs = xs
        self.ys = ys
        self.rate = rate
        self.slope = s2sad.grad(self.loss)

    def loss(self, w):
        return np.mean((np.tanh(self.xs @ w) - self.ys) ** 2)

    def step(self, w):
        value, slope = s2sad.value_and_grad(self.loss)(w)
        return w - self.rate * slope, value

    def train(self, w, steps):
        for _ in range(steps):
            w, value = self.step(w)
        return self.loss(w) + value


class Base:
    def __init__(self, w):
        self.w = w

    def loss(self, z):
        return np.sum(self.act(z) * self.w)

    def act(self, z):
        return z**2

    @property
    def slope(self):
        return s2sad.grad(self.loss)

    @staticmethod
    def penalty(z):
        return np.sum(z**4)


class Sub(Base):
    def act(self, z):
        return np.tanh(z) + super().act(z)


class Wave:
    def __init__(self, w):
        self.w = w

    def __call__(self, z, scale=2.0):
        return np.sum(np.sin(z * self.w)) * scale


@dataclasses.dataclass(frozen=True)
class Problem:
    f: object
    scale: float
    name: str = "problem"

    def value(self, z):
        return self.scale * self.f(z)

    def descended(self, z):
        return z - 0.1 * s2sad.grad(self.value)(z)


PROBLEM = Problem(energy, 0.5)
TRAINER = Trainer(A, np.array([0.1, 0.2, 0.3]))


def by_method(x, b):
    return Trainer(A, x, b).train(0.5 * x, 3)


def by_method_of_an_object_outside(x, b):
    return TRAINER.train(b * x, 2) + np.sum(PROBLEM.descended(x))


def by_method_of_an_argument(x, b):
    def fitted(trainer, w):
        for _ in range(2):
            w = w - 0.1 * s2sad.grad(trainer.loss)(w)
        return trainer.loss(w)

    return fitted(Trainer(A, x), b * x)


def derivative_in_an_attribute(x, b):
    trainer = Trainer(A, x)
    return np.sum(trainer.slope(b * x)) + np.sum(s2sad.jacfwd(trainer.slope)(x))


def attributes_between_two_calls(x, b):
    trainer = Trainer(A, x, b)
    slope = s2sad.grad(trainer.loss)
    first = slope(x)
    trainer.ys = trainer.ys * 2.0
    return np.sum(first) + b * np.sum(slope(x))


def inherited(x, b):
    s = Sub(b)
    return np.sum(s.slope(x)) + np.sum(s2sad.grad(s.penalty)(x)) + np.sum(s2sad.grad(super(Sub, s).loss)(x))


def all_operators(x, b):
    loss = Trainer(A, b * x).loss
    _, pull = s2sad.vjp(loss, x)
    value, moved = s2sad.jvp(loss, (x,), (x,))
    _, push = s2sad.linearize(loss, x)
    rows = s2sad.vmap(s2sad.grad(loss))(np.stack([x, b * x]))
    second = np.sum(s2sad.hessian(loss)(x)) + np.sum(s2sad.hvp(loss)(x, x))
    return np.sum(pull(2.0)[0]) + value * moved + push(x) + np.sum(rows**2) + second


def by_partial(x, b):
    f = partial(quad, 1.5, b)
    for _ in range(3):
        x = x - 0.1 * s2sad.grad(f)(x)
    return f(x)


def by_partial_with_names(x, b):
    f = partial(quad, b=b, x=x)
    return s2sad.grad(f)(1.0) + s2sad.grad(partial(quad, x=x), argnums=1)(2.0, b) + s2sad.grad(f, "b")(b)


def by_object(x, b):
    wave = Wave(b * x)
    by_both = s2sad.grad(wave, argnums=(0, 1))(x, b)
    return np.sum(s2sad.grad(wave)(x)) + np.sum(by_both[0]) * by_both[1]


def default_for_all_examples(x, b):
    return np.sum(s2sad.vmap(Wave(b))(np.stack([x, 2.0 * x])))


def one_of_two(x, b):
    f = (lambda z: np.sum(z**2 * b)) if b > x[0] else energy
    return np.sum(s2sad.grad(f)(x))


def closure_that_reads_a_derivative(x, b):
    slope = s2sad.grad(lambda z: np.sum(z**3 * b))
    f = partial(quad, 1.5, b)
    return np.sum(s2sad.grad(lambda z: np.sum(slope(z) ** 2) * f(z))(x))


def closure_that_reads_functions(x, b):
    parts = {"a": lambda z: np.sum(z**2) * b, "c": energy}
    acts = [np.tanh, lambda z: z * b, np.sin]

    def net(z):
        for act in acts:
            z = act(z)
        return np.sum(z) * parts["a"](z) + parts["c"](z)

    return np.sum(s2sad.grad(net)(x))


def activated(z, act):
    return np.sum(act(z) ** 2)


def functions_as_arguments(x, b):
    def loss(z, act):
        return np.sum(act(z) * b)

    def scaled(z):
        return z**2 * b

    slopes = s2sad.grad(loss)(x, scaled) + s2sad.grad(loss)(x, np.sin) + s2sad.grad(loss)(x, partial(quad, b, 1.0))
    return np.sum(slopes) + np.sum(s2sad.grad(activated)(x, scaled))


def decorator_inside(x, b):
    slope = s2sad.grad(argnums=1)(lambda a, z: np.sum(a * z**2 * b))
    return np.sum(slope(2.0, x)) + np.sum(s2sad.grad(fun=energy)(x))


def derivative_of_a_step(x, b):
    trainer, problem = Trainer(A, x, b), Problem(lambda z: np.sum(np.sin(z) * x), b)
    jacobian = s2sad.jacfwd(problem.descended)(x)
    return np.sum(jacobian**2) + np.sum(s2sad.grad(lambda w: np.sum(trainer.step(w)[0] ** 2))(x))


def number_beside_an_array(x, b):
    sizes = {"x": np.zeros_like(x), "b": np.zeros_like(b)}
    params = {"x": x, "b": b}
    for _ in range(3):
        slopes = s2sad.grad(lambda p: np.sum(p["x"] ** 2) * p["b"])(params)
        for k in params:
            sizes[k] = 0.9 * sizes[k] + slopes[k] ** 2
            params[k] = params[k] - 0.1 * slopes[k] / np.sqrt(sizes[k] + 1.0)
    return np.sum(params["x"]) * params["b"]


PROGRAMS = [
    by_method,
    by_method_of_an_object_outside,
    by_method_of_an_argument,
    derivative_in_an_attribute,
    attributes_between_two_calls,
    inherited,
    all_operators,
    by_partial,
    by_partial_with_names,
    by_object,
    default_for_all_examples,
    one_of_two,
    closure_that_reads_a_derivative,
    closure_that_reads_functions,
    functions_as_arguments,
    decorator_inside,
    derivative_of_a_step,
    number_beside_an_array,
]


class Counted(Base):
    def loss(self, z):
        self.w = self.w + 1.0
        return np.sum(z**2 * self.w)


def changes_its_object(x, b):
    return np.sum(s2sad.grad(Counted(b).loss)(x))


def changes_a_list_around(x, b):
    calls = [0.0]

    def loss(z):
        calls[0] += 1.0
        return np.sum(z**2) * b

    return np.sum(s2sad.grad(loss)(x)) + calls[0]


def binds_a_name_around(x, b):
    calls = 0.0

    def loss(z):
        nonlocal calls
        calls += 1.0
        return np.sum(z**2) * b

    return np.sum(s2sad.grad(loss)(x)) + calls


def by_one_of_any_number(x, b):
    return np.sum(s2sad.grad(lambda *zs: np.sum(zs[0] ** 2 * zs[1]))(x, b))


def axes_for_any_number(x, b):
    return np.sum(s2sad.vmap(lambda z: z * b, in_axes=(0, None))(x))


def no_function(x, b):
    return s2sad.grad(Trainer(A, x))(b)


REFUSED = {
    changes_its_object: "changes a list or object",
    changes_a_list_around: "changes a list or object",
    binds_a_name_around: "changes a list or object",
    by_one_of_any_number: "one of the arguments that",
    axes_for_any_number: "2 axes for 1 argument",
    no_function: "a derivative of a Trainer",
}
