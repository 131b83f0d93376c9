"""What the frontend asks of a derivative to be made: the compiler above it says what one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field
from typing import Any, ClassVar, Protocol


class Transformation(Protocol):
    """A derivative to be made: its kind, and of which arguments, by position."""

    # a dataclass, so that `dataclasses.replace` makes another one of it
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def argnums(self) -> tuple[int, ...]: ...

    @property
    def one(self) -> bool: ...

    @property
    def in_axes(self) -> Sequence[object]:
        """Of `vmap` inside a function: the axis of each argument."""

    @property
    def dotted(self) -> tuple[int, ...]: ...

    @property
    def further(self) -> int: ...

    def further_names(self, names: Sequence[str]) -> list[str]: ...


class Derivable(Protocol):
    """What a derivative is of: a function with a name."""

    @property
    def __name__(self) -> str: ...
