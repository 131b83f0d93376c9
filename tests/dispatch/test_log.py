"""The log of `s2sad` says what is compiled, what came from the cache, and why something is compiled again."""

import logging
import re

import numpy as np
import pytest

import s2sad
from s2sad.cache import modules
from s2sad.dispatch.sharing import SHARED

W, X = np.ones(3), np.ones((4, 3))


@pytest.fixture
def log(cache_folder, caplog):
    """What was logged since it was last asked."""

    def said():
        found = [re.sub(r"\d+\.\d{3} s", "T s", m) for m in caplog.messages]
        caplog.clear()
        return found

    with caplog.at_level(logging.INFO, "s2sad"):
        yield said


class Options:
    power = 2


SCALE = {"a": 1}
GREETING = "hello"


def helper(x):
    return x * SCALE["a"]


def loss(w, x, n=2):
    return np.sum((x @ w) ** n) * Options.power + helper(w[0]) * len(GREETING)


def test_what_is_compiled(log):
    gradient = s2sad.grad(loss)
    gradient(W, X)
    assert log() == ["loss_grad(w: float64[n1], x: float64[n2, n1], n: int) compiled in T s"]
    gradient(W, X)
    assert log() == []
    s2sad.grad(loss)(W, X)
    assert log() == []


def test_what_came_from_the_cache(log, cache_folder):
    s2sad.grad(loss)(W, X)
    log()
    SHARED.known.clear()
    modules._modules.clear()
    s2sad.grad(loss)(W, X)
    (said,) = log()
    assert said.startswith("loss_grad(w: float64[n1], x: float64[n2, n1], n: int) came from the cache in T s: ")
    assert said.rpartition(": ")[2].startswith(str(cache_folder))


def again(log):
    (said,) = log()
    return said.partition("compiled in T s again: ")[2]


def changed(monkeypatch, what):
    """Change something that the function reads."""
    if what == "a class":
        monkeypatch.setattr(Options, "power", 3)
    elif what == "an item":
        monkeypatch.setitem(SCALE, "a", 5)
    elif what == "a text":
        monkeypatch.setitem(globals(), "GREETING", "good day")
    elif what == "code":
        monkeypatch.setattr(helper, "__code__", (lambda x: x * x).__code__)
    else:
        monkeypatch.setitem(globals(), "helper", lambda x: 2.0 * x)


@pytest.mark.parametrize(
    "what, reason",
    [
        ("a class", "Options.power, which {0}.loss reads, is 3, and was 2"),
        ("an item", "SCALE['a'], which {0}.loss reads, is 5, and was 1"),
        ("a text", "GREETING, which {0}.loss reads, is 'good day', and was 'hello'"),
        ("code", "the code of helper, which {0}.loss reads, changed"),
        ("a function", "helper, which {0}.loss reads, is another function"),
    ],
)
def test_why_again_what_is_read_changed(log, monkeypatch, what, reason):
    gradient = s2sad.grad(loss)
    gradient(W, X)
    log()
    changed(monkeypatch, what)
    gradient(W, X)
    assert again(log) == reason.format(__name__)


def test_why_again_other_arguments(log):
    gradient = s2sad.grad(loss)
    gradient(W, X)
    log()
    gradient(W, W)
    assert again(log) == "other arguments: x is float64[n1], and was float64[n2, n1]"
    gradient(W.astype(np.float32), X)
    assert again(log) == "other arguments: w is float32[n1], and was float64[n1]"

    def power(x, n):
        return x ** {"square": 2, "cube": 3}[n]

    gradient = s2sad.grad(power)
    gradient(2.0, "square")
    log()
    gradient(2.0, "cube")
    assert again(log) == "other arguments: n is 'cube', and was 'square'"


def scaled(k):
    return lambda x: x * len(k)


def test_why_again_another_closure(log):
    s2sad.grad(scaled("ab"))(2.0)
    log()
    s2sad.grad(scaled("abc"))(2.0)
    assert again(log) == f"k, which {__name__}.scaled.<locals>.<lambda> reads, is 'abc', and was 'ab'"


def test_the_stages_at_debug(log, caplog):
    with caplog.at_level(logging.DEBUG, "s2sad"):
        s2sad.grad(loss)(W, X)
    said = next(m for m in log() if m.startswith("loss_grad: "))
    stages = ["looking in the cache", "reading", "optimising", "differentiating", "writing", "storing"]
    assert all(f"{name} T s" in said for name in stages), said


def test_nothing_is_said_where_nobody_listens(cache_folder, caplog):
    with caplog.at_level(logging.WARNING, "s2sad"):
        s2sad.grad(loss)(W, X)
    assert not caplog.messages
