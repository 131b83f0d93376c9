"""State outside the function that takes values: counters, lists and dicts of what was computed, global names.

It is left by each kind of derivative as Python's own run of the function leaves it, object by object, call by call.
"""

import collections
import copy
import types

import numpy as np
import pytest

import s2sad
from s2sad.dispatch.derivative import Derivative
from s2sad.errors import InternalError
from tests.against_python import X, differences, programs

calls = 0
flags = 0
last = None
loss_sum = 0.0
history: list = []
log: dict = {"loss": [], "norm": []}


class Model:
    n_calls = 0
    record: list = []

    def __init__(self):
        self.count = 0
        self.seen = []
        self.best = {}

    def loss(self, x):
        self.count += 1
        Model.n_calls += 1
        y = np.sum(x**2) * self.scale()
        self.seen.append(y)
        return y

    def scale(self):
        self.best["scale"] = self.count
        return 2.0


class Slots:
    __slots__ = ("n",)

    def __init__(self):
        self.n = 0


# each maker gives a function, and what shows all that it stores outside


def stored_counter_of_the_module():
    globals().update(calls=3)

    def f(x):
        global calls
        calls += 1
        return np.sum(x**2)

    return f, lambda: calls


def stored_counter_that_is_read():
    globals().update(calls=3)

    def f(x):
        global calls
        before = calls
        calls = calls + 2
        calls *= 3
        if calls % 2:
            return np.sum(x**2) * calls
        return np.sum(x**3) * calls - before

    return f, lambda: calls


def stored_last_value():
    globals().update(last=None)

    def f(x):
        global last
        last = np.sin(x)
        return np.sum(last_of(x)) * 2.0

    def last_of(x):
        return np.sin(x)

    return f, lambda: last


def stored_sum_of_the_module():
    globals().update(loss_sum=0.5)

    def f(x):
        global loss_sum
        y = np.sum(x**2)
        loss_sum += float(y)
        return y

    return f, lambda: loss_sum


def stored_nonlocal():
    n, total = 0, 0.0

    def f(x):
        nonlocal n, total
        n += 1
        y = np.prod(x)
        total -= y
        return y * n

    return f, lambda: (n, total)


def stored_appended():
    seen = []

    def f(x):
        y = np.sum(x**2)
        seen.append(y)
        seen.append(float(y))
        seen.append((len(seen), y * 2, x[0]))
        return y

    return f, lambda: seen


def stored_arrays():
    seen = []

    def f(x):
        y = x**2
        seen.append(y)
        seen.append({"y": y, "half": [y[:2], y[2:].copy()]})
        seen.append(x)
        return np.sum(y)

    return f, lambda: seen


def stored_arrays_behind_stores():
    seen = []

    def f(x):
        y = np.zeros(4)
        for i in range(4):
            y[i] = x[i] ** 2
        seen.append(y)
        seen.append(y[1:])
        z = y * 2.0
        z[0] = x[1]
        return np.sum(y * z)

    return f, lambda: seen


def stored_copies_of_what_changes():
    seen = []

    def f(x):
        y = x * 2.0
        for i in range(4):
            y[i] *= x[0]
            seen.append(y.copy())
        return np.sum(y)

    return f, lambda: seen


def stored_in_loop():
    seen = []

    def f(x):
        total = 0.0
        for i in range(4):
            total += x[i] ** 2
            seen.append((i, total))
        k = 0
        while k < 3:
            k += 1
            seen.append(k)
        return total

    return f, lambda: seen


def stored_in_branches():
    seen, n = [], [0, 0]

    def f(x):
        for v in x:
            if v > 0:
                n[0] += 1
                seen.append(v)
            else:
                n[1] += 1
        if len(seen) > 4:
            seen.append("many")
        return np.sum(x**2) * n[0]

    return f, lambda: (seen, n)


def stored_in_callees():
    seen, n = [], [0]

    def note(name, v):
        n[0] += 1
        seen.append((name, v))

    def square(v):
        note("square", v)
        return v**2

    def f(x):
        y = square(x)
        note("sum", np.sum(y))
        return np.sum(square(y))

    return f, lambda: (seen, n)


def stored_by_callee_and_read():
    globals().update(flags=0)

    def count():
        global flags
        flags += 1

    def f(x):
        count()
        count()
        return np.sum(x**2) * flags

    return f, lambda: flags


def stored_in_dicts():
    seen = {"n": 0, "losses": [], "by": {}}

    def f(x):
        seen["n"] += 1
        y = np.sum(x**2)
        seen["losses"].append(y)
        seen["last"] = y
        seen["by"][seen["n"]] = x * 2.0
        for k in range(3):
            seen[k] = y * k
        if "gone" in seen:
            del seen["gone"]
        seen.update(a=1, b=y)
        return y

    seen["gone"] = 1
    return f, lambda: seen


def stored_in_dicts_of_the_module():
    globals().update(log={"loss": [], "norm": []}, history=[])

    def f(x):
        y = np.sum(x**2)
        log["loss"].append(y)
        log["norm"].append(np.sqrt(y))
        history.append(len(log["loss"]))
        return y

    return f, lambda: (log, history)


def stored_in_collections():
    counts, lists = collections.Counter(), collections.defaultdict(list)
    recent, names, ordered = collections.deque(maxlen=3), set(), collections.OrderedDict()

    def f(x):
        counts["calls"] += 1
        counts.update(["a", "b"])
        y = np.sum(x**2)
        for k in range(4):
            lists[k % 2].append(x[k])
            counts[k] += 1
        lists["loss"].append(y)
        recent.append(y)
        recent.appendleft(len(recent))
        if "f" not in names:
            names.add("f")
        ordered["y"] = y
        ordered.move_to_end("y")
        return y

    return f, lambda: (counts, lists, recent, names, ordered)


def stored_in_objects():
    model = Model()
    Model.n_calls = 0

    def f(x):
        return model.loss(x) * model.count

    return f, lambda: (model.count, model.seen, model.best, Model.n_calls)


def stored_by_method():
    model = Model()
    Model.n_calls = 0
    return model.loss, lambda: (model.count, model.seen, model.best, Model.n_calls)


def stored_in_namespaces():
    state, slots = types.SimpleNamespace(n=0, inner=types.SimpleNamespace(k=1)), Slots()

    def f(x):
        state.n += 1
        state.inner.k *= 2
        state.last = np.sum(x)
        slots.n += state.n
        f.calls += 1
        return np.sum(x**2) * state.inner.k

    f.calls = 0
    return f, lambda: (state.n, state.inner.k, getattr(state, "last", None), slots.n, f.calls)


def stored_lists_of_the_function():
    seen = []

    def f(x):
        path, parts = [], [x[0], x[1]]
        for i in range(4):
            path.append(x[i] ** 2)
        seen.append(path)
        seen.append(parts)
        seen.append([])
        seen.extend(v for v in path)
        seen.insert(0, "first")
        return sum(path)

    return f, lambda: seen


def stored_flag():
    first, seen = True, {"odd": False}

    def f(x):
        nonlocal first
        total = np.sum(x**2)
        if first:
            total = total * 2.0
        first = False
        seen["odd"] = not seen["odd"]
        seen["flags"] = (first, seen["odd"])
        return total * 3.0 if seen["odd"] else total

    return f, lambda: (first, seen)


def stored_between_equal_calls():
    n = 1

    def scaled(v):
        return v * n

    def f(x):
        nonlocal n
        a = np.sum(scaled(x))
        n += 1
        b = np.sum(scaled(x))
        n += 1
        return a * b * np.sum(scaled(x))

    return f, lambda: n


def stored_by_extension():
    globals().update(history=[0.5])
    kept = {"by": [], "n": [1]}

    def f(x):
        global history
        history += [x[0], np.sum(x)]
        kept["by"] += [(k, v) for k, v in enumerate(x)]
        kept["n"].extend(range(2))
        return np.sum(x**2) * len(history)

    return f, lambda: (history, kept)


def stored_while_it_is_short():
    seen = []

    def f(x):
        while len(seen) < 3:
            seen.append(len(seen))
            x = x * 2.0
        return np.sum(x**2)

    return f, lambda: seen


def stored_and_dropped():
    seen = [1, 2, 3]

    def f(x):
        y = np.sum(x**2)
        if len(seen) > 4:
            seen.pop(0)
            seen.pop()
            del seen[0]
            seen[0] = y
        seen.append(y)
        seen.reverse()
        return y

    return f, lambda: seen


def stored_by_a_lambda():
    seen = []
    note = seen.append

    def f(x):
        y = np.sum(x**2)
        note(y)
        (lambda v: seen.append(v))(y * 2)
        return y

    return f, lambda: seen


def stored_under_two_names():
    seen = []
    other = {"seen": seen, "k": 2.0}

    def f(x):
        seen.append(1)
        other["seen"].append(2)
        return np.sum(x**2) * other["k"] * len(seen)

    return f, lambda: seen


def stored_in_arrays():
    losses, table, rounds = np.zeros(8), np.zeros((3, 4)), np.zeros(4)
    state = types.SimpleNamespace(n=0, row=np.zeros(4), counts=np.zeros(2, int))

    def f(x):
        y = np.sum(x**2)
        losses[state.n] = y
        losses[-1] += float(y)
        table[0] = x
        table[1, 1:3] = [y, x[0]]
        table[2, :] = 1.0
        state.row[:] = x * 2.0
        state.row *= 0.5
        state.counts[0] += 1
        for i in range(4):
            rounds[i] -= x[i] ** 2
        state.n += 1
        return y

    return f, lambda: (losses, table, rounds, state.n, state.row, state.counts)


def stored_in_arrays_of_a_callee():
    buffer, by = np.zeros(4), {"x": np.zeros(4)}

    def note(row, v):
        row[0] = v[1]
        by["x"][:] = v

    def f(x):
        buffer.fill(1.0)
        note(buffer, x)
        buffer.sort()
        y = x * 2.0
        buffer[:2] = y[:2]
        y[0] = 3.0
        return np.sum(y**2)

    return f, lambda: (buffer, by)


def stored_after_it_was_read():
    state, sums = types.SimpleNamespace(mean=0.5, before=0.0, kept=np.float64(0.25)), [1.5]

    def f(x):
        y = np.sum(x**2)
        old = state.mean
        state.mean = 0.9 * state.mean + 0.1 * float(y)
        state.mean, state.before = state.mean * 2.0, state.mean
        state.kept = state.kept + 1.0
        sums[0] = sums[0] + y
        print(state.mean, sums[0])
        if state.mean > 2.0:
            state.before = -state.before
        return y * old

    return f, lambda: (state.mean, state.before, state.kept, sums)


def stored_numbers_that_are_read():
    state = types.SimpleNamespace(count=0.0, rate=1.0)

    def f(x):
        state.count = state.count + 1.0
        state.rate *= 0.5
        return np.sum(x**2) * state.count * state.rate

    return f, lambda: (state.count, state.rate)


def stored_anew_and_appended():
    state = types.SimpleNamespace(items=[7.0])

    def f(x):
        state.items = []
        state.items.append(float(x[0]))
        return np.sum(x**2)

    return f, lambda: state.items


MAKERS = [pytest.param(m, id=n.removeprefix("stored_")) for n, m in [*globals().items()] if n.startswith("stored_")]

DIRECTION = np.cos(np.arange(4.0))


def by_vjp(f, x):
    value, pullback = s2sad.vjp(f, x)
    first = pullback(1.0)
    np.testing.assert_array_equal(pullback(1.0)[0], first[0])
    return value, first[0]


def by_linearize(f, x):
    value, dot = s2sad.linearize(f, x)
    dot(x)
    return value, np.array([dot(e) for e in np.eye(4)])


WAYS = {
    "grad": lambda f, x: (None, s2sad.grad(f)(x)),
    "value_and_grad": lambda f, x: s2sad.value_and_grad(f)(x),
    "jvp": lambda f, x: s2sad.jvp(f, (x,), (DIRECTION,)),
    "vjp": by_vjp,
    "linearize": by_linearize,
    "jacfwd": lambda f, x: (None, s2sad.jacfwd(f)(x)),
    "checkpoint": lambda f, x: (None, s2sad.grad(s2sad.checkpoint(f))(x)),
    "jacrev": lambda f, x: (None, s2sad.jacrev(f)(x)),
    "hessian": lambda f, x: (None, None if s2sad.hessian(f)(x).shape == (4, 4) else 0),
}


READ_AGAIN = {
    ("counter_that_is_read", "linearize"),
    ("counter_that_is_read", "jacfwd"),
    ("while_it_is_short", "linearize"),
    ("while_it_is_short", "jacfwd"),
    ("while_it_is_short", "hessian"),
}
"""Programs whose branches and loops read what they store, where forward mode runs these again: they are refused."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", MAKERS)
def test_it_is_left_as_python_leaves_it(make, way):
    f, state = make()
    if (make.__name__.removeprefix("stored_"), way) in READ_AGAIN:
        with pytest.raises(s2sad.errors.UnsupportedCall, match=r"test_stores_outside.py:\d+: an object outside"):
            WAYS[way](f, X)
        return
    wanted = []
    for k in range(3):
        x = X + 0.1 * k
        before = copy.deepcopy(state())
        value = f(x)
        wanted.append((copy.deepcopy(state()), value, before))
    f, state = make()
    for k, (after, value, _) in enumerate(wanted):
        x = X + 0.1 * k
        given = x.copy()
        got, derivative = WAYS[way](f, x)
        np.testing.assert_array_equal(x, given)
        assert_same(state(), after)
        if got is not None:
            np.testing.assert_allclose(got, value, rtol=1e-12)
        gradient = gradient_at(make, k)
        if way == "jvp":
            np.testing.assert_allclose(derivative, gradient @ DIRECTION, rtol=1e-6, atol=1e-8)
        elif derivative is not None:
            np.testing.assert_allclose(derivative, gradient, rtol=1e-6, atol=1e-8)


def gradient_at(make, k):
    """The gradient at the call number k, by differences: each evaluation comes behind as many calls."""

    def evaluated(x):
        f, _ = make()
        for j in range(k):
            f(X + 0.1 * j)
        return f(x)

    globals_before = {n: globals()[n] for n in ("calls", "flags", "last", "loss_sum", "history", "log")}
    n_calls = Model.n_calls
    found = differences(evaluated, X + 0.1 * k)
    globals().update(globals_before)
    Model.n_calls = n_calls
    return found


def assert_same(got, wanted):
    """Equal values of equal classes, throughout."""
    assert type(got) is type(wanted)
    if isinstance(got, np.ndarray):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
    elif isinstance(got, dict):
        assert list(got) == list(wanted)
        for k in got:
            assert_same(got[k], wanted[k])
    elif isinstance(got, (list, tuple, collections.deque)):
        assert len(got) == len(wanted)
        for a, b in zip(got, wanted, strict=True):
            assert_same(a, b)
    elif isinstance(got, (float, np.floating)):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
    else:
        assert got == wanted


# what is refused: with the user's line, and nothing is stored


def refused_item_read(x):
    SEEN.append(np.sum(x))
    return np.sum(x) * SEEN[-1]


def refused_loop_over_it(x):
    SEEN.append(np.sum(x))
    return sum(SEEN) * x[0]


def refused_array_of_it(x):
    SEEN.append(1.0)
    return np.sum(x) * np.mean(SEEN)


def refused_number_read(x):
    global loss_sum
    loss_sum = 0.9 * loss_sum + np.sum(x)
    return loss_sum


def refused_memo(x):
    if 1 not in TABLE:
        TABLE[1] = x * 2.0
    return np.sum(TABLE[1])


def refused_change_behind_it(x):
    y = x * 2.0
    SEEN.append(y)
    y[0] = 1.0
    return np.sum(y)


def refused_change_in_place_behind_it(x):
    y = x * 2.0
    SEEN.append(y)
    y += 1.0
    return np.sum(y)


def refused_change_of_an_argument_behind_it(x):
    SEEN.append(x)
    x[0] = 2.0
    return np.sum(x)


def refused_change_in_the_next_round(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i]
        SEEN.append(y)
    return np.sum(y)


def refused_change_through_a_view(x):
    y = x * 2.0
    SEEN.append(y[1:])
    y[2] = 1.0
    return np.sum(y)


def refused_change_of_one_of_two(x):
    a, b = x * 1.0, x * 2.0
    c = a if x[0] > 0 else b
    SEEN.append(c)
    a[0] = 7.0
    return np.sum(a) + np.sum(c)


def refused_change_of_what_may_be_one_of_two(x):
    a, b = x * 1.0, x * 2.0
    c = a if x[0] > 0 else b
    SEEN.append(a)
    c[0] = 7.0
    return np.sum(a) + np.sum(c)


def refused_list_changed_behind_it(x):
    parts = [x[0]]
    SEEN.append(parts)
    parts[0] = x[1]
    return parts[0]


def refused_change_in_the_caller(x):
    y = noted(x)
    y[0] = 1.0
    return np.sum(y)


def noted(x):
    y = x * 3.0
    SEEN.append(y)
    return y


def refused_sum_into_what_was_stored(x):
    TABLE["x"] = x
    TABLE["x"] += 1.0
    return np.sum(x**2)


def refused_sum_into_a_global_that_was_stored(x):
    global last
    last = x
    last += 1.0
    return np.sum(x**2)


def refused_array_read(x):
    BUFFER[:] = x
    y = BUFFER * 2.0
    return np.sum(y**2)


def refused_item_of_an_array_read(x):
    BUFFER[0] = x[0]
    return np.sum(x) * BUFFER[0]


def refused_array_written_by_a_function(x):
    np.copyto(BUFFER, x)
    return np.sum(BUFFER**2)


def refused_array_that_is_added_to_and_read(x):
    total = BUFFER
    total += x
    return np.sum(total)


def refused_part_of_an_array(x):
    part = BUFFER[1:]
    part[0] = x[0]
    return np.sum(x)


def refused_number_that_was_stored(x):
    STATE.total = np.sum(x)
    return np.sum(x**2) * STATE.total


def refused_number_of_the_round_before(x):
    y = 0.0
    for v in x:
        y = y + v * STATE.total
        STATE.total = STATE.total + v
    return y


def refused_number_that_was_stored_by_way_of_another(x):
    STATE.total = np.sum(x)
    STATE.other = STATE.total * 2.0
    return np.sum(x) * STATE.other


def refused_number_of_the_namespace(x):
    STATE.__dict__["total"] = np.sum(x)
    return np.sum(x**2) * STATE.total


def refused_update_of_the_namespace(x):
    vars(STATE).update(total=np.sum(x))
    return np.sum(x**2) * STATE.total


def refused_number_in_a_list_that_was_stored(x):
    NUMBERS[0] = np.sum(x)
    return np.sum(x) * NUMBERS[0]


def refused_number_in_a_list_that_was_changed(x):
    NUMBERS.insert(0, np.sum(x))
    return np.sum(x) * NUMBERS[1]


def refused_global_of_a_loop(x):
    global calls
    for calls in range(3):  # noqa: B007
        x = x * 2.0
    return np.sum(x)


def refused_function_stored(x):
    SEEN.append(lambda: x)
    return np.sum(x)


def refused_store_in_a_checkpoint(x):
    return s2sad.checkpoint(noted)(x)[0] * 2.0


def refused_store_in_a_derivative(x):
    return np.sum(s2sad.grad(lambda v: np.sum(noted(v)) * v[0])(x))


def refused_store_in_a_marked_loop(x):
    for k in s2sad.checkpointed(range(6), snapshots=2):
        x = np.sin(x)
        SEEN.append(k)
    return np.sum(x)


def refused_store_by_recursion(x):
    return power(x[0], 3)


def power(v, n):
    SEEN.append(n)
    return power(v, n - 1) * v if n > 0 else 1.0


SEEN: list = []
TABLE: dict = {}
BUFFER = np.zeros(4)
STATE = types.SimpleNamespace(total=1.5, other=0.5)
NUMBERS: list = [0.5, 1.5]


@pytest.mark.parametrize("f", programs(globals(), "refused_"))
def test_it_is_refused(f):
    globals().update(last=None, loss_sum=0.5)
    SEEN[:], before = [2.0], X.copy()
    TABLE.clear()
    with pytest.raises(s2sad.Error) as e:
        s2sad.grad(f)(X)
    assert not isinstance(e.value, InternalError)
    assert "test_stores_outside.py" in str(e.value)
    assert SEEN == [2.0] and not TABLE and not BUFFER.any() and last is None and NUMBERS == [0.5, 1.5]
    assert vars(STATE) == {"total": 1.5, "other": 0.5}
    np.testing.assert_array_equal(X, before)


def test_many_examples_at_once_are_refused():
    f, state = stored_nonlocal()
    for g in (s2sad.vmap(f), s2sad.vmap(s2sad.grad(f))):
        with pytest.raises(s2sad.errors.UnsupportedCall, match="stores something outside"):
            g(np.eye(4))
    assert state() == (0, 0.0)


# what is compiled, and when


def count_compilations(monkeypatch):
    found = []
    compile_ = Derivative._compile
    monkeypatch.setattr(Derivative, "_compile", lambda self, *args: found.append(1) or compile_(self, *args))
    return found


def test_a_counter_is_no_constant_of_the_program(monkeypatch):
    globals().update(calls=0)

    def f(x):
        global calls
        calls += 1
        history.append(calls)
        return np.sum(x) * calls

    gradient, found = s2sad.grad(f), count_compilations(monkeypatch)
    assert [gradient(X)[0] for _ in range(20)] == list(range(1, 21))
    globals().update(calls=100)
    assert gradient(X)[0] == 101.0
    assert len(found) == 1


def test_the_object_that_is_there_takes_the_values(monkeypatch):
    globals().update(history=[])

    def f(x):
        history.append(x[0])
        return np.sum(x**2)

    gradient, first, found = s2sad.grad(f), history, count_compilations(monkeypatch)
    gradient(X)
    globals().update(history=[])
    gradient(X)
    assert history is not first and len(history) == len(first) == 1 and len(found) == 1
    globals().update(history=collections.deque())
    gradient(X)
    assert list(history) == [X[0]] and len(found) == 2


def test_another_kind_of_number_is_another_program():
    globals().update(calls=2)

    def f(x):
        global calls
        calls += 1
        return np.sum(x) * calls

    gradient = s2sad.grad(f)
    assert gradient(X)[0] == 3.0
    globals().update(calls=2.5)
    assert gradient(X)[0] == 3.5
    assert calls == 3.5


def test_an_argument_is_stored_as_it_is():
    seen = []

    def f(x):
        seen.append(x)
        return np.sum(x**2)

    s2sad.grad(f)(X)
    assert seen[0] is X


def test_results_are_apart_from_what_is_stored():
    seen = []

    def f(x):
        y = x**2
        seen.append(y)
        return np.sum(y), y

    (_, y), _ = s2sad.value_and_grad(f, has_aux=True)(X)
    y[:] = 0.0
    np.testing.assert_array_equal(seen[0], X**2)


def test_the_order_of_effects_is_that_of_the_text(capsys):
    globals().update(calls=0)

    def f(x):
        global calls
        print("before", calls)
        calls += 1
        print("behind", calls)
        history.append(calls)
        calls += 1
        print("end", calls, len(history))
        return np.sum(x**2)

    globals().update(history=[])
    s2sad.grad(f)(X)
    assert capsys.readouterr().out.split("\n")[:3] == ["before 0", "behind 1", "end 2 1"]
    assert history == [1]


def test_what_is_printed_in_a_loop_is_printed_once(capsys):
    def f(x):
        total = 0.0
        for i in range(2):
            total += x[i] ** 2
            print("round", i)
        return total

    np.testing.assert_allclose(s2sad.jacfwd(f)(X), [2 * X[0], 2 * X[1], 0, 0])
    _, dot = s2sad.linearize(f, X)
    dot(X)
    assert capsys.readouterr().out == "round 0\nround 1\n" * 2


def test_an_exception_leaves_what_python_leaves():
    seen = []

    def f(x):
        seen.append(1)
        if x[0] > 0:
            raise ValueError("too large")
        seen.append(2)
        return np.sum(x)

    with pytest.raises(ValueError, match="too large"):
        s2sad.grad(f)(X)
    assert seen == [1]


def test_arrays_that_take_values_share_memory_with_nothing_else():
    buffer = np.zeros(4)
    part = buffer[1:]

    def f(x):
        buffer[0] = x[0]
        return np.sum(x**2)

    def g(x):
        buffer[0] = x[0]
        return np.sum(x[1:] * part)

    with pytest.raises(s2sad.errors.ArgumentError, match="x and buffer are one array, or share memory"):
        s2sad.grad(f)(buffer)
    with pytest.raises(s2sad.errors.ArgumentError, match="part and buffer are one array, or share memory"):
        s2sad.grad(g)(X)
    assert not buffer.any()


def test_numba_leaves_it_to_python():
    pytest.importorskip("numba")
    seen = [0.5]

    def f(x):
        seen.append(np.sum(x**2))
        return np.sum(x**3) * len(seen)

    with pytest.warns(UserWarning, match="stores values outside"):
        np.testing.assert_allclose(s2sad.grad(f, backend="numba")(X), 6 * X**2)
        _, pullback = s2sad.vjp(f, X, backend="numba")
    np.testing.assert_allclose(pullback(1.0)[0], 9 * X**2)
    assert seen == [0.5, np.sum(X**2), np.sum(X**2)]


def test_the_text_says_what_is_stored():
    globals().update(calls=0, history=[])

    def f(x):
        global calls
        calls += 1
        y = np.sum(x**2)
        history.append(y)
        Model.n_calls += 1
        return y

    text = s2sad.grad(f).lower(X).source
    assert "def f_grad(x, module_globals, history, Model):" in text
    for line in ('module_globals["calls"] += 1', "history.append(y)", "Model.n_calls += 1"):
        assert line in text


class Counted:
    def __init__(self):
        self.count = 0

    def __call__(self, x):
        self.count += 1
        return np.sum(x**2)


def test_the_advice_for_an_object_that_stores_into_itself_is_right():
    f = Counted()
    with pytest.raises(s2sad.Error, match=r"s2sad\.grad\(f\.__call__\)"):
        s2sad.grad(f)(X)
    np.testing.assert_allclose(s2sad.grad(f.__call__)(X), 2 * X)
    assert f.count == 1
