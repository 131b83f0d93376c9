"""What users call to find where nan or inf comes from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from s2sad.api.gradients import Argnums, value_and_grad
from s2sad.dispatch.bound import Method
from s2sad.dispatch.frames import public
from s2sad.dispatch.nans import checking
from s2sad.dispatch.subject import check_function
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.marks import StandsFor, is_derivative, mark_of

P = ParamSpec("P")
R = TypeVar("R")


@overload
def check_nan(fun: Method[P, R], argnums: Argnums = ...) -> Callable[P, R]: ...  # type: ignore[overload-overlap]
@overload
def check_nan(fun: Callable[P, R], argnums: Argnums = ...) -> Callable[P, tuple[R, Any]]: ...
@public
def check_nan(fun: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A derivative that says where the nan or inf in its result comes from.

    The result is that of the derivative where it is finite. Where it holds nan or inf, the derivative runs once more
    line by line, and the error names the first line that made nan or inf of what is finite and on which the result
    depends, with the values that went into it, and the line of the user's function.

    Args:
        fun: a derivative; of any other function its value and gradient are checked.
        argnums: for such a function, the parameters of the gradient.

    Raises:
        NotFinite: the result holds nan or inf. It is a FloatingPointError too.

    >>> import numpy as np
    >>> def length(x):
    ...     return np.sqrt(np.sum(x * x))
    >>> check_nan(length)(np.zeros(2))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    s2sad.errors.NotFinite: nan in the result of length_value_and_grad
      line 13 of length_value_and_grad, in the adjoint sweep, makes nan of finite numbers:
          x_bar = x / v3
    ...
    """
    derived = is_derivative(fun) or isinstance(mark_of(fun), StandsFor)
    if not derived:
        check_function(fun)
    target: Callable[..., Any] = fun if derived else value_and_grad(fun, argnums)

    @public
    @functools.wraps(target, updated=())
    def checked(*args: object, **kwargs: object) -> Any:
        # NumPy's warnings say less
        with checking(infs=True), np.errstate(all="ignore"):
            return target(*args, **kwargs)

    checked.__name__ = checked.__qualname__ = f"check_nan({callable_name(target)})"
    return checked


@contextmanager
def debug_nans(infs: bool = False) -> Iterator[None]:
    """Have all derivatives that are called within checked: a nan in a result is an error that names its origin.

    With `infs` an inf is one too. The meaning is that of JAX's `debug_nans`: what is looked at are results; a nan that
    is made on the way and does not reach them is none's business. Calls are slower: none goes straight to machine code.

    Raises:
        NotFinite: as `check_nan`.

    >>> import numpy as np
    >>> import s2sad
    >>> with debug_nans():
    ...     s2sad.grad(lambda x: np.log(x) * x)(2.0)
    np.float64(1.6931471805599454)
    """
    with checking(infs):
        yield
