"""Modules are whole or not there: for other threads, and after an interrupt at any line."""

import inspect
import linecache
import sys
import threading

import numpy as np
import pytest

import s2sad
from s2sad import cache
from s2sad.cache import modules
from s2sad.dispatch.sharing import SHARED

X = np.array([0.5, -0.3, 1.2])


def factory(k):
    """A function with a code of its own."""
    source, file = f"def f(x):\n    return np.sum(np.exp(x * {k}.0))\n", f"<factory {k}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {"np": np}
    exec(compile(source, file, "exec"), space)
    return space["f"]


@pytest.mark.parametrize("warm", [False, True], ids=["compiled", "found"])
def test_sixteen_first_calls_at_once(cache_folder, warm):
    functions = [factory(k) for k in range(1, 12)]
    expected = [k * np.exp(X * k) for k in range(1, 12)]
    if warm:
        for f in functions:
            s2sad.grad(f)(X)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    faults = []
    try:
        for f, value in zip(functions, expected, strict=True):
            SHARED.known.clear()
            modules._modules.clear()
            barrier = threading.Barrier(16)

            def call(f=f, value=value, barrier=barrier):
                barrier.wait()
                try:
                    np.testing.assert_allclose(s2sad.grad(f)(X), value)
                except BaseException as e:
                    faults.append(e)

            threads = [threading.Thread(target=call) for _ in range(16)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
    finally:
        sys.setswitchinterval(interval)
    assert not faults
    assert len(list(cache_folder.glob("*.py"))) == len(functions)
    assert not list(cache_folder.glob(".*"))


def test_threads_get_one_module(cache_folder):
    text = "import time\ntime.sleep(0.05)\ndef f():\n    return 1\n"
    found = []
    threads = [threading.Thread(target=lambda: found.append(cache.store("f", "b" * 40, text))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(map(id, found))) == 1 and sys.modules[found[0].__name__] is found[0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, SystemExit, RecursionError, GeneratorExit])
@pytest.mark.parametrize("event", range(1, 4))
def test_an_interrupt_while_a_module_is_executed(cache_folder, kind, event):
    """It is injected at some line of the emitted module."""

    def f(x):
        return x * x

    seen = []

    def trace(frame, what, argument):
        if "f_grad_" not in frame.f_code.co_filename:
            return None
        seen.append(frame.f_lineno)
        if len(seen) == event:
            raise kind
        return trace

    df = s2sad.grad(f)
    known = set(sys.modules)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(kind):
            df(1.5)
    finally:
        sys.settrace(before)
    assert not {n for n in set(sys.modules) - known if n.startswith("s2sad_generated.")}
    assert df(1.5) == 3.0
    SHARED.known.clear()
    assert s2sad.grad(f)(1.5) == 3.0


def test_an_interrupt_anywhere_on_the_way(cache_folder):
    """At each call of a function of the cache and the dispatch, one after the other: the next call is right."""
    import os

    parts = tuple(os.path.join(os.path.dirname(s2sad.__file__), p) for p in ("cache", "dispatch"))

    def f(x):
        return np.sum(np.sin(x) * x)

    s2sad.grad(f)(X)
    expected = np.cos(X) * X + np.sin(X)
    at, finished = 0, False
    while not finished:
        at += 5
        SHARED.known.clear()
        for name in list(modules._modules):
            modules._modules.pop(name)
        s2sad.api.gradients._cached_closure.cache_clear()
        df = s2sad.grad(f)
        count = 0

        def trace(frame, what, argument, at=at):
            nonlocal count
            if frame.f_code.co_filename.startswith(parts) and not frame.f_code.co_flags & inspect.CO_GENERATOR:
                count += 1
                if count == at:
                    raise KeyboardInterrupt
            return None

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            df(X)
            finished = True
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        np.testing.assert_allclose(df(X), expected)
    assert at > 50
