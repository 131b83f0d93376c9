"""Every class of values has a declared way of being told apart; nothing is told apart by a guess."""

import copy
import enum
import functools
import importlib
import math

import numpy as np
import pytest
from scipy import fft, special, stats

import s2sad
from s2sad.frontend.dependencies import looks
from s2sad.ir.fingerprint import INHERITED, NAMED, WAYS, fingerprint
from s2sad.ir.installed import is_installed
from tests.dependencies.changing import COUNTER, X, forget, import_package
from tests.dependencies.holders import HOLDERS, REPLACED, written
from tests.dependencies.values import PAIRS

IDENTITY = {object}
"""The classes of the table of pairs whose values have nothing but an identity."""


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The values of each pair, as functions of a module read them."""
    found = {}
    for pair in PAIRS.values():
        package = f"package{next(COUNTER)}"
        texts = written(HOLDERS["global"], "first()", pair.use, pair.imports, package, REPLACED.format(pair))
        found[pair.label] = import_package(tmp_path_factory.mktemp("package"), package, texts)
    yield found
    for module in found.values():
        forget(module.__name__.partition(".")[0])


def test_no_class_reaches_the_key_without_a_declared_way(modules, monkeypatch, cache_folder):
    """Whoever adds a class of values to the table of pairs declares how these are told apart, or lists them above."""
    undeclared = set()
    monkeypatch.setattr(looks, "by_identity", lambda value: undeclared.add(type(value)))
    for module in modules.values():
        for value in (module.first(), module.second()):
            module.put(value)
            try:
                s2sad.grad(module.f)(X)
            except (s2sad.Error, TypeError, AttributeError):
                continue
    assert undeclared <= IDENTITY


def test_the_two_values_of_a_pair_are_told_apart(modules):
    for module in modules.values():
        first, second = fingerprint(module.first()), fingerprint(module.second())
        assert first is None or first != second


def test_a_value_made_anew_is_the_same(modules):
    for module in modules.values():
        assert fingerprint(module.first()) == fingerprint(module.first())


def test_what_can_be_called_has_a_name():
    values = [special.gamma, math.sin, "".join, str.upper, {}.get, stats.norm.pdf, math, dict.fromkeys, np.add.reduce]
    assert len({fingerprint(v) for v in values} - {None}) == len(values)
    assert set(WAYS) >= INHERITED | NAMED


@pytest.mark.parametrize(
    "value", [special.gamma, special.gammaln, np.sin, math.sin, stats.norm.pdf, np.linalg.norm, len]
)
def test_the_name_of_a_function_leads_back(value):
    text = fingerprint(value).split(" ")[0 if not fingerprint(value).startswith("method") else -2]
    module, name = text.rpartition(".")[::2]
    found = getattr(importlib.import_module(module), name)
    assert found is value or found is value.__self__


def test_what_has_no_fingerprint():
    class Mine:
        pass

    for value in (
        object(),
        Mine(),
        Mine,
        lambda: 1,
        functools.partial(lambda x: x),
        [Mine()],
        {"a": lambda: 1},
        (object(),),
    ):
        assert fingerprint(value) is None


def test_containers_that_hold_themselves_end():
    value = [1]
    value.append(value)
    assert fingerprint(value) is None


def test_signs_of_zero_and_payloads_of_nan():
    assert fingerprint(0.0) != fingerprint(-0.0)
    assert fingerprint(complex(0.0, -0.0)) != fingerprint(0j)
    assert fingerprint(float("nan")) == fingerprint(float("nan"))
    assert (
        len({fingerprint(v) for v in (1, 1.0, True, "1", b"1", np.int64(1), np.float64(1), (1,), [1], {1}, 1 + 0j)})
        == 11
    )


def test_copies_are_the_same():
    class Color(enum.Enum):
        RED = 1

    for value in ({"a": [1, (2.0, "x")]}, {1, 2, 3}, slice(1, None), np.dtype([("a", "f8")]), range(3)):
        assert fingerprint(copy.deepcopy(value)) == fingerprint(value)
    assert fingerprint(Color.RED) is None  # of a class that no other process finds


def test_functions_whose_class_is_called_otherwise_than_their_library():
    assert fingerprint(fft.dct) is not None
    assert len({fingerprint(f) for f in (fft.fft, fft.ifft, fft.dct, fft.dst, np.fft.fft)}) == 5


def test_what_is_installed():
    assert all(map(is_installed, ("numpy", "scipy.special", "pytest", "collections.abc", "math")))
    assert not any(map(is_installed, ("__main__", "tests.dependencies.values", "s2sad_generated")))
