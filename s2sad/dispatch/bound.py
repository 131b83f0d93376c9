"""Derivatives as methods: what stands in a class is bound to its objects, as a function is, and a derivative still.

class Spring:
    @s2sad.grad(argnums="x")
    def force(self, x): ...

spring.force(1.0)                   without the object
spring.force.lower(1.0).source      the text, for objects like this one
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Self, overload

from s2sad.dispatch.display import Displayed
from s2sad.dispatch.frames import public
from s2sad.dispatch.typed import Lowered, P, Q, R
from s2sad.errors import Error
from s2sad.view.cell import Pattern
from s2sad.view.text import Text


class Method(Displayed, Generic[P, R]):
    """What is called like a function, and may be a method of a class."""

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        raise NotImplementedError

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: Method[Concatenate[Any, Q], R], instance: object, owner: type | None = None
    ) -> BoundDerivative[Q, R]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else BoundDerivative(self, instance)

    @property
    @public
    def source(self) -> Text:
        """The text of the generic program, which the annotations of the function sharpen."""
        try:
            return self._generic_text()
        except Error as e:
            e.add_note("the text for arguments as it is called with: .lower(*args).source")
            raise

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        """The same, where the first arguments are given: the object of a method."""
        raise NotImplementedError


class BoundDerivative(Displayed, functools.partial[Any], Generic[P, R]):
    """A derivative that is a method, of one object: it takes the arguments behind that."""

    if TYPE_CHECKING:

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @property
    def _derivative(self) -> Any:
        return self.func

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(functools.partial(self._derivative, *self.args))

    @property
    def __wrapped__(self) -> object:
        """The function that it is of, which tools read."""
        return self._function()

    @property
    def __name__(self) -> str:  # type: ignore[override]
        return str(self._derivative.__name__)

    @public
    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Lowered[..., R]:
        """The plain emitted function for this object and arguments like these: it takes both; its text is `.source`."""
        lowered: Lowered[..., R] = self._derivative.lower(*self.args, *args, **kwargs)
        return lowered

    def explore(
        self, *args: object, path: str | PathLike[str] | None = None, browser: bool = False, **kwargs: object
    ) -> Path:
        """Write a page that shows the derivative beside the code and the trace; see `Derivative.explore`."""
        written: Path = self._derivative.explore(*self.args, *args, path=path, browser=browser, **kwargs)
        return written

    @property
    @public
    def source(self) -> Text:
        """The text of the generic program for objects like this one."""
        text: Text = self._derivative._generic_text(self.args)
        return text

    def _title(self) -> str:
        return str(self._derivative._title())

    def _patterns(self) -> Iterable[Pattern]:
        return self._derivative._patterns()  # type: ignore[no-any-return]

    def _before(self, given: Sequence[object] = ()) -> Iterable[Pattern]:
        return self._derivative._before((*self.args, *given))  # type: ignore[no-any-return]

    def _function(self) -> object:
        return self._derivative._function()
