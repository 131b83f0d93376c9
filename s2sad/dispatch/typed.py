"""What type checkers know of derivatives: the parameters of the function, kept, and what a call gives.

def f(x: float, n: int = 3) -> float: ...

grad(f)                     Derivative[[x: float, n: int = 3], Any]
value_and_grad(f)           Derivative[[x: float, n: int = 3], tuple[float, Any]]
grad(f).lower(1.0).source   str

Of which type a gradient is depends on which parameter is asked for: no type says so, and it is Any. Of `hvp(f)` and
`vmap(f)` the parameters are not kept: lists of parameters can be made longer in front alone, not behind, and an example
has an axis less than what is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeAlias

from s2sad.backends import AddedBackend
from s2sad.view.lines import Line
from s2sad.view.text import Text

if TYPE_CHECKING:
    from typing_extensions import ParamSpec as ParamSpecWithDefault
    from typing_extensions import TypeVar

    P = ParamSpecWithDefault("P", default=...)
    R = TypeVar("R", default=Any, covariant=True)
else:
    # defaults of type parameters are new in Python 3.13: checkers know them before
    from typing import TypeVar

    P = ParamSpec("P")
    R = TypeVar("R", covariant=True)

Q = ParamSpec("Q")
"""The parameters of a method, its object left out."""

OwnBackend: TypeAlias = Literal["numpy", "numba", "native"]
"""The backends that come with s2sad."""
BackendName: TypeAlias = OwnBackend | AddedBackend


class Lowered(Protocol[P, R]):
    """An emitted function, with no dispatch in front: a plain function whose text is `.source`, its lines `.lines`."""

    __name__: str

    @property
    def source(self) -> Text: ...
    @property
    def lines(self) -> Sequence[Line]: ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
