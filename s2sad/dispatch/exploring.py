"""What a page shows of a derivative, gathered: its functions, their traces, and the texts beside its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from s2sad.compiler.collection import collection_paused
from s2sad.compiler.transform import Transform
from s2sad.dispatch.c_results import c_runner
from s2sad.dispatch.description import base_function
from s2sad.dispatch.kept_lines import lines_kept
from s2sad.dispatch.primal import programs_of
from s2sad.dispatch.subject import Derived
from s2sad.dispatch.watching import run_watched
from s2sad.errors import ArgumentError, Error
from s2sad.frontend.dependencies import Settled
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.signature import Signature
from s2sad.ir.types import is_active_type
from s2sad.view.description import described
from s2sad.view.page_data import Argument, Data, Subject, Tab, page_data

TITLES = {
    "reverse": "Gradient",
    "forward": "Forward mode",
    "hvp": "Hessian product",
    "native": "Loops",
    "c": "C",
}
"""The texts of a page."""


def explored(derivative: Any, args: Sequence[object], kwargs: Mapping[str, object], run: bool = True) -> Data:
    """The data of the page of a derivative for these arguments; it is run, and watched, unless they are examples."""
    with lines_kept(), collection_paused():
        return page_data(subject_of(derivative, args, kwargs, run))


def subject_of(derivative: Any, args: Sequence[object], kwargs: Mapping[str, object], run: bool) -> Subject:
    """What the page of a derivative is of."""
    if derivative.is_variadic:
        derivative, args = derivative._in_order(args, kwargs)
        kwargs = {}
    values = derivative._bind(args, dict(kwargs))
    names = list(derivative.__signature__.parameters)
    inner = innermost(derivative)
    transform = inner.transform or Transform("primal", ())
    count = len(inner.__signature__.parameters) - (inner.transform.further if inner.transform else 0)
    asked = [names[k] for k in transform.argnums if k < len(names)]
    signature = Signature()
    types = [str(signature.type_of(v)) for v in values]
    return Subject(
        title=derivative.__name__,
        function=str(callable_name(inner.target)),
        about=about(derivative, asked),
        arguments=[Argument(n, t, v if run else None) for n, t, v in zip(names, types, values, strict=True)],
        functions=functions_of(derivative, values),
        programs=programs_of(inner.target, names[:count], values[:count]),
        asked=asked,
        tabs=tabs_of(derivative, inner, transform, values, count, run),
    )


def program_of(derivative: Any, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[Any, Sequence[Any]]:
    """The Python function that a derivative is made of, and the arguments that are its own."""
    if derivative.is_variadic:
        derivative, args = derivative._in_order(args, kwargs)
        kwargs = {}
    inner = innermost(derivative)
    count = len(inner.__signature__.parameters) - inner.further
    return inner.target, derivative._bind(args, dict(kwargs))[:count]


def innermost(derivative: Any) -> Any:
    """The derivative of a Python function that one is made of."""
    while isinstance(derivative.target, Derived):
        derivative = derivative.target
    return derivative


def about(derivative: Any, asked: Sequence[str]) -> str:
    """What a derivative is, in words."""
    words = {"grad": "gradient", "jvp": "forward derivative", "jacfwd": "Jacobian", "jacrev": "Jacobian"}
    transform = derivative.transform
    if transform is None:
        return callable_name(derivative.target)
    word = transform.label or words.get(transform.kind, transform.kind)
    word = f"value and {word}" if transform.value else word
    if isinstance(derivative.target, Derived) and not transform.label:
        return f"{word} of {about(derivative.target, asked)}"
    by = f" by {', '.join(asked)}" if asked else ""
    return f"{word} of {callable_name(base_function(derivative))}{by}"


def functions_of(derivative: Any, values: tuple[object, ...]) -> list[Any]:
    """The user's functions that take part, that which the derivative is of in front."""
    found = derivative.without_backend()._specialise(values).seen
    objects = [] if found is None else [o for o in found.objects if hasattr(o, "__code__")]
    first = base_function(derivative)
    return list({id(o): o for o in (first, *objects)}.values())


def tabs_of(
    derivative: Any, inner: Any, transform: Transform, values: tuple[object, ...], count: int, run: bool
) -> list[Tab]:
    """The texts of a page, that of the derivative itself in front."""
    primals = values[:count]
    target = inner.target
    argnums = [k for k in transform.argnums if k < count]
    active = tuple(k for k in argnums if is_active_type(Signature().type_of(primals[k])))
    one = len(active) == 1
    vectors = tuple(primals[k] for k in sorted(active))
    of_gradient = Transform("grad", active, one)
    gradient = derivative.another(target, of_gradient)
    forward = derivative.another(target, Transform("jvp", active))
    product = derivative.another(gradient, replace(of_gradient, kind="pushforward", label="hvp"))
    own = "forward" if derivative.transform is not None and derivative.transform.kind == "jvp" else "reverse"
    if derivative.transform is not None and derivative.transform.label == "hvp":
        own = "hvp"

    def in_loops() -> Any:
        return derivative.another(derivative.target, derivative.transform, "native")

    ways: dict[str, Callable[[], Tab]] = {
        "reverse": lambda: _text("reverse", gradient, primals, run),
        "forward": lambda: _text("forward", forward, (*primals, *vectors), run),
        "hvp": lambda: _text("hvp", product, (*primals, *vectors), run),
        "native": lambda: _unstarted("native", in_loops(), values),
        "c": lambda: _c(derivative, values),
    }
    ways[own] = lambda: _text(own, derivative.without_backend(), values, run)
    return [_tried(key, ways[key]) for key in sorted(ways, key=lambda k: k != own)]


def _text(key: str, derivative: Any, values: tuple[object, ...], run: bool) -> Tab:
    if not run:
        return _unstarted(key, derivative, values)
    member = derivative._specialise(values)
    lines = derivative._lines(member, values)
    return Tab(key, TITLES[key], lines, str(member.source), watched=run_watched(member, values, lines))


def _unstarted(key: str, derivative: Any, values: tuple[object, ...]) -> Tab:
    """A text that nobody runs."""
    compiled = derivative._compiled(values, (), Settled())
    refused = compiled.facts.get("refused")
    if refused is not None:
        return Tab(key, TITLES[key], reason=f"NumPy runs it: {refused[0]}")
    return Tab(key, TITLES[key], described(compiled.parts), compiled.text)


def _c(derivative: Any, values: tuple[object, ...]) -> Tab:
    other = derivative.another(derivative.target, derivative.transform)
    other.runner, other.backend = c_runner(derivative.transform), "c99 []"
    compiled = other._compiled(values, (), Settled())
    return Tab("c", TITLES["c"], described(compiled.parts), "\n".join(line.text for line in compiled.parts))


def _tried(key: str, way: Callable[[], Tab]) -> Tab:
    """A text, or the reason why there is none."""
    try:
        return way()
    except (Error, ArgumentError) as e:
        return Tab(key, TITLES[key], reason=str(e).partition("\n")[0])
