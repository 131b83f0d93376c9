"""Building IR: the builder appends operations with their types computed; `Expr` lets a rule be a NumPy expression.

    with Builder() as b:
        y = np.sin(b.expr(x)) * 2.0       # appends two operations

Integer and other Python-scalar arithmetic on constants is folded at once, so that `len(shape) - 1` is a static axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2sad.errors import NOWHERE, InternalError, Location, UnsupportedCall, UnsupportedType
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, MAKE_SLICE, SHAPE
from s2sad.ir.dims import is_known
from s2sad.ir.primitive import Effect, NotByRule, Primitive, Quantity, Rule, lookup
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, Type
from s2sad.ir.values import Apply, Block, Call, Constant, FunctionRef, Operand, Operation, Value, constant, is_operand

_FOLDABLE = (bool, int, float)

defined: list[Callable[[Callable[..., object]], Rule | None]] = []
"""From a function that has no rule of its own to what it is defined as."""


@dataclass(frozen=True)
class Primal:
    """The values of a function, where its derivative is built."""

    definitions: Mapping[Operand, Operation]
    origins: Mapping[Operand, Operand]
    """The values for which others stand in the derivative."""
    read: Callable[[Builder, Value], Operand]
    """What stands for a value."""

    def origin(self, operand: Operand) -> Operand:
        """The value for which an operand of the derivative stands; any other operand itself."""
        return self.origins.get(operand, operand)

    def definition(self, operand: Operand) -> Apply | None:
        """The operation that gives a value, if it is no call, loop or branch."""
        found = self.definitions.get(self.origin(operand))
        return found if isinstance(found, Apply) else None


class Builder:
    """Appends operations to a list. `location` and `about` are given to all that is appended.

    `outer` is the builder of the block around that of this one. With it is shared what rules ask of values that were
    made elsewhere: adjoints that are `masked`, parts of them being 0 by a mask, and values of the primal, which may be
    infinite where they are `unbounded`, and are masks of numbers where they are `masking`. In a derivative the values
    of the `primal` are known by their operations, and which tangents are those of `roots`.
    """

    __slots__ = (
        "about",
        "known_masked",
        "known_stores",
        "location",
        "made",
        "masked",
        "masking",
        "noted",
        "operations",
        "outer",
        "primal",
        "roots",
        "unbounded",
    )

    def __init__(self, location: Location = NOWHERE, about: tuple[Operation, ...] = ()) -> None:
        self.operations: list[Operation] = []
        self.location = location
        self.about = about
        self.outer: Builder | None = None
        self.masked: set[Operand] = set()
        self.unbounded: set[Operand] = set()
        self.masking: set[Operand] = set()
        self.known_masked: dict[object, dict[Operand, bool]] = {}
        """What was found out about adjoints, as long as nothing is added to these sets."""
        self.known_stores: dict[Operand, int] = {}
        """Of how many stores adjoints were made."""
        self.made: dict[Operand, Operation] = {}
        """The operations that gave values, for as many of them as were `noted`."""
        self.noted = 0
        self.primal = Primal({}, {}, lambda builder, value: value)
        self.roots: dict[Operand, tuple[Apply, Sequence[Operand | None]]] = {}
        """For a tangent of what has a smooth square, what that is, and the tangents of its operands."""

    def child(self) -> Builder:
        """A builder for a block inside the present one."""
        inner = Builder(self.location, self.about)
        inner.outer = self
        inner.masked, inner.unbounded, inner.masking = self.masked, self.unbounded, self.masking
        inner.known_masked, inner.known_stores = self.known_masked, self.known_stores
        inner.primal, inner.roots = self.primal, self.roots
        return inner

    def maker(self, operand: Operand) -> Operation | None:
        """The operation that gave a value, in this block or one around it; None for parameters and constants."""
        around: Builder | None = self
        while around is not None:
            for op in around.operations[around.noted :]:
                around.made.update((r, op) for r in op.results)
            around.noted = len(around.operations)
            if operand in around.made:
                return around.made[operand]
            around = around.outer
        return None

    def block(self, parameters: Sequence[Value], results: Sequence[Operand]) -> Block:
        """What was appended, as a block."""
        return Block(tuple(parameters), tuple(self.operations), tuple(results))

    def apply(
        self,
        primitive: Primitive,
        operands: Sequence[Operand],
        static: Mapping[str, object] | None = None,
        hint: str | None = None,
        loose: bool = False,
    ) -> Operand:
        """Append `primitive(*operands, **static)`; the result is a constant where all is known."""
        static = static or {}
        types = [o.type for o in operands]
        if primitive.of_complex is not None and any(t.is_complex for t in types):
            primitive = primitive.of_complex
        # What needs the result of a call that is not lowered yet has no type either: the next round knows more.
        if BOTTOM in types and primitive.effect is not Effect.IO:
            result_type: Type = BOTTOM
        else:
            folded = _fold(primitive, operands, static)
            if folded is not None:
                return folded
            result_type = primitive.result_type(types, static)
            if isinstance(result_type, ArrayType) and result_type.dtype is not None and result_type.dtype.kind == "V":
                raise UnsupportedType("a structured array", "use one array for each field")
        result = Value(result_type, hint, loose)
        self.operations.append(Apply(primitive, tuple(operands), result, static, self.location, self.about))
        return result

    def rename(self, operand: Operand, new: Value) -> bool:
        """Put another value in the place of an operand, if it is what the last operation appended gives."""
        last = self.operations[-1] if self.operations else None
        if not isinstance(last, Apply) or last.result is not operand:
            return False
        self.operations[-1] = replace(last, result=new)
        return True

    def call_function(self, function: FunctionRef, operands: Sequence[Operand], hint: str | None = None) -> Value:
        """Append a call of another function of the program."""
        result = Value(function.result, hint)
        self.operations.append(Call(function, tuple(operands), result, self.location, self.about))
        return result

    def expr(self, operand: Operand) -> Expr:
        """The operand as a NumPy-like expression."""
        return Expr(self, operand)

    def call(self, function: Callable[..., object], *arguments: object, **keywords: object) -> Expr:
        """Append a call of a function that has a rule, for those which do not dispatch on their arguments."""
        primitive = lookup(function)
        if primitive is None:
            return self.written_out(function, arguments, keywords, UnsupportedCall(f"no rule for {function!r}"))
        try:
            # what the rule of a primitive does not take may be written in terms of others that do
            operands, static = primitive.bind(arguments, keywords)
        except TypeError as e:
            return self.written_out(function, arguments, keywords, e)
        try:
            return Expr(self, self.apply(primitive, [self.operand(o) for o in operands], static))
        except NotByRule as e:
            return self.written_out(function, arguments, keywords, e)

    def written_out(
        self,
        function: Callable[..., object],
        arguments: Sequence[object],
        keywords: Mapping[str, object],
        why: Exception,
    ) -> Expr:
        """What a function is defined as, in the place of its call."""
        expression = next((e for e in (find(function) for find in defined) if e is not None), None)
        if expression is None:
            raise why
        found: Expr = expression(*arguments, **keywords)
        return found

    def operand(self, x: object) -> Operand:
        """Anything as an operand: expressions, values, numbers, and containers of these."""
        if isinstance(x, Expr):
            return x.operand
        if is_operand(x):
            return x
        if isinstance(x, slice):
            parts = [self.operand(p) for p in (x.start, x.stop, x.step)]
            known = _known(parts)
            return self.apply(MAKE_SLICE, parts) if known is None else constant(slice(known[0], known[1], known[2]))
        if isinstance(x, (tuple, list)) and type(x) in (tuple, list):
            items = [self.operand(i) for i in x]
            keys = tuple(range(len(items)))
            known = _known(items)
            if known is not None:
                return Constant(type(x)(known), ContainerType(type(x), keys, tuple(i.type for i in items)))
            return self.make(type(x), keys, items)
        return constant(x)

    def make(self, cls: type, keys: Sequence[object], items: Sequence[Operand], hint: str | None = None) -> Value:
        """A container of the items."""
        result = self.apply(MAKE, items, {"cls": cls, "keys": tuple(keys)}, hint)
        assert isinstance(result, Value)
        return result

    def tuple(self, items: Sequence[Operand], hint: str | None = None) -> Value:
        """A tuple of the items."""
        return self.make(tuple, range(len(items)), items, hint)

    def one_or_tuple(self, items: Sequence[Operand]) -> Operand:
        """The item where there is one, else a tuple of them."""
        return items[0] if len(items) == 1 else self.tuple(items)

    def extract(self, container: Operand, key: object, hint: str | None = None, loose: bool = False) -> Operand:
        """One item of a container."""
        if isinstance(container, Constant):
            return Constant(container.value[key], container.type[key])  # type: ignore[index]
        item = container.type[key]
        # The type says which integer it is: it is a constant, and what reads it may be folded.
        if item.kind == "python" and is_known(item.size):
            return constant(item.size)
        return self.apply(EXTRACT, (container,), {"key": key}, hint, loose)


def _known(operands: Sequence[Operand]) -> list[object] | None:
    """The values of operands that are all constants, None where one is not."""
    values = [o.value for o in operands if isinstance(o, Constant) and not isinstance(o.value, np.ndarray)]
    return values if len(values) == len(operands) else None


def _fold(primitive: Primitive, operands: Sequence[Operand], static: Mapping[str, object]) -> Constant | None:
    """The number that an operation on known numbers gives; None where it is left to run time."""
    if primitive.fold is None or static or not operands:
        return None
    for o in operands:
        # a constant with a text is named as the user wrote it, and stays so in the emitted code
        if not isinstance(o, Constant) or type(o.value) not in _FOLDABLE or o.text is not None:
            return None
    try:
        value = primitive.fold(*(o.value for o in operands))  # type: ignore[union-attr]
    except ArithmeticError:
        return None  # the emitted statement raises the user's own exception
    return constant(value) if type(value) in _FOLDABLE else None


def _binary(function: Callable[..., object]) -> Callable[[Expr, object], Expr]:
    return lambda self, other: self.builder.call(function, self, other)


def _reflected(function: Callable[..., object]) -> Callable[[Expr, object], Expr]:
    return lambda self, other: self.builder.call(function, other, self)


class Expr(np.lib.mixins.NDArrayOperatorsMixin):
    """An operand under construction that NumPy's functions and Python's operators accept."""

    __slots__ = ("builder", "operand")
    __array_priority__ = 1000.0

    def __init__(self, builder: Builder, operand: Operand) -> None:
        self.builder = builder
        self.operand = operand

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **keywords: object) -> Expr:
        if method != "__call__":
            raise InternalError(f"a rule may not use {ufunc.__name__}.{method}")
        return self.builder.call(ufunc, *inputs, **keywords)

    def __array_function__(
        self,
        function: Callable[..., object],
        types: object,
        arguments: Sequence[object],
        keywords: Mapping[str, object],
    ) -> Expr:
        return self.builder.call(function, *arguments, **keywords)

    __add__, __radd__ = _binary(np.add), _reflected(np.add)
    __sub__, __rsub__ = _binary(np.subtract), _reflected(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply), _reflected(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.divide), _reflected(np.divide)

    @property
    def origin(self) -> Operand:
        """The value of the primal for which the operand stands."""
        return self.builder.primal.origin(self.operand)

    @property
    def type(self) -> Type:
        """The type of the operand."""
        return self.operand.type

    @property
    def known(self) -> int | float | None:
        """The value where it is a Python number known at compile time, else None."""
        operand = self.operand
        return operand.value if isinstance(operand, Constant) and isinstance(operand.value, (int, float)) else None

    @property
    def dtype(self) -> np.dtype[np.generic] | None:
        return self.type.dtype

    @property
    def ndim(self) -> int | None:
        """The rank; None where it is not known."""
        return self.type.rank

    @property
    def shape(self) -> Expr:
        return Expr(self.builder, self.builder.apply(SHAPE, (self.operand,)))

    @property
    def size(self) -> Expr:
        return self.builder.call(np.size, self)

    @property
    def T(self) -> Expr:
        return self.builder.call(np.transpose, self)

    def __getitem__(self, index: object) -> Expr:
        if isinstance(self.type, ContainerType):
            return Expr(self.builder, self.builder.extract(self.operand, index))
        return Expr(self.builder, self.builder.apply(GETITEM, (self.operand, self.builder.operand(index))))

    def __getattr__(self, name: str) -> Expr:
        if not name.startswith("_") and isinstance(self.operand.type, ContainerType):
            fields = getattr(self.operand.type.cls, "_fields", self.operand.type.keys)
            key = fields.index(name) if name in fields else name
            if issubclass(self.operand.type.cls, tuple):
                return self[key]
            return self[name]
        raise AttributeError(name)

    def __iter__(self) -> Iterator[Expr]:
        if not self.type.is_container:
            raise InternalError("a rule may not iterate over an array")
        return (self[key] for key in self.type.keys)

    def __len__(self) -> int:
        if not self.type.is_container:
            raise InternalError("a rule may not ask for the length of an array")
        return len(self.type.keys)

    def __bool__(self) -> bool:
        raise InternalError("a rule may not branch on a value; it may branch on rank, dtype and static arguments")


def rank_of(x: Quantity) -> int | None:
    """The rank of an expression or of a number; None where it is not known."""
    if isinstance(x, Expr):
        return x.type.rank
    return np.ndim(x)


def shape_of(x: Quantity) -> Quantity:
    """`np.shape(x)`, for rules."""
    return x.shape if isinstance(x, Expr) else np.shape(x)


def known_value(x: object) -> int | float | None:
    """The number where it is known at compile time: a plain number, or a constant; else None."""
    if isinstance(x, Expr):
        return x.known
    return x if isinstance(x, (int, float)) else None


def call(function: Callable[..., object], *arguments: object, **keywords: object) -> Quantity:
    """Call a function that does not dispatch on its arguments: on expressions it appends, on numbers it computes."""
    builder = next((b for a in arguments for b in _builders(a)), None)
    return function(*arguments, **keywords) if builder is None else builder.call(function, *arguments, **keywords)


def beside(x: object, function: Callable[..., object], *arguments: object, **keywords: object) -> Quantity:
    """Call a function of what may be all known, in the program of `x`."""
    return x.builder.call(function, *arguments, **keywords) if isinstance(x, Expr) else function(*arguments, **keywords)


def _builders(x: object) -> Iterator[Builder]:
    if isinstance(x, Expr):
        yield x.builder
    elif isinstance(x, (tuple, list)):
        for item in x:
            yield from _builders(item)
