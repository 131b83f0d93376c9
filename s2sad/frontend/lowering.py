"""The object that lowers one function, as its parts and the library see it: its state, and its services.

Each part of the language is a class with `Lowering` as its base, and knows of the others what is declared here alone:
a service is declared once, and defined in the part it is listed under. `frontend/lower.py` makes one object of the
parts; Python refuses to make it while a service is declared that no part defines.
"""

from __future__ import annotations

import inspect
import types
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn

import gast

from s2sad.errors import Unsupported
from s2sad.frontend.context import Context
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.reading.callables import UserFunction, UserValue
from s2sad.frontend.terms.cells import STOP, Environment, Evaluated, Side
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget, DerivedTarget, Lifted
from s2sad.frontend.terms.frames import Code, Frame
from s2sad.frontend.terms.keyed_cells import KeyedCells
from s2sad.frontend.terms.repeats import Repeats
from s2sad.frontend.terms.solver_targets import SolverCall, SolverRule
from s2sad.frontend.terms.terms import (
    USED_UP,
    Applied,
    Choice,
    Closure,
    Derived,
    Generated,
    Generator,
    Method,
    Outside,
    Record,
    Ref,
    Rest,
    SolverFunction,
    Term,
)
from s2sad.frontend.terms.transformations import Transformation
from s2sad.ir.builder import Builder
from s2sad.ir.definition import Definition
from s2sad.ir.marks import Operator
from s2sad.ir.primitive import Primitive
from s2sad.ir.solver import Part, Parts
from s2sad.ir.types import Type
from s2sad.ir.user_rules import BlackBox, BoxRule, Custom
from s2sad.ir.values import Operand, Value


class Lowering(KeyedCells):
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

    # expressions

    @abstractmethod
    def locating(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what is built the node's location; errors of type rules become errors at the node."""

    @abstractmethod
    def raising(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what may be raised the node's location."""

    @abstractmethod
    def static(self, term: Term, node: gast.AST) -> UserValue:
        """The value of a term that must be known at compile time; asks for a parameter to become static."""

    @abstractmethod
    def eval(self, node: gast.AST, hint: str | None = None) -> Term:
        """The term of an expression; `hint` is the name it is about to be bound to."""

    @abstractmethod
    def operand(self, node: gast.AST, hint: str | None = None) -> Operand:
        """The value of an expression, as an operand."""

    @abstractmethod
    def apply(self, function: Callable[..., object], operands: list[Operand], hint: str | None = None) -> Operand:
        """The result of a primitive; `hint` is the name it is about to be bound to."""

    @abstractmethod
    def captured_term(self, variable: Variable, value: object) -> Term:
        """What a variable outside the function means: a constant, a further parameter, or a container of these."""

    @abstractmethod
    def captured_value(self, variable: Variable) -> Value:
        """A variable outside the function, as a parameter of it."""

    @abstractmethod
    def reachable(self, term: Term) -> list[Ref]:
        """The references in a term, and in what they refer to."""

    @abstractmethod
    def items_of(self, nodes: list[gast.AST]) -> list[Term]:
        """The terms of several expressions; those behind a star are opened."""

    @abstractmethod
    def in_this_call(self, number: Operand) -> int | None:
        """An integer that is known, or that the call that compiles says, which is noted."""

    @abstractmethod
    def sequence(self, term: Term, node: gast.AST) -> list[Term]:
        """The items of a term whose length is known at compile time."""

    def has_name(self, value: Value) -> bool:
        """Whether a value has a name that no other one takes the place of."""
        return value in self.titles or (value.hint is not None and not value.loose)

    # operators

    @abstractmethod
    def binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term:
        """`left op right`."""

    @abstractmethod
    def joined(self, a: object, b: object) -> Term:
        """Two lists in one."""

    @abstractmethod
    def computed(self, operand: Operand) -> int | float | None:
        """The number that was computed from constants alone: -np.inf."""

    # subscripts

    @abstractmethod
    def place_in(self, whole: Operand, place: Operand) -> Operand:
        """Where `insert` puts an item: no further than the end, nor in front of the start."""

    @abstractmethod
    def item_at(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`."""

    @abstractmethod
    def known_key(self, whole: Term, key: Term, node: gast.AST) -> UserValue:
        """A key that is known; where it is not, the dict is to be made for that."""

    @abstractmethod
    def row(self, array: Term, index: Operand) -> Term:
        """One row of an array that lives in a cell, or one element of a vector."""

    @abstractmethod
    def index(self, node: gast.AST) -> Term:
        """The term of an index between brackets."""

    @abstractmethod
    def position(self, index: Term, length: int, node: gast.AST) -> int:
        """A position in a list whose length is known."""

    @abstractmethod
    def set_item(self, base: Term, index: Term, term: Term, node: gast.AST) -> None:
        """`base[index] = term`."""

    @abstractmethod
    def subscripted(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`, as the class of the base says."""

    # outside_stores

    @abstractmethod
    def outside_object(self, term: Term) -> Outside | None:
        """An object outside that a store is made into; None for an object of the function."""

    @abstractmethod
    def as_handle(self, variable: Variable, value: object) -> Outside:
        """A variable outside that holds an object which takes values."""

    @abstractmethod
    def item_outside(self, outside: Outside, index: Term, node: gast.AST) -> Term:
        """`outside[index]`: an integer, or what is stored into in its turn."""

    @abstractmethod
    def count_outside(self, outside: Outside) -> Operand:
        """`len(outside)`."""

    @abstractmethod
    def holds_outside(self, outside: Outside, item: Term, negated: bool) -> Operand:
        """`item in outside`."""

    @abstractmethod
    def set_outside(self, outside: Outside, index: Term, term: Term, node: gast.AST) -> None:
        """`outside[index] = term`."""

    @abstractmethod
    def augment_item(self, outside: Outside, index: Term, node: gast.AugAssign) -> None:
        """`outside[index] += value`."""

    @abstractmethod
    def delete_outside(self, outside: Outside, index: Term, node: gast.AST) -> None:
        """`del outside[index]`."""

    @abstractmethod
    def call_outside(
        self, outside: Outside, name: str, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """`outside.name(...)`: what it gives can be stored into, and not be read."""

    @abstractmethod
    def extended(self, outside: Outside, node: gast.AugAssign) -> None:
        """`outside += items` of a list."""

    # held_data

    @abstractmethod
    def held_data(self, term: Term) -> Any:
        """What an object of a library outside the function is read along; None for all else."""

    @abstractmethod
    def attribute_of_held(self, base: Any, name: str, node: gast.AST) -> Term:
        """An attribute of such an object."""

    @abstractmethod
    def item_of_held(self, base: Any, index: Term, node: gast.AST) -> Term:
        """An item of it."""

    @abstractmethod
    def method_of_held(
        self, base: Any, name: str, arguments: Sequence[Term], keywords: Mapping[str, Term], node: gast.AST
    ) -> Term:
        """The call of its method."""

    @abstractmethod
    def items_of_held(self, base: Any, node: gast.AST) -> Term:
        """What it gives one by one."""

    @abstractmethod
    def labelled_call(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function or operator of labelled numbers among others; None where there are none."""

    @abstractmethod
    def numbers_in(self, term: Term, node: gast.AST) -> Term:
        """The array of a labelled term; other terms as they are."""

    @abstractmethod
    def attribute_of_labelled(self, record: Record, name: str, node: gast.AST) -> Term:
        """An attribute of what was computed with labelled numbers."""

    @abstractmethod
    def method_of_labelled(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of it."""

    @abstractmethod
    def refuse_labelled(self, record: Record, what: str, node: gast.AST) -> NoReturn:
        """Refuse what means another thing for what is labelled than for an array."""

    # outside_names

    @abstractmethod
    def is_outer(self, name: str) -> bool:
        """Whether an assignment to a name binds a variable outside the function."""

    @abstractmethod
    def outer_variable(self, name: str, node: gast.AST) -> Variable:
        """The variable of the module, or of a function around it that has returned, which a name means."""

    @abstractmethod
    def check_declared(self, node: gast.Global | gast.Nonlocal) -> None:
        """Refuse names outside that are bound otherwise than by assignments."""

    @abstractmethod
    def read_bound(self, variable: Variable, value: object) -> Term:
        """A variable outside that the function binds: read when the program runs."""

    @abstractmethod
    def set_outer(self, variable: Variable, term: Term, node: gast.AST) -> None:
        """An assignment to a variable outside."""

    @abstractmethod
    def augment_outer(self, variable: Variable, node: gast.AugAssign) -> None:
        """An augmented assignment to a variable outside."""

    @abstractmethod
    def attribute_outside(self, base: Term, name: str, node: gast.AST) -> Variable | None:
        """An attribute of an object, class, module or function outside, to be bound."""

    # subscripts

    @abstractmethod
    def delete_item(self, base: Term, index: Term, node: gast.AST) -> None:
        """`del base[index]`."""

    # conditions

    @abstractmethod
    def tested(self, node: gast.AST) -> Term:
        """A condition: of `and` and `or` of objects only the truth is asked for."""

    @abstractmethod
    def truth(self, term: Term, node: gast.AST) -> bool | Operand:
        """The truth of a term: a bool where it is known at compile time."""

    @abstractmethod
    def assuming(self, test: gast.AST, holds: bool, lowered: Callable[[], Term | None]) -> Callable[[], Term | None]:
        """Lower something where `name is None` is known to hold, or not to: there is no doubt about the name then."""

    @abstractmethod
    def choose(
        self,
        test: Term,
        then: Callable[[], Term | None],
        orelse: Callable[[], Term | None],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """A value by a condition; only one side is evaluated."""

    @abstractmethod
    def both(self, lowered: Sequence[Callable[[], Term | None]], truth: Operand | None = None) -> list[Side]:
        """What two branches leave, each lowered on a copy of the environment; the first one where a `truth` holds."""

    # comparisons

    @abstractmethod
    def compare(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        """`left op right`, for one comparison."""

    # identity

    @abstractmethod
    def identical(self, node: gast.AST, left: Term, right: Term) -> bool:
        """Whether two terms are one object."""

    @abstractmethod
    def is_given(self, term: Term) -> bool:
        """Whether a term is an argument, or stands outside the function, and so was there before."""

    @abstractmethod
    def ask_object(self, term: Term, node: gast.AST) -> None:
        """Ask for an object of a user's class among the arguments to be known at compile time."""

    @abstractmethod
    def equal_objects(self, node: gast.AST, left: Term, right: Term) -> Term | None:
        """`left == right` where no class of the two has an `__eq__` with a text; None for what are no such objects."""

    @abstractmethod
    def equality(self, term: Term) -> str | None:
        """How a class of the user's compares that has no `__eq__` of its own: by identity, or by its fields."""

    # merging

    @abstractmethod
    def join_sides(
        self,
        node: gast.AST,
        truth: Operand,
        sides: Sequence[Side],
        dead: Callable[[str], bool] = lambda key: False,
        hint: str | None = None,
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If; `dead` keys are not read any more."""

    @abstractmethod
    def adopt_at(self, key: str, term: Term, frozen: str | None) -> Term:
        """A term for a key of the environment: what a cell holds stays a plain container."""

    @abstractmethod
    def frozen_by_merge(
        self,
        t1: Term,
        env1: Environment,
        t2: Term,
        env2: Environment,
        node: gast.AST,
        dead: Callable[[str], bool] = lambda key: False,
        own: int = 1,
    ) -> str | None:
        """Why the objects that are merged may not be changed: another name still sees one of them."""

    @abstractmethod
    def undefined(self, builder: Builder, like: Term, bottom: Type | None = None) -> Term:
        """A term of the structure of `like` whose leaves hold nothing."""

    # attributes

    @abstractmethod
    def attribute(self, base: Term, name: str, node: gast.AST) -> Term:
        """`base.name`."""

    @abstractmethod
    def set_named(self, base: Term, name: str, term: Term, node: gast.AST) -> None:
        """`setattr(base, name, term)`."""

    @abstractmethod
    def delete_named(self, base: Term, name: str, node: gast.AST) -> None:
        """`delattr(base, name)`."""

    # objects

    @abstractmethod
    def binary_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        """An operator that a user's class defines, reflected ones too; None where neither class does."""

    @abstractmethod
    def call_special(self, term: Term, name: str, arguments: list[Term], node: gast.AST) -> Term | None:
        """The result of a special method; None where the class has none, or it says NotImplemented."""

    @abstractmethod
    def compare_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        """A comparison that a user's class defines; None where neither class does."""

    @abstractmethod
    def truth_of_object(self, term: Term, node: gast.AST) -> Term:
        """What `bool` gives of an object."""

    @abstractmethod
    def instantiate(self, cls: type, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """`cls(*arguments, **keywords)` for a class of the user."""

    @abstractmethod
    def special(self, term: Term, name: str) -> Callable[..., object] | None:
        """A special method of the user's class of a term; None where there is none."""

    @abstractmethod
    def call_choice(
        self, choice: Choice, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of one of two functions, by a predicate."""

    # closures

    @abstractmethod
    def bind_arguments(
        self,
        name: str,
        signature: inspect.Signature,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        defaults: Mapping[str, Term],
        node: gast.AST,
    ) -> dict[str, Term]:
        """The terms of the parameters, in their order, as Python binds them."""

    @abstractmethod
    def is_value(self, term: Term) -> bool:
        """Whether a term can be passed at run time: no function, no generator in it."""

    @abstractmethod
    def lower_here(self, f: types.FunctionType, bound: dict[str, Term], node: gast.AST) -> Term:
        """The body of a function in the place of its call."""

    @abstractmethod
    def call_closure(self, closure: Closure, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A function or lambda made in the function, in the place of its call."""

    @abstractmethod
    def inner_frame(self, around: Frame, code: Code) -> Frame:
        """A frame for a function or comprehension that sees the names of another one."""

    @abstractmethod
    def closure_target(
        self, closure: Closure, bound: Mapping[str, Term], apart: bool = False
    ) -> tuple[ClosureTarget, list[Term]] | None:
        """A closure as a function of its own, with its arguments; None where it closes over what cannot be passed.

        With `apart` functions and what holds them, closed over or given, are taken apart: their values are passed.
        """

    @abstractmethod
    def closed_over(
        self, closure: Closure, around: Around, given: Iterable[Term] = ()
    ) -> list[tuple[Frame, str, Term]]:
        """The variables that a closure reads around it, by itself and through others; these others are put `around`.

        So do those that it is given.
        """

    @abstractmethod
    def closure_code(self, node: gast.AST) -> Code:
        """What is known of the text of a closure: computed once in a lowering."""

    @abstractmethod
    def enter(self, frame: Frame, bound: dict[str, Term], node: gast.AST) -> Term:
        """Lower the body of a frame; what it returns."""

    # derived_functions

    @abstractmethod
    def derived(
        self,
        f: UserFunction,
        operator: Operator,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
    ) -> Term:
        """`grad(closure, ...)`: the derivative of a function made inside, to be called."""

    @abstractmethod
    def call_derived(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The derivative of a function made inside, compiled with what it holds as further parameters."""

    @abstractmethod
    def derived_target(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> tuple[DerivedTarget, list[Operand]]:
        """The derivative of such a function as a target, with its operands: the arguments, and what it holds."""

    @abstractmethod
    def call_target(self, target: object, operands: list[Operand], node: gast.AST, hint: str | None) -> Term:
        """A derivative of such a function, called."""

    @abstractmethod
    def with_vectors(self, transform: Transformation, arguments: list[Term], node: gast.AST) -> list[Term]:
        """The arguments of `hvp` with its vectors one by one, in the order of the parameters: a tuple has them all."""

    # lifting

    @abstractmethod
    def lifted_or_here(self, lifted: Callable[[], Lifted], here: Callable[[], Term], node: gast.AST) -> Term:
        """The call of a method or closure: of a function of the module, or lowered in its place."""

    @abstractmethod
    def lifted_method(self, f: types.FunctionType, bound: Mapping[str, Term]) -> Lifted:
        """A method as a function of its own, and what it is called with.

        Raises:
            NotTaken: it is given what cannot be taken apart.
        """

    @abstractmethod
    def lifted_closure(self, closure: Closure, bound: Mapping[str, Term]) -> Lifted:
        """A closure as a function of its own, and what it is called with: what it reads around it among it.

        Raises:
            NotTaken: it is given, or reads, what cannot be taken apart.
        """

    # custom_calls

    @abstractmethod
    def call_custom(
        self, f: Custom, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a derivative of its own: always a function of the module."""

    @abstractmethod
    def call_black_box(
        self, box: BlackBox, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that runs as it is."""

    @abstractmethod
    def maybe_view(self, result: Operand, name: str, arguments: Sequence[Term]) -> Term:
        """What a function gave that may share the memory of its arguments, no telling how."""

    @abstractmethod
    def rule_result(self, target: BoxRule, arguments: list[Term], node: gast.AST) -> Term:
        """What a rule gives, from its parameters as those of one function."""

    # solver_calls

    @abstractmethod
    def call_solver(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row among the solvers."""

    @abstractmethod
    def call_given(
        self, function: SolverFunction, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """The call of a function that a solver gave."""

    @abstractmethod
    def expanded(self, term: Term, given: Sequence[Term], node: gast.AST) -> Closure:
        """`lambda x, y: f(x, y)` for a function that is called so: a method, a partial, one that takes `*args`."""

    @abstractmethod
    def parts_of(
        self,
        call: SolverCall,
        found: Part | Parts,
        whole: Operand,
        operands: Sequence[Operand],
        hint: str | None,
        key: object = None,
    ) -> Term:
        """What a solver gave, with its derivative."""

    @abstractmethod
    def numbers_in_array(self, operand: Operand, hint: str | None = None) -> Operand:
        """A list of numbers as the array that a function makes of it, as one thing to be differentiated by."""

    @abstractmethod
    def library_object(self, term: Term) -> Record | None:
        """The object of a library with rows for its methods that a term is, if it is such a one."""

    @abstractmethod
    def attribute_of_library(self, record: Record, name: str) -> Term | None:
        """An attribute of an object of a library, or a method; None where one made outside has it by itself."""

    @abstractmethod
    def make_object(self, cls: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """An object of a library with rows for its methods: what it was made of, and the object itself."""

    @abstractmethod
    def call_of_object(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of such an object."""

    # sparse_matrices

    @abstractmethod
    def sparse_term(self, operand: Operand) -> Term:
        """A sparse matrix from outside as a term; other operands as they are."""

    @abstractmethod
    def is_sparse(self, term: Term) -> bool:
        """Whether a term is a sparse matrix, or what solves with one."""

    @abstractmethod
    def call_sparse(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row in the book of sparse matrices; None for others."""

    @abstractmethod
    def method_of_sparse(
        self,
        receiver: Term,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """The call of a method of a matrix, or of what solves with it."""

    @abstractmethod
    def sparse_binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term | None:
        """An operator with a sparse matrix on one side or both; None for others."""

    @abstractmethod
    def sparse_unary(self, node: gast.UnaryOp, term: Term, hint: str | None) -> Term | None:
        """A sign before a sparse matrix; None for other terms."""

    @abstractmethod
    def sparse_attribute(self, base: Term, name: str, node: gast.AST) -> Term | None:
        """An attribute of a sparse matrix; None for other terms."""

    @abstractmethod
    def sparse_item(self, base: Term, index: Term, node: gast.AST, hint: str | None) -> Term | None:
        """`A[i, j]`; None for other terms."""

    @abstractmethod
    def refuse_written(self, base: Term, node: gast.AST) -> None:
        """Refuse to write into a sparse matrix."""

    @abstractmethod
    def solver_rule(self, target: SolverRule) -> Term:
        """What a rule gives, its parameters bound in the environment."""

    # custom_calls, of values

    @abstractmethod
    def with_adjoint(self, term: Term, hook: Closure, node: gast.AST) -> Term:
        """A value to whose adjoint something is done: a function of it, and of what that reads around it."""

    @abstractmethod
    def stopped(self, term: Term) -> Term:
        """A term without derivative: its numbers behind a barrier, its lists and objects anew."""

    # calls

    @abstractmethod
    def call(
        self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a term."""

    @abstractmethod
    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a method of an array, list, dict, or of an object."""

    # function_calls

    @abstractmethod
    def call_function(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: compiled for these arguments, or lowered here."""

    @abstractmethod
    def call_inline(self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A method, or what else is lowered in the place of its call; where it calls itself, it is compiled."""

    @abstractmethod
    def defaults_of(self, f: object, signature: inspect.Signature) -> dict[str, Term]:
        """The default values of a function; those that hold arrays, lists or objects belong to the function."""

    @abstractmethod
    def call_compiled(
        self,
        function: object,
        operands: list[Operand],
        node: gast.AST,
        hint: str | None,
        arguments: Sequence[Term] = (),
    ) -> Term | None:
        """Another function of the program; operands that it must know are asked of this function's parameters."""

    # comprehensions

    @abstractmethod
    def own_key(self, name: str) -> str:
        """The variable that an assignment to a name binds."""

    @abstractmethod
    def list_of(self, generator: Generator) -> Term:
        """The items of a generator expression."""

    @abstractmethod
    def folded(self, term: Term, name: str, kind: str, initial: Term | None) -> Term | None:
        """`sum`, `all` or `any` of a generator as a loop; None for what is no generator."""

    @abstractmethod
    def synthetic(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Term:
        """The result of a small function that one of Python's own is read as, its parameters bound."""

    @abstractmethod
    def own_closure(self, name: str, function: Callable[..., object], node: gast.AST) -> Closure:
        """A function of s2sad's own as one that is made inside."""

    @abstractmethod
    def tree_of(self, function: Callable[..., object], node: gast.AST) -> gast.FunctionDef:
        """The tree of a function of s2sad's own, as if it stood in the place of the node."""

    # loops

    @abstractmethod
    def carried_names(self, node: gast.For | gast.While) -> list[str]:
        """The variables that an iteration hands to the next, or to what follows the loop, as far as the text tells."""

    @abstractmethod
    def dead_after(self, node: gast.AST) -> Callable[[str], bool]:
        """Whether a variable that a statement assigns is not read behind it."""

    # iterators

    @abstractmethod
    def used_up(self, term: Term, left: Term = USED_UP) -> Term:
        """What is left of an iterator, as something to iterate over; in its cell is what is `left` behind that."""

    @abstractmethod
    def taken(self, term: Term, by: str) -> Term:
        """What is left of an iterator, for something that takes its items one by one: it is read nowhere else then."""

    @abstractmethod
    def next_item(self, ref: Ref, default: Term | None, node: gast.AST) -> Term:
        """`next(iterator, default)`."""

    @abstractmethod
    def is_used_up(self, ref: Ref) -> bool | None:
        """Whether an iterator has no more items; None where that is known at run time only."""

    @abstractmethod
    def is_read_again(self, ref: Ref, node: gast.For) -> bool:
        """Whether somebody may still want what a loop over an iterator leaves of it, in the loop or behind it."""

    @abstractmethod
    def is_unchanged_since(self, iterable: Term, env: Environment) -> bool:
        """Whether the lists and dicts that something runs over hold what they held."""

    @abstractmethod
    def walk_over(self, node: gast.For, iterable: Term) -> None:
        """A loop over something whose items are known, one round after the other."""

    @abstractmethod
    def walk(self, node: gast.For, ref: Ref) -> None:
        """A loop over what is left of an iterator."""

    @abstractmethod
    def walk_at_run_time(self, node: gast.For, ref: Ref) -> None:
        """A loop over an iterator whose position is known at run time: `while` there are items, the next one."""

    # iteration

    @abstractmethod
    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""

    @abstractmethod
    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""

    @abstractmethod
    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""

    @abstractmethod
    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""

    @abstractmethod
    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""

    @abstractmethod
    def known_rounds(self, term: Term) -> list[Term] | None:
        """The items of a short range whose bounds are known at compile time."""

    # statements

    @abstractmethod
    def body(self, tree: gast.FunctionDef) -> Term:
        """The statements of a body; what they return."""

    @abstractmethod
    def block(self, statements: Sequence[gast.AST]) -> Term | None:
        """Lower statements in order; the term that they return, None where they fall through."""

    @abstractmethod
    def bind(self, target: gast.AST, term: Term, taken: int = 0) -> None:
        """Bind a name, or the names of a tuple target; the last `taken` operations made the term for it alone."""

    # with_and_try

    @abstractmethod
    def dead_behind(self, node: gast.AST, sides: Sequence[Side]) -> Callable[[str], bool]:
        """Whether a variable is not read behind a branch; where both sides return, none of the frame's own is."""

    # library.primitives

    @abstractmethod
    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""

    @abstractmethod
    def call_defined(
        self, definition: Definition, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that is defined by others."""

    @abstractmethod
    def is_rows(self, term: Term) -> bool:
        """Whether a term is an array."""

    @abstractmethod
    def as_array_term(self, term: Term) -> Term:
        """A list of numbers as an array; other terms as they are."""

    @abstractmethod
    def as_array(self, term: Term) -> Operand:
        """A number, array or list of numbers as an operand that is an array."""

    @abstractmethod
    def apply_to(self, function: object, arguments: list[Term], node: gast.AST) -> Term:
        """The result of a primitive of operands made of terms."""

    @abstractmethod
    def as_argument(self, term: Term) -> Term:
        """An iterable as the list that a function makes of it; an object that says what array it is."""

    # library.iterables

    @abstractmethod
    def applied(self, term: Applied) -> Term:
        """The items of a `map` or `filter`, with all calls of its function."""

    @abstractmethod
    def items_left(self, contents: Rest) -> Term:
        """What is left of an iterator at a position of run time, as a list."""

    @abstractmethod
    def iterable(self, term: Term) -> Term:
        """What a term is iterated over by: `__iter__` of a user's class."""

    @abstractmethod
    def iterated(self, term: Term) -> Term:
        """The same, where that is an iterator: none of its items is taken."""

    @abstractmethod
    def rows_in_turn(self, iterables: Sequence[Term], node: gast.AST) -> Term:
        """`zip` where one iterator stands in several places: they take its items in turn."""

    @abstractmethod
    def first_of(self, ref: Ref, count: int, node: gast.AST) -> Term:
        """The next items of an iterator, at most so many."""

    @abstractmethod
    def listed(self, term: Term) -> Term:
        """A generator, or another iterable without an array behind it, as a list."""

    @abstractmethod
    def flattened(self, term: Term, node: gast.AST) -> Term:
        """`enumerate` and `zip` of a generator as generators; other terms as they are."""

    @abstractmethod
    def generator_of(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Generated:
        """A small generator that one of Python's own is read as, its parameters bound."""

    @abstractmethod
    def mapped(self, function: Term, iterables: list[Term], node: gast.AST) -> Term:
        """`map(function, *iterables)`, as the list of its items."""

    @abstractmethod
    def filtered(self, function: Term, iterable: Term, node: gast.AST) -> Term:
        """`filter(function, iterable)`, as the list of its items."""

    @abstractmethod
    def reduced(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`functools.reduce(function, iterable, initial)`, as a loop."""

    @abstractmethod
    def accumulated(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`itertools.accumulate(iterable, function, initial=initial)`, as the list of its items."""
