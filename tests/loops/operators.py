"""What is made of a random program: by the operator's name, `make(backend=...)` and the arguments of that."""

import numpy as np

import s2sad
from tests.programs.test_random_vmap import examples

MANY = 3


def numbers_of(args):
    """The positions of the arguments that have derivatives."""
    return tuple(k for k, a in enumerate(args) if isinstance(a, (float, np.ndarray)))


def gradient(f, args, seed):
    return lambda **k: s2sad.grad(f, numbers_of(args), **k), args


def value_and_gradient(f, args, seed):
    return lambda **k: s2sad.value_and_grad(f, numbers_of(args)[:2], **k), args


def tangent(f, args, seed):
    return lambda **k: s2sad.jacfwd(f, 0, **k), args


def jacobian(f, args, seed):
    return lambda **k: s2sad.jacfwd(f, 1, **k), args


def hessian(f, args, seed):
    return lambda **k: s2sad.hessian(f, 1, **k), args


def many(f, args, seed):
    batch, axes, _ = examples(args, seed, MANY)
    return lambda **k: s2sad.vmap(f, axes, **k), batch


def many_gradients(f, args, seed):
    batch, axes, _ = examples(args, seed, MANY)
    return lambda **k: s2sad.vmap(s2sad.grad(f, numbers_of(args)[:2]), axes, **k), batch


OPERATORS = {
    "grad": gradient,
    "value_and_grad": value_and_gradient,
    "tangent": tangent,
    "jacfwd": jacobian,
    "hessian": hessian,
    "vmap": many,
    "vmap(grad)": many_gradients,
}
