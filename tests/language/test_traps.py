"""What is easily got wrong: a test each."""

import copy
import importlib
import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import s2sad

X = np.array([0.5, -1.25, 2.0])


def test_perturbation_confusion():
    """d/dx (x * d/dy (x + y)) = 1: the inner derivative must not see the outer one."""
    assert s2sad.grad(lambda x: x * s2sad.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert s2sad.jvp(lambda x: x * s2sad.grad(lambda y: x + y)(1.0), (1.0,), (1.0,)) == (1.0, 1.0)
    assert s2sad.grad(lambda x: s2sad.grad(lambda y: x * y * y)(x) * x)(3.0) == pytest.approx(54.0)


def test_a_derivative_in_a_derivative_of_a_closure_with_several_arguments():
    def outer(x, w):
        def inner(y, z):
            return np.sum(w * y**2) * z * x

        value, (y_bar, z_bar) = s2sad.value_and_grad(inner, argnums=(0, 1))(w, x)
        return value + np.sum(y_bar) * z_bar

    def by_hand(x, w):
        return np.sum(w**3) * x * x + np.sum(2 * w * w * x * x) * np.sum(w**3) * x

    x, h = 1.3, 1e-6
    expected = (by_hand(x + h, X) - by_hand(x - h, X)) / (2 * h)
    assert s2sad.grad(outer)(x, X) == pytest.approx(expected, rel=1e-7)


def test_a_name_takes_another_type_in_a_branch():
    def f(x, wide):
        y = x
        if wide:
            y = np.array([x, 2.0 * x])
            z = np.sum(y)
        else:
            z = y * y
        y = z + 1.0
        return y * x

    assert s2sad.grad(f)(3.0, True) == pytest.approx(2 * 9.0 + 1.0)
    assert s2sad.grad(f)(3.0, False) == pytest.approx(27.0 + 1.0)


def test_tuples_share_what_is_in_them():
    def f(x):
        inner = [x]
        pair = (inner, inner)
        pair[0].append(x * x)
        pair[1][0] = 3.0 * x
        return sum(inner)

    assert s2sad.grad(f)(2.0) == pytest.approx(3.0 + 4.0)


def test_closures_in_a_loop_see_the_last_value():
    def f(x):
        late, early = [], []
        for k in [1.0, 2.0, 3.0]:
            late.append(lambda y: y * k)
            early.append(lambda y, k=k: y * k)
        return late[0](x) + 10.0 * early[0](x)

    assert s2sad.grad(f)(1.0) == f(1.0) == 13.0


def appends_to_its_default(x, log=[]):  # noqa: B006
    log.append(x)
    return x * len(log)


def test_a_mutable_default_is_not_changed():
    with pytest.raises(s2sad.Error, match="default|outside|changed"):
        s2sad.grad(lambda x: appends_to_its_default(x) * 2.0)(1.0)
    assert appends_to_its_default.__defaults__ == ([],)


def make(power):
    def f(x):
        return x**power

    return f


def test_functions_of_the_same_name():
    square, cube = make(2), make(3)
    assert (s2sad.grad(square)(2.0), s2sad.grad(cube)(2.0)) == (4.0, 12.0)
    both = [lambda x: x * x, lambda x: x * x * x]
    assert [s2sad.grad(f)(2.0) for f in both] == [4.0, 12.0]

    def applies(x, f):
        return f(x)

    assert [s2sad.grad(applies)(2.0, f) for f in (square, cube, *both)] == [4.0, 12.0, 4.0, 12.0]
    assert s2sad.grad(lambda x: applies(x, square) + applies(x, cube))(2.0) == 16.0


def test_isinstance_takes_the_branch_of_the_plain_call():
    def f(x):
        if isinstance(x, float):
            return x * 2.0
        if isinstance(x, np.ndarray):
            return np.sum(x) * 3.0
        return x[0] * 5.0

    assert s2sad.grad(f)(1.0) == 2.0
    np.testing.assert_array_equal(s2sad.grad(f)(X), 3.0)
    assert s2sad.grad(f)([1.0, 2.0]) == [5.0, 0.0]


def test_branches_at_the_point_itself():
    """The derivative is that of the branch which is taken there."""
    f = lambda x: 3.0 * x if x == 0.0 else x * x  # noqa: E731
    assert s2sad.grad(f)(0.0) == 3.0
    assert s2sad.jvp(f, (0.0,), (1.0,)) == (0.0, 3.0)
    g = lambda x, y: x and x * y or y**2  # noqa: E731
    assert s2sad.grad(g, (0, 1))(0.0, 3.0) == (0.0, 6.0)


def test_side_effects_happen_once():
    def f(x):
        for k in range(3):
            if k > 0:
                print("step", k)
                x = x * np.sin(x)
        return x

    for run in (s2sad.grad(f), s2sad.grad(s2sad.grad(f)), lambda x: s2sad.jvp(f, (x,), (1.0,))):
        run(1.0)
        out = io.StringIO()
        with redirect_stdout(out):
            run(1.0)
        assert out.getvalue() == "step 1\nstep 2\n"


def test_arguments_are_not_changed():
    def f(p):
        p["xs"].append(p["w"])
        p["w"] = p["w"] * 2.0
        p["new"] = 1.0
        return np.sum(p["w"]) * len(p["xs"]) + p["xs"][0]

    argument = {"xs": [1.0, 2.0], "w": X.copy()}
    before = copy.deepcopy(argument)
    gradient = s2sad.grad(f)(argument)
    assert argument.keys() == before.keys() and argument["xs"] == before["xs"]
    np.testing.assert_array_equal(argument["w"], before["w"])
    np.testing.assert_array_equal(gradient["w"], 6.0)
    assert gradient["xs"] == [1.0, 0.0]


def test_what_a_try_has_done_before_the_exception_is_not_lost():
    def doubtful(x):
        y = 1.0
        try:
            y = x * x
            z = np.linalg.cholesky(np.array([[x, 2.0], [2.0, x]]))
        except np.linalg.LinAlgError:
            return y
        return np.sum(z)

    with pytest.raises(s2sad.Error, match="y may have been changed or not"):
        s2sad.grad(doubtful)(1.0)

    def certain(x):
        try:
            z = np.linalg.cholesky(np.array([[x, 2.0], [2.0, x]]))
        except np.linalg.LinAlgError:
            return x * x
        return np.sum(z)

    assert s2sad.grad(certain)(1.0) == 2.0
    h = 1e-6
    assert s2sad.grad(certain)(3.0) == pytest.approx((certain(3.0 + h) - certain(3.0 - h)) / (2 * h), rel=1e-6)


def test_an_exception_of_the_primal_comes_out_as_itself():
    def f(x, xs):
        total = 0.0
        for k in range(3):
            total = total + xs[k] * x
        if total > 5.0:
            raise ValueError(f"too large: {total:.1f}")
        return total

    with pytest.raises(IndexError):
        s2sad.grad(f)(1.0, np.ones(2))
    with pytest.raises(ValueError, match="too large: 6.0"):
        s2sad.grad(f)(2.0, np.ones(3))


def test_a_value_that_is_none_at_run_time():
    def largest(xs, bound):
        best = None
        for x in xs:
            if x < bound and (best is None or x > best):
                best = x
        return best * best

    np.testing.assert_array_equal(s2sad.grad(largest)(X, 1.0), [1.0, 0.0, 0.0])
    with pytest.raises(TypeError):
        s2sad.grad(largest)(X, -5.0)


def test_an_object_that_may_be_one_of_two_is_not_changed():
    def f(x):
        a, b = [x], [x * x]
        c = a if x > 1.0 else b
        c.append(1.0)
        return sum(a) + sum(b)

    with pytest.raises(s2sad.Error, match="one of two"):
        s2sad.grad(f)(2.0)


@pytest.mark.parametrize("n", [0, 2])
def test_a_gradient_can_be_written(n):
    def branch(x, n):
        return np.sum(x) if n > 0 else np.sum(x * x)

    def loop(x, n):
        total = np.sum(x)
        for _ in range(n):
            total = total * 0.5
        return total

    for f in (branch, loop):
        gradient = s2sad.grad(f)(X, n)
        gradient += 1.0
        assert gradient.flags.owndata or gradient.base is None


def test_an_update_that_begins_with_a_copy_reads_its_operands_first():
    def zero(p):
        p = (p - p)[::1]
        return np.max(p)

    def f(x):
        return zero(0.5 * x) + np.sum(x * x)

    np.testing.assert_allclose(s2sad.grad(f)(X), 2 * X)


def fails(message, value):
    if value > 1.0:
        raise ValueError(message)
    raise TypeError(message)


class Shape:
    def area(self, x):
        raise NotImplementedError("area")

    def double_area(self, x):
        return 2.0 * self.area(x)


def calls_what_fails(x):
    total = 0.0
    for v in x:
        if v < 0.0:
            fails("negative", -v)
        total += v if v < 5.0 else fails("large", v)
    return total


def always_fails(x):
    return Shape().double_area(x)


@pytest.mark.parametrize(
    ("f", "x", "exception"),
    [
        (calls_what_fails, [1.0, -2.0], ValueError),
        (calls_what_fails, [1.0, -0.5], TypeError),
        (calls_what_fails, [6.0], ValueError),
        (always_fails, [1.0], NotImplementedError),
    ],
)
def test_functions_that_only_raise(f, x, exception):
    x = np.array(x)
    for call in (lambda: f(x), lambda: s2sad.grad(f)(x), lambda: s2sad.jvp(f, (x,), (x,)), lambda: s2sad.vjp(f, x)):
        with pytest.raises(exception):
            call()
    if f is calls_what_fails:
        np.testing.assert_array_equal(s2sad.grad(f)(np.array([1.0, 2.0])), [1.0, 1.0])


def inverts(x):
    y = np.reshape(x, (2, 2))
    return np.sum(np.linalg.inv(y))


@pytest.mark.parametrize(
    "call", [s2sad.grad(inverts), lambda x: s2sad.jvp(inverts, (x,), (x,)), lambda x: s2sad.vjp(inverts, x)]
)
def test_an_exception_names_the_line_of_the_user(call):
    with pytest.raises(np.linalg.LinAlgError) as caught:
        call(np.zeros(4))
    (note,) = caught.value.__notes__
    line = inverts.__code__.co_firstlineno + 2
    assert f'test_traps.py", line {line}\n    return np.sum(np.linalg.inv(y))' in note


def test_the_line_of_an_exception_in_a_file_that_was_edited_above(tmp_path, monkeypatch):
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    text = "import numpy as np\ndef f(x):\n    return np.linalg.det(np.linalg.inv(x))\n"
    file = tmp_path / "edited_above.py"
    file.write_text(text)
    module = importlib.import_module("edited_above")
    for above, line in (("", 3), ("one = 1\ntwo = 2\n", 5)):
        file.write_text(above + text)
        f = importlib.reload(module).f
        with pytest.raises(np.linalg.LinAlgError) as caught:
            s2sad.grad(f)(np.zeros((2, 2)))
        assert f"line {line}\n    return np.linalg.det" in caught.value.__notes__[0]


def sees_another_list(a, b):
    xs, ys = [a], [b]
    either = xs if a > b else ys
    xs.append(a)
    return sum(either)


def sees_the_list_of_the_round_before(a, b, n):
    before, now = [a], [b]
    total = 0.0
    for k in range(n):
        now.append(a)
        total += len(before) * a + before[-1]
        before = now
    return total


def test_a_list_that_another_name_may_see_is_not_changed():
    for f, args in ((sees_another_list, (2.0, 1.0)), (sees_the_list_of_the_round_before, (2.0, 3.0, 100))):
        with pytest.raises(s2sad.Error, match="which may be one of two objects since line"):
            s2sad.grad(f)(*args)


def test_rounds_that_are_unrolled_know_which_list_is_which():
    def f(a, b):
        before, now = [a], [b]
        total = 0.0
        for k in range(3):
            now.append(a)
            total += len(before) * a + before[-1]
            before = now
        return total

    for g, args in ((f, (3.0,)), (sees_the_list_of_the_round_before, (3.0, 4))):
        assert g(2.0, *args) == s2sad.value_and_grad(g)(2.0, *args)[0]
        assert s2sad.grad(g)(2.0, *args) == pytest.approx((g(2.0 + 1e-6, *args) - g(2.0 - 1e-6, *args)) / 2e-6)


def items_of_several_lengths(a):
    xs = [a[:i] for i in range(1, len(a))]
    total = np.sum(xs[0] * xs[2])
    ys = []
    for i in range(1, len(a)):
        ys.append(a[:i] ** 2)
        total += np.sum(ys[0] * a[:i] * ys[-1])
    return total


def test_the_items_of_a_list_may_differ_in_length():
    x = np.array([0.3, 1.2, -0.7, 1.9])
    f, x_dot = items_of_several_lengths, np.array([1.0, -0.5, 0.25, 2.0])
    h = 1e-6
    expected = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    assert s2sad.grad(f)(x) @ x_dot == pytest.approx(expected, rel=1e-7)
    assert s2sad.jvp(f, (x,), (x_dot,))[1] == pytest.approx(expected, rel=1e-7)


def both_branches_bind_the_same(a, x):
    y, ys, zs = 2.0 * x, [x], [a, x]
    if a > 0.0:
        y, ys = x, zs
    else:
        y, ys = x, zs
    for k in range(3):
        if a > k:
            x = y
        else:
            x = y
        y = y * 1.5
    return y * a + sum(ys) * x


def test_both_branches_bind_a_name_to_the_same():
    f, h = both_branches_bind_the_same, 1e-6
    assert s2sad.value_and_grad(f, 1)(1.5, 0.7)[0] == f(1.5, 0.7)
    assert s2sad.grad(f, 1)(1.5, 0.7) == pytest.approx((f(1.5, 0.7 + h) - f(1.5, 0.7 - h)) / (2 * h), rel=1e-8)


def sums_until_it_raises(x):
    total = 0.0
    try:
        for v in x:
            if v > 2.0:
                raise ValueError
            total += v * v
    except ValueError:
        total = total * 2.0
    return total


def closes_over_what_it_changes(x):
    t = 1.0

    def changed(v):
        nonlocal t
        t = 5.0
        return v

    try:
        y = changed(x[0]) + np.linalg.inv(np.zeros((2, 2)))[0, 0]
    except np.linalg.LinAlgError:
        y = x[1]
    return y * t


@pytest.mark.parametrize("f", [sums_until_it_raises, closes_over_what_it_changes])
def test_what_the_statement_that_raises_has_changed_is_not_lost(f):
    with pytest.raises(s2sad.Error, match="may have been changed or not"):
        s2sad.grad(f)(np.array([1.0, 3.0, 2.0]))


def one_list_in_two_places(a, x):
    xs = [a]
    d = {"p": xs, "q": xs}
    if a > 0.0:
        d["p"] = [x]
    d["p"].append(x)
    return sum(xs) * sum(d["q"]) + sum(d["p"])


def test_an_object_in_two_places_of_a_container():
    with pytest.raises(s2sad.Error, match="one of two objects"):
        s2sad.grad(one_list_in_two_places)(1.5, 0.7)


def raises_what_numpy_raises(x):
    if x < 0:
        raise np.linalg.LinAlgError("below zero")
    return x * x


def test_an_exception_of_numpy_is_raised_by_its_name():
    assert s2sad.grad(raises_what_numpy_raises)(3.0) == 6.0
    with pytest.raises(np.linalg.LinAlgError, match="below zero"):
        s2sad.grad(raises_what_numpy_raises)(-3.0)
