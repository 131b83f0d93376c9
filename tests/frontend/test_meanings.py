"""The table of meanings: each thing has one, and what no meaning says is left to its rule or definition."""

import functools
import operator

import numpy as np
import pytest

from s2sad.frontend import meanings
from s2sad.frontend.meanings import is_pure, keyword, meaning, meaning_of, method, method_of, subscript, subscript_of
from s2sad.ir.definition import has_rule
from s2sad.ir.marks import Differentiated, Operator, is_derivative, mark, mark_of
from s2sad.rules import everything


@pytest.fixture(autouse=True)
def own_tables(monkeypatch):
    """What a test registers is forgotten."""
    for name in ("_FUNCTIONS", "_METHODS", "_SUBSCRIPTS", "_KEYWORDS"):
        monkeypatch.setattr(getattr(meanings, name), "entries", dict(getattr(meanings, name).entries))


def nothing(*arguments):
    return None


class Unhashable:
    __hash__ = None

    def __call__(self):
        return 1


class SaysItIsLen:
    def __eq__(self, other):
        return other is len

    def __hash__(self):
        return hash(len)


@pytest.mark.parametrize(
    "again",
    [
        lambda: meaning(enumerate)(nothing),
        lambda: meaning(np.add.at)(nothing),
        lambda: method(list, "append")(nothing),
        lambda: subscript(np.mgrid)(nothing),
        lambda: keyword("order")(nothing),
    ],
)
def test_a_second_meaning_is_refused_where_it_is_registered(again):
    with pytest.raises(ValueError, match="has a meaning already"):
        again()


def test_a_function_with_a_rule_or_definition_has_a_meaning_only_where_it_says_so():
    with pytest.raises(ValueError, match="has a rule or definition"):
        meaning(np.sin)(nothing)
    with pytest.raises(ValueError, match="has a rule or definition"):
        meaning(np.ptp)(nothing)  # it is defined by others
    with pytest.raises(ValueError, match="has no rule or definition"):
        meaning(functools.cmp_to_key, before_rule=True)(nothing)


def test_no_rule_read_later_has_the_function_of_a_meaning():
    before = {f for f, _ in meanings._FUNCTIONS.entries.values() if has_rule(f)}
    everything()
    assert before == {f for f, _ in meanings._FUNCTIONS.entries.values() if has_rule(f)}


def test_what_is_made_anew_at_each_reading_is_found():
    assert np.add.outer is not np.add.outer
    assert meaning_of(np.add.outer) is not None
    assert meaning_of(np.add.outer) is not meaning_of(np.subtract.outer)


def test_what_cannot_be_hashed_or_only_says_that_it_is_equal_has_no_meaning():
    assert meaning_of(Unhashable()) is None
    assert subscript_of([1.0]) is None
    assert not is_pure(Unhashable())
    assert meaning_of(SaysItIsLen()) is None
    assert meaning_of(len) is not None


def test_methods_are_those_of_a_class():
    assert method_of(list, "pop") is not method_of(dict, "pop")
    assert method_of(set, "append") is None


def test_a_meaning_of_the_other_methods_of_a_class_is_asked_where_there_is_none_of_the_name():
    assert method_of(np.ndarray, "sum") is method_of(np.ndarray, "trace")
    assert method_of(np.ndarray, "sum") is not method_of(np.ndarray, "item")


def test_a_mark_is_given_once_and_is_that_of_an_object_or_of_its_class():
    class Target:
        pass

    mark(Target, Differentiated())
    assert is_derivative(Target()) and not is_derivative(Target)
    with pytest.raises(ValueError, match="is marked already"):
        mark(Target, Differentiated())
    assert mark_of(Unhashable()) is None


def test_a_wrapper_of_an_operator_is_no_operator():
    from s2sad import grad

    @functools.wraps(grad)
    def wrapper(*arguments):
        return grad(*arguments)

    assert isinstance(mark_of(grad), Operator)
    assert mark_of(wrapper) is None


def test_operators_of_the_module_operator_have_a_meaning():
    assert all(meaning_of(getattr(operator, name)) for name in ("add", "sub", "mul", "lt", "eq", "matmul"))
