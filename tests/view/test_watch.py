"""Runs watched line by line: what is seen of a line is what it made, and the run is as it is without."""

import sys
import threading

import numpy as np
import pytest

import s2sad
from s2sad.view.watch import SMALL, in_short, watch
from tests.view.programs import PROGRAMS, heun, stored


def watched(function, arguments, operator=s2sad.value_and_grad):
    lowered = operator(function).lower(*arguments)
    run = watch(lowered, arguments, lowered.lines, lowered.__code__.co_filename)
    return run, {line.text.strip(): run.records.get(line.number) for line in lowered.lines}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_result_is_that_of_the_function(name):
    function, arguments = PROGRAMS[name]
    expected = s2sad.value_and_grad(function)(*arguments)
    run, records = watched(function, arguments)
    assert run.error is None and run.origin is None
    np.testing.assert_array_equal(
        np.concatenate([np.ravel(x) for x in run.result]), np.concatenate([*map(np.ravel, expected)])
    )
    assert sys.gettrace() is None or "watch" not in repr(sys.gettrace())


def test_values_are_those_that_were_made():
    """Each of the last iteration, as the line left it; a recording of one's own says the same."""
    arguments = PROGRAMS["heun"][1]
    y, p, n = arguments
    own = []
    for _ in range(n):
        slope = np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])
        y2 = y + 0.1 * slope
        own.append((slope, y2))
        growth = np.array([p[0] * y2[0] - p[1] * y2[0] * y2[1], p[2] * y2[0] * y2[1] - p[3] * y2[1]])
        y = y + 0.05 * (slope + growth)
    run, records = watched(heun, arguments)
    record = records["slope = growth(y, p)"]
    assert record.visits == n
    np.testing.assert_allclose(record.last["slope"], own[-1][0], rtol=1e-14)
    np.testing.assert_allclose(records["y2s[i] = y2 = y + 0.1 * slope"].last["y2"], own[-1][1], rtol=1e-14)
    assert records["return y_bar"].visits == 2 * n


def test_what_is_changed_later_is_kept_as_it_was():
    def twice(x):
        y = np.exp(x)
        y[0] = 0.0
        return np.sum(y * y)

    run, records = watched(twice, (np.array([1.0, 2.0]),))
    first = next(r for text, r in records.items() if text.startswith(("y = ", "y_exp = ")))
    assert np.allclose(next(iter(first.last.values())), np.exp([1.0, 2.0]))


def test_bytes_kept_and_time():
    n = 50
    run, records = watched(stored, (np.linspace(0.4, 0.9, n), 3))
    kept = next(r for text, r in records.items() if text.startswith("kept.append"))
    parts = 2 * 8 * (n - 1)  # of each iteration two slices, and what the branch that was taken kept
    assert kept.visits == 3 and 3 * parts <= kept.kept <= 3 * (parts + 8 * n + 16)
    assert records["kept = []"].kept in (0, None)
    assert run.seconds > 0.0 and sum(r.seconds for r in run.records.values()) == pytest.approx(run.seconds)


def test_memory_is_that_of_one_iteration():
    """A large array is kept in short, and of a loop the last iteration alone."""

    def grown(x, n):
        for _ in range(n):
            x = np.sin(x)
        return np.sum(x)

    run, records = watched(grown, (np.ones(2 * SMALL), 20))
    sizes = [np.size(v) for r in run.records.values() for v in r.last.values()]
    assert max(sizes) <= SMALL
    record = next(r for text, r in records.items() if "np.sin" in text and r is not None and r.visits == 20)
    assert in_short(next(iter(record.last.values())))["shape"] == [2 * SMALL]


def test_the_first_iteration_with_a_nan_is_told():
    def shrunk(y, n):
        for _ in range(n):
            y = y * 0.5 - 0.3
            y = np.sqrt(y)
        return y

    with np.errstate(all="ignore"):
        run, records = watched(shrunk, (2.0, 8))
    (record,) = [r for r in run.records.values() if r.origin]
    y, at = 2.0, 0
    while y == y:
        at, y = at + 1, np.sqrt(y * 0.5 - 0.3) if y * 0.5 >= 0.3 else np.nan
    assert (record.origin.found, record.origin.visit, record.visits) == ("nan", at, 8)
    assert run.origin is record.origin and dict(run.origin.inputs)["y"] < 0.0


def test_an_exception_is_noted():
    run, records = watched(lambda x: np.sum(np.linalg.inv(x)), (np.zeros((2, 2)),))
    assert isinstance(run.error, np.linalg.LinAlgError) and run.result is None


def test_a_tracer_that_is_there_stays():
    seen = []

    def tracer(frame, event, arg):
        seen.append(event)
        return None

    def in_thread():
        sys.settrace(tracer)
        watched(PROGRAMS["product"][0], (2.0, 3.0))
        seen.append(sys.gettrace() is tracer)
        sys.settrace(None)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert seen[-1] is True


def test_memory_that_nobody_has_written_is_no_nan(monkeypatch):
    """What `np.empty` gives may hold anything."""
    arguments = PROGRAMS["heun"][1]
    lowered = s2sad.value_and_grad(heun).lower(*arguments)
    empty, lines = np.empty, tuple(lowered.lines)
    monkeypatch.setattr(np, "empty", lambda *a, **k: np.full_like(empty(*a, **k), np.nan))
    run = watch(lowered, arguments, lines, lowered.__code__.co_filename)
    assert run.origin is None and not any(r.origin for r in run.records.values())
