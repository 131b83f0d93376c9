"""Containers as vectors: `ravel_pytree` at run time and in functions that are differentiated; what is a container."""

import dataclasses
import pickle
from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize

import s2sad
from s2sad.errors import ArgumentError, UnsupportedType
from s2sad.ir.trees import flatten, mapped


@dataclasses.dataclass
class Layer:
    weights: np.ndarray
    bias: float
    name: str = "layer"


class Plain:
    def __init__(self, scale):
        self.scale = scale
        self.steps = np.arange(3.0)


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class Pair(NamedTuple):
    a: np.ndarray
    b: list


def every_kind():
    return {
        "z": Layer(np.ones((2, 3)), 2.0),
        "a": (Pair(np.arange(2.0), [1.0, np.float64(3.0)]), None),
        "o": Plain(4.0),
        "i": np.arange(2),
        "s": Slotted(0.5, np.zeros((0, 2))),
    }


def parameters():
    return {"w": np.linspace(0.0, 1.0, 6).reshape(2, 3), "b": 0.5, "a": np.ones(2)}


def loss(p):
    return np.sum((p["w"] @ np.arange(3.0) + p["a"] * p["b"]) ** 2)


def test_numbers_stand_in_the_order_of_keys():
    flat, unravel = s2sad.ravel_pytree(every_kind())
    expected = [0.0, 1.0, 1.0, 3.0, 0.0, 1.0, 4.0, 0.0, 1.0, 2.0, 0.5, *[1.0] * 6, 2.0]
    np.testing.assert_array_equal(flat, expected)
    again = unravel(2.0 * flat)
    np.testing.assert_array_equal(s2sad.ravel_pytree(again)[0], 2.0 * flat)
    assert list(again) == ["z", "a", "o", "i", "s"]
    assert (again["z"].name, again["z"].bias, type(again["z"].bias)) == ("layer", 4.0, float)
    assert (type(again["a"][0]), again["a"][1], again["i"].dtype) == (Pair, None, np.arange(2).dtype)
    assert (type(again["o"]), again["o"].scale, type(again["s"]), again["s"].x) == (Plain, 8.0, Slotted, 1.0)


def test_a_vector_is_memory_of_its_own():
    w = np.ones(3)
    flat, unravel = s2sad.ravel_pytree([w])
    made = unravel(flat)
    flat[:] = 7.0
    assert w[0] == made[0][0] == 1.0


@pytest.mark.parametrize(
    ("tree", "dtype"),
    [
        ([np.ones(2, np.float32), np.float32(1.0)], np.float32),
        ([np.ones(2, np.float32), np.ones(2)], np.float64),
        ([np.arange(2), 1.5], np.float64),
        ([np.arange(2), 1j], np.complex128),
        ([], np.float64),
        (np.float64(2.0), np.float64),
    ],
)
def test_the_dtype_holds_all(tree, dtype):
    flat, unravel = s2sad.ravel_pytree(tree)
    assert flat.dtype == dtype and flat.ndim == 1
    leaves, again = flatten(tree)[0], flatten(unravel(flat))[0]
    assert [np.asarray(x).dtype for x in again] == [np.asarray(x).dtype for x in leaves]


@pytest.mark.parametrize("wrong", [lambda v: v[:-1], lambda v: v[None], lambda v: v.astype(np.float32)])
def test_a_vector_of_another_kind_is_refused(wrong):
    flat, unravel = s2sad.ravel_pytree(every_kind())
    with pytest.raises(ArgumentError, match="unravel: a vector of"):
        unravel(wrong(flat))


def test_unravel_can_be_pickled():
    flat, unravel = s2sad.ravel_pytree(parameters())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(unravel))(flat)["w"], parameters()["w"])


def test_containers_of_one_structure():
    assert mapped(lambda a, b: a + b, {"x": 1.0, "y": [2.0]}, {"x": 3.0, "y": [4.0]}) == {"x": 4.0, "y": [6.0]}
    with pytest.raises(ArgumentError, match="one structure"):
        mapped(lambda a, b: a, [1.0], (1.0,))


# In functions that are differentiated

FLAT, UNRAVEL = s2sad.ravel_pytree(parameters())


def of_vector(v):
    return loss(UNRAVEL(v))


def of_container(p):
    flat, unravel = s2sad.ravel_pytree(p)
    return np.sum(flat**2) + loss(unravel(2.0 * flat))


def stores(v):
    p = UNRAVEL(v)
    p["w"][0] = p["b"] * v[1]
    p["more"] = p["a"][1:]
    return loss(p) + np.sum(p["more"])


def test_a_loss_of_a_vector():
    expected, _ = s2sad.ravel_pytree(s2sad.grad(loss)(parameters()))
    np.testing.assert_allclose(s2sad.grad(of_vector)(FLAT), expected)
    s2sad.check_grads(of_vector, (FLAT,), order=2)
    assert "[3:9].reshape((2, 3))" in s2sad.grad(of_vector).lower(FLAT).source
    found = scipy.optimize.minimize(s2sad.value_and_grad(of_vector), FLAT, jac=True)
    assert found.fun < 1e-9


@pytest.mark.parametrize(("f", "argument"), [(of_container, parameters()), (stores, FLAT)])
def test_both_modes(f, argument):
    before, _ = s2sad.ravel_pytree(argument)
    s2sad.check_grads(f, (argument,), order=2)
    np.testing.assert_array_equal(s2sad.ravel_pytree(argument)[0], before)
    assert s2sad.value_and_grad(f)(argument)[0] == pytest.approx(f(argument))


def test_gradients_are_raveled_where_they_are_taken():
    def gradient(v):
        return s2sad.ravel_pytree(s2sad.grad(loss)(UNRAVEL(v)))[0]

    np.testing.assert_allclose(s2sad.jacfwd(gradient)(FLAT), s2sad.hessian(of_vector)(FLAT), atol=1e-12)
    many = np.stack([FLAT, 2.0 * FLAT])
    np.testing.assert_allclose(s2sad.vmap(gradient)(many), [gradient(v) for v in many])


def test_objects_in_a_function():
    _, unravel = s2sad.ravel_pytree(Layer(np.ones(2), 3.0))

    def f(v):
        layer = unravel(v)
        return np.sum(layer.weights) * layer.bias * len(layer.name)

    np.testing.assert_allclose(s2sad.grad(f)(np.array([1.0, 1.0, 3.0])), [15.0, 15.0, 10.0])
    s2sad.check_grads(lambda p: np.sum(s2sad.ravel_pytree(p)[0] ** 3), (Plain(2.0),))
    s2sad.check_grads(lambda p: p.x * np.sum(p.y), (Slotted(2.0, np.ones(2)),))


def test_single_precision():
    flat, unravel = s2sad.ravel_pytree({"a": np.ones(3, np.float32), "b": np.float32(2.0)})
    found = s2sad.grad(lambda v: np.sum(unravel(v)["a"] * unravel(v)["b"]))(flat)
    np.testing.assert_array_equal(found, np.array([2.0, 2.0, 2.0, 3.0], np.float32))
    assert found.dtype == np.float32


def test_what_does_not_fit_is_refused_where_it_is_called():
    with pytest.raises(TypeError, match="another length"):
        s2sad.grad(of_vector)(FLAT[:-1])
    with pytest.raises(UnsupportedType, match="of dtype float64 is needed"):
        s2sad.grad(of_vector)(FLAT.astype(np.float32))
    with pytest.raises(UnsupportedType, match="give it a vector"):
        s2sad.grad(lambda x: loss(UNRAVEL(x)))(FLAT.reshape(3, 3))


def test_classes_of_attrs():
    attrs = pytest.importorskip("attrs")
    cls = attrs.make_class("Box", ["x", "y"])
    flat, unravel = s2sad.ravel_pytree(cls(np.ones(2), 3.0))
    found = unravel(2.0 * flat)
    assert type(found) is cls and found.y == 6.0
    np.testing.assert_array_equal(found.x, 2.0)
    s2sad.check_grads(lambda box: np.sum(box.x) * box.y, (cls(np.ones(2), 3.0),))
