"""What s2sad refuses comes with the frames of the user alone, and with one that says how to see all."""

import functools
import logging
import subprocess
import sys
import traceback

import numpy as np
import pytest

import s2sad
from s2sad.dispatch import frames


def refused(x):
    return np.sum(x) * undefined_name  # noqa: F821


def pair(x, y):
    return x * y


X = np.ones(3)
CALLS = {
    "grad": lambda: s2sad.grad(refused)(X),
    "grad by name": lambda: s2sad.grad(refused, argnums="y"),
    "a decorator": lambda: s2sad.grad(argnums=3)(refused),
    "value_and_grad": lambda: s2sad.value_and_grad(refused)(X),
    "jvp": lambda: s2sad.jvp(refused, (X,), (X,)),
    "jvp, wrong": lambda: s2sad.jvp(refused, X, X),
    "vjp": lambda: s2sad.vjp(refused, X),
    "a pullback": lambda: s2sad.vjp(pair, 1.0, 2.0)[1]((1.0, 2.0)),
    "trace": lambda: s2sad.trace(refused, X),
    "jacfwd": lambda: s2sad.jacfwd(refused)(X),
    "jacrev": lambda: s2sad.jacrev(refused)(X),
    "jacobian": lambda: s2sad.jacobian(refused)(X),
    "hessian": lambda: s2sad.hessian(refused)(X),
    "hvp": lambda: s2sad.hvp(refused)(X, X),
    "hvp, wrong": lambda: s2sad.hvp(refused)(X),
    "linearize": lambda: s2sad.linearize(refused, X),
    "elementwise_grad": lambda: s2sad.elementwise_grad(refused)(X),
    "vmap": lambda: s2sad.vmap(refused)(X),
    "vmap, wrong": lambda: s2sad.vmap(refused, in_axes="x"),
    "jit": lambda: s2sad.jit(refused, backend=None)(X),
    "check_grads": lambda: s2sad.check_grads(refused, X),
    "defvjp": lambda: s2sad.defvjp(3, pair),
    "defjvp": lambda: s2sad.defjvp(3, pair),
    "checkpoint": lambda: s2sad.checkpoint(3),
    "lower": lambda: s2sad.grad(refused).lower(X),
    "source": lambda: s2sad.grad(refused).source,
    "a missing argument": lambda: s2sad.grad(pair)(1.0),
    "a partial": lambda: s2sad.grad(functools.partial(refused))(X),
    "a method": lambda: s2sad.grad(Model().loss)(X),
    "of any arguments": lambda: s2sad.grad(lambda *xs: refused(xs[0]))(X),
}


class Model:
    def loss(self, x):
        return np.sum(x).nosuch()


@pytest.fixture
def trimmed(monkeypatch):
    monkeypatch.delenv("S2SAD_TRACEBACK", raising=False)


def files(e):
    return [frame.filename for frame in traceback.extract_tb(e.__traceback__)]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_one_frame_is_left(call, trimmed):
    with pytest.raises(s2sad.Error) as caught:
        call()
    found = files(caught.value)
    assert found[:-1] == [__file__, __file__], found
    assert frames.is_own(found[-1])
    assert caught.value.__cause__ is None and (caught.value.__suppress_context__ or not caught.value.__context__)


def test_all_frames_where_the_environment_says_so(monkeypatch):
    monkeypatch.setenv("S2SAD_TRACEBACK", "full")
    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(refused)(X)
    assert sum(map(frames.is_own, files(caught.value))) > 10


def test_a_log_at_debug_has_them_in_a_note(trimmed, caplog):
    with caplog.at_level(logging.DEBUG, "s2sad"), pytest.raises(s2sad.Error) as caught:
        s2sad.grad(refused)(X)
    (note,) = caught.value.__notes__
    assert note.startswith("the compiler's own frames:\n") and "expressions.py" in note
    assert sum(map(frames.is_own, files(caught.value))) == 1


def test_what_the_user_raised_stays(trimmed):
    """An exception of the user's code that s2sad was called after, or inside of."""
    with pytest.raises(s2sad.Error) as caught:
        try:
            raise KeyError("of the user")
        except KeyError:
            s2sad.grad(refused)(X)
    assert isinstance(caught.value.__context__, KeyError) and not caught.value.__suppress_context__
    assert files(caught.value.__context__) == [__file__]


def test_a_rule_of_the_user_keeps_its_frames(trimmed):
    @s2sad.custom_vjp
    def ruled(x):
        return x * x

    def backwards(x, g):
        return s2sad.grad(refused)(x) * g

    ruled.defvjp(lambda x: (ruled(x), x), backwards)
    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(lambda x: ruled(x))(2.0)
    assert sum(map(frames.is_own, files(caught.value))) == 1


def test_an_error_of_the_function_is_left_alone(trimmed):
    """It is raised by emitted text, with the line of the user's that it comes from."""
    with pytest.raises(ValueError, match="broadcast") as caught:
        s2sad.grad(lambda x: np.sum(x + np.ones(4)))(X)
    assert "__init__" not in files(caught.value)[-1]
    assert "np.ones(4)" in caught.value.__notes__[0]


def test_as_python_shows_it(tmp_path, trimmed):
    (tmp_path / "program.py").write_text(
        "import numpy as np\nimport s2sad\n\n\ndef f(x):\n    return np.sinn(x)\n\n\nprint(s2sad.hessian(f)(1.0))\n"
    )
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count('  File "') == 2, done.stderr
    assert 'program.py", line 9, in <module>' in done.stderr
    assert "# S2SAD_TRACEBACK=full shows all" in done.stderr
    assert "numpy has no attribute sinn" in done.stderr.splitlines()[-3]


def test_pytest_hides_the_last_one(trimmed):
    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(refused)(X)
    assert all(__file__ in str(entry.path) for entry in caught.traceback.filter(caught))
