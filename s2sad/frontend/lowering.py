"""The object that lowers one function, as its parts and the library see it: its state, and its services.

Each part of the language is a class with `Lowering` as its base, and knows of the others what `services/` declares
alone: a service is declared once, and defined in the part it is listed under. `frontend/lower.py` makes one object of
the parts; Python refuses to make it while a service is declared that no part defines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gast

from s2sad.errors import Unsupported
from s2sad.frontend.context import Context
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.services.branches import BranchServices
from s2sad.frontend.services.expressions import ExpressionServices
from s2sad.frontend.services.functions import FunctionServices
from s2sad.frontend.services.iteration import IterationServices
from s2sad.frontend.services.libraries import LibraryServices
from s2sad.frontend.services.objects import ObjectServices
from s2sad.frontend.services.outside import OutsideServices
from s2sad.frontend.terms.cells import STOP, Evaluated
from s2sad.frontend.terms.frames import Code, Frame
from s2sad.frontend.terms.keyed_cells import KeyedCells
from s2sad.frontend.terms.repeats import Repeats
from s2sad.frontend.terms.terms import (
    Term,
)
from s2sad.ir.builder import Builder
from s2sad.ir.values import Value


class Lowering(
    KeyedCells,
    ExpressionServices,
    BranchServices,
    ObjectServices,
    FunctionServices,
    IterationServices,
    OutsideServices,
    LibraryServices,
):
    """What the lowering of one function holds, and can do."""

    def __init__(self, frame: Frame, builder: Builder, context: Context) -> None:
        super().__init__(builder)
        self.frame = frame
        """The function, or inner function, whose statements are lowered now."""
        self.context = context
        self.reads = context.reads
        self.captured: dict[tuple[int, str | int], tuple[Variable, Value]] = {}
        """The variables outside that became parameters."""
        self.adopted: dict[tuple[int, str | int], Term] = {}
        """Containers outside, opened once."""
        self.frames = 0
        self.codes: dict[int, Code] = {}
        self.comprehensions: dict[tuple[int, str, str], Code] = {}
        self.bodies: dict[int, gast.FunctionDef] = {}
        """The bodies of loops over generators, as functions."""
        self.kept: list[gast.AST] = []
        """The trees whose identity is a key."""
        self.errors: list[Unsupported] = []
        """What was refused so far: the statements behind it are lowered all the same, and may add to it."""
        self.titles: dict[Value, str] = {}
        """The names of values that were bound to one after they were made: they get them when all is lowered."""
        self.in_place: list[Value] = []
        """The results of augmented assignments that write into an array."""
        self.carried_now = frozenset({STOP})
        """What the loops around the present statement carry, live or not where it stands."""
        self.awaited: frozenset[str] = frozenset()
        """The variables that the bodies of loops over generators bind, which stand in other frames."""
        self.watching: Callable[[Evaluated], bool] | None = None
        """Whether an exception at compile time is caught by the try around."""
        self.branches = 0
        """In how many branches the present statement stands: it may not be reached."""
        self.mirrors: Sequence[Frame] = ()
        """The frames around a closure that is compiled by itself."""
        self.places: dict[int, tuple[Variable, object]] = {}
        """The variables outside that led to objects, by the identity of these."""
        self.declared: dict[int, frozenset[str]] = {}
        """The names that a tree declares global or nonlocal, by its identity."""
        self.put_outside: set[tuple[int, object]] = set()
        """The places outside that are given what may be an array: what holds them, by identity, and the key."""
        self.added_outside: set[tuple[int, object]] = set()
        """Those that are added to."""
        self.stores = False
        """Whether something is stored outside the function."""
        self.repeats = Repeats()
        """The methods and closures lowered in the place of their calls, and those to be lifted."""
        self.keeps_arrays = False
        """Whether what is stored there may share memory with the function's."""

    def has_name(self, value: Value) -> bool:
        """Whether a value has a name that no other one takes the place of."""
        return value in self.titles or (value.hint is not None and not value.loose)
