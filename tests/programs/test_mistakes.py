"""What people write at first, and what they are told: the thing, the line and the way out, in words of theirs."""

import contextlib
import functools
import inspect
import io
import logging
import math
import pdb
import random
import re
import sys
import time
import warnings

import numpy as np
import pytest

import s2sad

X = np.array([1.0, 2.0, 3.0])
LOGGER = logging.getLogger("of.the.user")
COUNT = 0


def square(x):
    return x * x


def total(x):
    return np.sum(x * x)


def product(x, y):
    return x * y


def forgets_return(x):
    x * x


def misspells_numpy(x):
    return np.sinn(x)


def misspells_linalg(x):
    return np.linalg.nrom(x)


def misspells_a_function(x):
    return squaer(x)  # noqa: F821


def misspells_a_variable(x):
    speed = 2.0 * x
    return sped * speed  # noqa: F821


def branches_on_an_array(x):
    if x > 1.0:
        return np.sum(x)
    return np.sum(x * x)


def joins_truths_of_arrays(x):
    return np.sum(np.where((x > 1.0) and (x < 3.0), x, 0.0))


def appends_to_an_array(x):
    x.append(1.0)
    return np.sum(x)


def stores_in_a_tuple(x):
    p = (x, x)
    p[0] = 1.0
    return p[1]


def indexes_lists_as_a_matrix(x):
    return x[0, 1] * 2.0


def reads_a_key_as_an_attribute(p):
    return p.w * 2.0


def evaluates_a_text(x):
    return eval("x * x")


def of_torch(x):
    return np.sum(x.detach() * x)


def of_jax(x):
    return np.sum(x.at[0].set(1.0))


class Loss:
    scale = 2.0

    def __call__(self, x):
        return self.scale * x

    def value(self, x):
        return self.scale * x


def never_ends(x):
    return never_ends(x * x)


def takes_an_array_for_a_number(x):
    return float(x) * 2.0


def misspells_a_method(x):
    return x.sume()


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    def energy(self, x):
        return 0.5 * self.stifness * x**2


SPRING = Spring(2.0)


def misspells_an_attribute(x):
    return SPRING.enrgy(x)


def undefined(x):
    return x * qqq  # noqa: F821


def keys_by_a_float(x):
    d = {}
    d[x] = 1.0
    return d[x] * x


def math_of_an_array(x):
    return np.sum(math.sin(x))


def draws(x):
    return x * random.random()


def opens(x):
    with open("data.txt") as f:
        return x * float(f.read())


def asks(x):
    return x * float(input())


async def waits(x):
    return x


def yields(x):
    yield x


def gives_a_text(x):
    return f"{x}"


def gives_complex(x):
    return x * 1j


def gives_an_integer(x):
    return int(x)


def gives_a_pair(x):
    return np.sum(x), x


def calls_a_module(x):
    return np(x)


def forgets_an_argument(x):
    return np.maximum(x)


def misspells_a_key(d):
    return 2.0 * d["weigths"]


def forgets_an_import(x):
    return numpy.sum(x)  # noqa: F821


def wrong_shapes(x):
    return np.sum(x + np.ones(4))


@s2sad.custom_vjp
def reverse_only(x):
    return x * x


reverse_only.defvjp(lambda x: (x * x, x), lambda x, g: (2.0 * x * g,))


def line(function, behind):
    """A line of a function in a message, so many behind its first."""
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno + behind}: "


MISTAKES = {
    "a vector comes out": (
        lambda: s2sad.grad(square)(X),
        "the result of square is float64[n1]. Use jacrev, vjp, or sum",
    ),
    "an integer goes in": (lambda: s2sad.grad(square)(3), "'x' needs floats, not int; pass a float"),
    "a truth value goes in": (lambda: s2sad.grad(square)(True), "'x' needs floats, not bool; pass a float"),
    "integers go in": (
        lambda: s2sad.grad(total)(np.arange(3)),
        "not int64[n1]; pass floats: np.asarray(x, dtype=float)",
    ),
    "a list of integers": (lambda: s2sad.grad(total)([1, 2]), "needs floats, not list[int, int]; pass a float"),
    "a text goes in": (lambda: s2sad.grad(square)("a"), "needs floats, not 'a'; leave the parameter out of argnums"),
    "None goes in": (lambda: s2sad.grad(square)(None), "needs floats, not None; leave the parameter out of argnums"),
    "grad(f, x)": (
        lambda: s2sad.grad(total, X),
        "the derivative is a function, which takes the arguments: grad(total)(",
    ),
    "grad(f, 1.0)": (lambda: s2sad.grad(square, 1.0), "argnums holds positions or names of parameters, not 1.0; "),
    "grad(f(x))": (
        lambda: s2sad.grad(total(X)),
        "a function is needed, not np.float64(14.0): grad(f)(x), ",
    ),
    "an argument is missing": (lambda: s2sad.grad(product)(1.0), "product(x, y): missing a required argument: 'y'"),
    "one too many": (lambda: s2sad.grad(product)(1.0, 2.0, 3.0), "product(x, y): too many positional arguments"),
    "another keyword": (lambda: s2sad.grad(square)(1.0, xx=2.0), "square(x): got an unexpected keyword argument 'xx'"),
    "no such position": (lambda: s2sad.grad(product, 2)(1.0, 2.0), "product has 2 parameters: x, y, counted from 0"),
    "no such name": (lambda: s2sad.grad(product, "z")(1.0, 2.0), "argnums 'z': product has the parameters x, y"),
    "no such backend": (lambda: s2sad.grad(square, backend="natve"), "'native', 'numba', did you mean native?"),
    "nothing comes back": (lambda: s2sad.grad(forgets_return)(1.0), "forgets_return returns nothing"),
    "nothing in a Jacobian": (lambda: s2sad.jacobian(forgets_return)(X), "forgets_return returns nothing"),
    "np.sinn": (lambda: s2sad.grad(misspells_numpy)(1.0), line(misspells_numpy, 1), "did you mean sin?"),
    "np.linalg.nrom": (lambda: s2sad.grad(misspells_linalg)(X), line(misspells_linalg, 1), "did you mean norm?"),
    "a function's name": (
        lambda: s2sad.grad(misspells_a_function)(1.0),
        line(misspells_a_function, 1),
        "the name squaer is not defined, did you mean square?",
    ),
    "a variable's name": (
        lambda: s2sad.grad(misspells_a_variable)(1.0),
        line(misspells_a_variable, 2),
        "the name sped is not defined, did you mean speed?",
    ),
    "a method's name": (lambda: s2sad.grad(misspells_a_method)(X), line(misspells_a_method, 1), "did you mean sum?"),
    "an attribute outside": (
        lambda: s2sad.grad(misspells_an_attribute)(1.0),
        line(misspells_an_attribute, 1),
        "has no attribute enrgy, did you mean energy?",
    ),
    "an attribute of self": (
        lambda: s2sad.grad(SPRING.energy)(1.0),
        line(Spring.energy, 1),
        "has no attribute stifness, did you mean stiffness?",
    ),
    "a name of nothing": (lambda: s2sad.grad(undefined)(1.0), line(undefined, 1), "the name qqq is not defined\n"),
    "d[x] = 1": (
        lambda: s2sad.grad(keys_by_a_float)(1.0),
        line(keys_by_a_float, 2),
        "the value of 'x' must be known here, and derivatives are taken by it",
        "use as a key, an index, an option or a choice what is no float: a string, an integer",
    ),
    "math of an array": (lambda: s2sad.grad(math_of_an_array)(X), line(math_of_an_array, 1), "np.sin takes arrays"),
    "random numbers": (lambda: s2sad.grad(draws)(1.0), line(draws, 1), "draw them before, and pass them"),
    "a file": (lambda: s2sad.grad(opens)(1.0), line(opens, 1), "read before and pass what was read"),
    "a question": (lambda: s2sad.grad(asks)(1.0), line(asks, 1), "read before and pass what was read"),
    "async": (lambda: s2sad.grad(waits)(1.0), line(waits, 0), "Write a plain function"),
    "a generator": (lambda: s2sad.grad(yields)(1.0), line(yields, 0), "Return a list or a tuple of the values"),
    "a text comes out": (lambda: s2sad.grad(gives_a_text)(1.0), "the result of gives_a_text is ", "Return a float."),
    "an integer comes out": (lambda: s2sad.grad(gives_an_integer)(1.5), "gives_an_integer is int. Return a float."),
    "a pair comes out": (lambda: s2sad.grad(gives_a_pair)(X), "Return one number; beside others", "has_aux=True"),
    "a module is called": (lambda: s2sad.grad(calls_a_module)(1.0), line(calls_a_module, 1), "is no function"),
    "half of np.maximum": (
        lambda: s2sad.grad(forgets_an_argument)(X),
        line(forgets_an_argument, 1),
        "missing a required",
    ),
    "a key's name": (
        lambda: s2sad.grad(misspells_a_key)({"weights": 2.0}),
        line(misspells_a_key, 1),
        "the dict has no key 'weigths', did you mean weights?",
    ),
    "no import": (lambda: s2sad.grad(forgets_an_import)(X), line(forgets_an_import, 1), "\n    import numpy"),
    "complex comes out": (lambda: s2sad.grad(gives_complex)(1.0), "Give np.real of it"),
    "jvp(f, x, x)": (lambda: s2sad.jvp(total, X, X), "primals is a tuple or a list", "jvp(f, (x,), (x_dot,))"),
    "a tangent is missing": (
        lambda: s2sad.jvp(product, (1.0, 2.0), (1.0,)),
        "2 primals and 1 tangents; None stands ",
    ),
    "a tangent's shape": (lambda: s2sad.jvp(total, (X,), (np.ones(4),)), "the tangent of argument 0 must have"),
    "no cotangent": (lambda: s2sad.vjp(product, 1.0, 2.0)[1](), "a pullback takes one cotangent", "pullback(1.0)"),
    "a cotangent's shape": (
        lambda: s2sad.vjp(square, X)[1](np.ones(2)),
        "the cotangent must have the structure",
    ),
    "hvp without a vector": (lambda: s2sad.hvp(total)(X), "a vector after them: hvp(f)(x, v)"),
    "a truth of an array": (
        lambda: s2sad.grad(branches_on_an_array)(X),
        line(branches_on_an_array, 1),
        "or np.where for a choice at each element",
    ),
    "and of arrays": (
        lambda: s2sad.grad(joins_truths_of_arrays)(X),
        line(joins_truths_of_arrays, 1),
        "use & and | with parentheses",
    ),
    "append to an array": (
        lambda: s2sad.grad(appends_to_an_array)(X),
        line(appends_to_an_array, 1),
        "lists have append, arrays do not",
    ),
    "an item of a tuple": (
        lambda: s2sad.grad(stores_in_a_tuple)(1.0),
        line(stores_in_a_tuple, 2),
        "make a list of it",
    ),
    "float of an array": (
        lambda: s2sad.grad(takes_an_array_for_a_number)(X),
        line(takes_an_array_for_a_number, 1),
        "take one element, or the sum",
    ),
    "x[i, j] of lists": (
        lambda: s2sad.grad(indexes_lists_as_a_matrix)([[1.0, 2.0], [3.0, 4.0]]),
        line(indexes_lists_as_a_matrix, 1),
        "not tuple",
        "write x[i][j]",
    ),
    "p.w of a dict": (
        lambda: s2sad.grad(reads_a_key_as_an_attribute)({"w": 1.0}),
        line(reads_a_key_as_an_attribute, 1),
        "write ['w'] for the item of this key",
    ),
    "eval": (lambda: s2sad.grad(evaluates_a_text)(1.0), line(evaluates_a_text, 1), "write it as it stands"),
    "x.detach()": (lambda: s2sad.grad(of_torch)(X), line(of_torch, 1), "write s2sad.stop_gradient(x)"),
    "x.at[0].set": (lambda: s2sad.grad(of_jax)(X), line(of_jax, 1), "y = x.copy(); y[i] = v"),
    "a method with its object": (
        lambda: s2sad.grad(Loss.value)(Loss(), 1.0),
        "'self' needs floats, not an object of Loss; argnums=1 is the parameter behind it",
    ),
    "no end of calls": (
        lambda: s2sad.grad(never_ends)(1.0),
        line(never_ends, 1),
        "have a case that gives a value without such a call",
    ),
    "an array of objects": (lambda: s2sad.grad(total)(np.array([1.0, None])), "np.asarray(x, dtype=float)"),
    "argnum=": (lambda: s2sad.grad(square, argnum=0), "grad has no parameter argnum: ", "did you mean argnums?"),
    "wrt=": (lambda: s2sad.jacobian(square, wrt="x"), "jacobian has no parameter wrt: it has fun, argnums, "),
    "vmap(f, x)": (lambda: s2sad.vmap(square, X), "an axis is an int or None", "passed to vmap(f)(...)"),
    "vjp(f)": (lambda: s2sad.vjp(square), "the arguments of square are missing: they follow the function"),
    "linearize(f)": (lambda: s2sad.linearize(square), "the arguments of square are missing"),
    "check_grads(f, x)": (lambda: s2sad.check_grads(total, X), "a tuple or a list of the arguments", "(f, (x,))"),
    "a vector's shape": (lambda: s2sad.hvp(total)(X, X[:2]), "the vector for argument 0", "shape (2,) for (3,)"),
    "no forward rule": (lambda: s2sad.jvp(reverse_only, (1.0,), (1.0,)), "use reverse mode, or custom_jvp"),
}
INNER = ("static", "IndexError", "KeyError", "NoneType", "BOTTOM", "<class", "<function", " term", "lowering")
"""What no user knows."""


@pytest.mark.parametrize("mistake, told", [(m, told) for m, *told in MISTAKES.values()], ids=MISTAKES)
def test_a_mistake_is_told(mistake, told, monkeypatch):
    monkeypatch.delenv("S2SAD_TRACEBACK", raising=False)
    with pytest.raises(s2sad.Error) as caught:
        mistake()
    for piece in told:
        assert piece in str(caught.value)
    assert not [word for word in INNER if word in str(caught.value)]
    assert type(caught.value).__module__ == s2sad.Error.__module__


def test_shapes_that_do_not_fit_are_numpys_own_error_with_the_line():
    with pytest.raises(ValueError, match="could not be broadcast") as caught:
        s2sad.grad(wrong_shapes)(X)
    assert "return np.sum(x + np.ones(4))" in caught.value.__notes__[0]


def frames(rows):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": rows})


HOLDERS = {
    "pandas.Series": lambda: frames([1.0, 2.0])["a"],
    "pandas.DataFrame": lambda: frames([1.0, 2.0]),
    "torch.Tensor": lambda: pytest.importorskip("torch").ones(3),
    "jax.Array": lambda: pytest.importorskip("jax.numpy").ones(3),
    "np.ma": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
}


@pytest.mark.parametrize("make", HOLDERS.values(), ids=HOLDERS)
def test_numbers_of_other_libraries_are_passed_as_arrays(make):
    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(total)(make())
    assert "by its parameter 'x' needs floats, not " in str(caught.value)
    assert re.search(r"; pass (x\.|np\.asarray\(x|its numbers: np\.asarray\(x)", str(caught.value))
    assert len(str(caught.value)) < 250


def test_functions_of_other_libraries_are_written_with_numpy():
    jnp = pytest.importorskip("jax.numpy")
    with pytest.raises(s2sad.Error, match=r"no derivative rule for jax.numpy.sin(.|\n)*as np.sin, or give its rule"):
        s2sad.grad(lambda x: jnp.sum(jnp.sin(x)))(X)


# what has no part in the result is as it was


def logs(x):
    LOGGER.warning("x is %s", x)
    logging.getLogger("of.the.user").info("not shown")
    return x * x


def warns(x):
    warnings.warn("large", stacklevel=1)
    return x * x


def prints(x):
    print("x is", x)
    return x * x


def takes_time(x):
    start = time.perf_counter()
    time.sleep(1e-4)
    y = x * x
    print(time.perf_counter() > start)
    return y


def counts(x):
    global COUNT
    COUNT += 1
    return x * x


def shows_progress(x):
    from tqdm import tqdm, trange

    y = 0.0
    for k in tqdm(range(3), desc="fit"):
        y += k * x
    for _ in trange(2):
        y += x * x
    return y


@pytest.mark.parametrize("f", [logs, prints, takes_time, counts, warns], ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore:large")
def test_what_has_no_part_in_the_result_is_done_as_ever(f, caplog):
    before = COUNT
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert (s2sad.grad(f)(3.0), s2sad.jvp(f, (3.0,), (1.0,))) == (6.0, (9.0, 6.0))
    said = {
        logs: lambda: [r.getMessage() for r in caplog.records if r.name == LOGGER.name] == ["x is 3.0"] * 2,
        prints: lambda: out.getvalue() == "x is 3.0\n" * 2,
        takes_time: lambda: out.getvalue() == "True\n" * 2,
        counts: lambda: before + 2 == COUNT,
        warns: lambda: True,
    }
    assert said[f]()


def test_a_bar_of_progress_is_its_items():
    pytest.importorskip("tqdm")
    assert s2sad.grad(shows_progress)(1.0) == 3.0 + 4.0


def stops(x):
    y = x * x
    breakpoint()
    return y


def test_a_debugger_is_entered_where_the_function_asks_for_it(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: seen.append(sys._getframe(1).f_locals["x"]))
    assert s2sad.grad(stops)(3.0) == 6.0
    assert seen == [3.0]


def stops_by_its_module(x):
    y = x * x
    pdb.set_trace()
    return y


def test_a_debugger_is_entered_by_its_module_too(monkeypatch):
    gradient = s2sad.grad(stops_by_its_module).lower(3.0)
    assert "    pdb.set_trace()\n" in gradient.source
    entered = []
    monkeypatch.setattr(pdb, "set_trace", lambda: entered.append(sys._getframe(1).f_locals["x"]))
    assert gradient(3.0) == 6.0
    assert entered == [3.0]


# functions that Numba compiled


def test_a_function_of_numba_is_differentiated_by_its_text():
    numba = pytest.importorskip("numba")
    jitted = numba.njit(square)

    @numba.njit
    def summed(x, n):
        y = 0.0
        for k in range(n):
            y += jitted(x) * k
        return y

    def calls(x):
        return summed(x, 3) + jitted(2.0 * x)

    assert s2sad.grad(jitted)(3.0) == 6.0
    assert s2sad.grad(summed)(2.0, 3) == 12.0
    assert s2sad.grad(functools.partial(summed, n=3))(2.0) == 12.0
    assert s2sad.grad(calls)(2.0) == 12.0 + 16.0
    assert s2sad.hessian(calls)(2.0) == 14.0
    s2sad.check_grads(summed, (2.0, 3))
