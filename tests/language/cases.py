"""The conformance suite's table: each case is a function that uses one construct, with arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """`function(*arguments)`; `argnums` are differentiated by, the first argument unless said otherwise."""

    construct: str
    section: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    note: str
    second: bool
    golden: bool

    @property
    def name(self) -> str:
        return self.function.__name__


CASES: list[Case] = []


class Section:
    """The cases of one part of the language."""

    def __init__(self, title: str) -> None:
        self.title = title

    def __call__(
        self, construct: str, *arguments: Any, note: str = "", second: bool = True, golden: bool = False
    ) -> Callable[[Any], Any]:
        """Register a function as a case: `@section("break", 2.0)`; several decorators give several arguments."""

        def register(function: Any) -> Any:
            CASES.append(Case(construct, self.title, function, arguments, note, second, golden))
            return function

        return register
