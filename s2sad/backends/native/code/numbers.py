"""How a primitive of numbers becomes instructions: by what its row says of it.

1. as the operator that it is spelled as                        `_0 + _1`
2. as a conversion, where its function is a class               `np.float32`, `int`
3. by what it computes in terms of others                       `on_numbers` of its row
4. as what a machine has under its noun                         `floor`, `maximum`
5. as a function that the backend, C's library or SciPy has     `exp`, `gammaln`

What `math` has leaves the function where it makes of numbers none, or of finite ones an infinite one: there it raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from s2sad.backends.native.code.conversions import converted, operand_as, python_integer
from s2sad.backends.native.code.functions import function, is_elementary, leave_as_math, power
from s2sad.backends.native.code.instructions import INSTRUCTIONS, NotHere
from s2sad.backends.native.code.operators import OPERATORS, Operator, Use
from s2sad.backends.native.code.values import INT, Number, literal, part_type
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import ArrayType, promote
from s2sad.ir.values import Apply, Constant, Operand, Value

_SPELLED: dict[str, Operator] = {**OPERATORS, "_0 ** _1": power}


def applied(w: Writer, op: Apply, numbers: Sequence[Number | None]) -> Number:
    """The number that an operation gives; a static operand is None.

    Raises:
        Unsupported: native code has no such operation, or none of such numbers.
    """
    use = _use(op, numbers)
    for dtype in (use.dtype, *(x.dtype for x in use.numbers)):
        part_type(dtype)
    found = _spelled(w, use) or _conversion(w, use) or _by_formula(w, use, op) or _named(w, use)
    if getattr(op.primitive.function, "__module__", "") == "math" and found.dtype.kind == "f":
        leave_as_math(w, found, [converted(w, x, found.dtype) for x in use.numbers])
    return _known(converted(w, found, use.dtype), use.result)


def _use(op: Apply, numbers: Sequence[Number | None]) -> Use:
    pairs = [(x, o.type) for x, o in zip(numbers, op.operands, strict=True) if x is not None]
    types = tuple(t for _, t in pairs if isinstance(t, ArrayType))
    result = op.result.type
    if not isinstance(result, ArrayType) or len(types) < len(pairs) or not pairs:
        raise UnsupportedCall(f"{op.primitive.name} in native code", "use backend='numpy'")
    return Use(op.primitive, tuple(x for x, _ in pairs), types, result, op.static)


def _known(x: Number, t: ArrayType) -> Number:
    """The number, a constant where its type says which integer it is."""
    if isinstance(t.size, int) and x.dtype == INT and abs(t.size) < 1 << 62:
        return literal(t.size, INT)
    return x


def _spelled(w: Writer, use: Use) -> Number | None:
    spelling = use.primitive.spelling
    operator = _SPELLED.get(spelling) if isinstance(spelling, str) else None
    return operator(w, use) if operator is not None else None


# conversions


def _conversion(w: Writer, use: Use) -> Number | None:
    if not isinstance(use.primitive.function, type) and use.primitive.function is not np.astype:
        return None
    x, t = use.numbers[0], use.types[0]
    if len(use.numbers) == 2:
        return _complex_of(w, *use.numbers, use.dtype)
    if use.result.kind == "python" and use.dtype == INT:
        return python_integer(w, x)
    if t.kind == "python" and use.dtype.kind in "iu":
        return operand_as(w, python_integer(w, x), t, use.dtype)
    if x.dtype.kind == "c" and use.dtype.kind not in "cb" and use.result.kind == "python":
        raise UnsupportedType("a real number of a complex one", "take its real part")
    return converted(w, x, use.dtype)


def _complex_of(w: Writer, a: Number, b: Number, dtype: np.dtype[Any]) -> Number:
    """a + b j, of numbers that may be complex themselves."""
    (ar, ai), (br, bi) = converted(w, a, dtype).parts, converted(w, b, dtype).parts
    real = w.let(f"fsub double {ar}, {bi}") if len(b.parts) == 2 else ar
    return Number((real, w.let(f"fadd double {ai}, {br}") if len(a.parts) == 2 else br), dtype)


# by others


def _by_formula(w: Writer, use: Use, op: Apply) -> Number | None:
    formula = use.primitive.on_numbers
    is_real = all(x.dtype.kind != "c" for x in use.numbers)
    if formula is None or (is_real and is_elementary(use.primitive.noun, len(use.numbers))):
        return None
    dtype = _common(use)
    builder = Builder(op.location, op.about)
    places: list[Value] = []
    given: list[object] = []
    for o in op.operands:
        if isinstance(o.type, ArrayType):
            places.append(Value(ArrayType(dtype or o.type.dtype, (), "numpy")))
            given.append(builder.expr(places[-1]))
        else:
            assert isinstance(o, Constant)
            given.append(o.value)
    made = formula(*given, **op.static)
    if made is None:
        return None
    numbers = [x if dtype is None else operand_as(w, x, t, dtype) for x, t in zip(use.numbers, use.types, strict=True)]
    found: dict[Operand, Number] = dict(zip(places, numbers, strict=True))
    for inner in builder.operations:
        assert isinstance(inner, Apply)
        found[inner.result] = applied(w, inner, [number_of(o, found) for o in inner.operands])
    result = number_of(builder.operand(made), found)
    assert result is not None
    return result


def _common(use: Use) -> np.dtype[Any] | None:
    """The dtype in which a function of several numbers is computed; None where each stays what it is."""
    dtypes = [x.dtype for x in use.numbers]
    if use.dtype.kind == "b":
        return promote(*use.types)
    return None if use.dtype.kind != "c" and any(d.kind == "c" for d in dtypes) else use.dtype


def number_of(operand: Operand, found: Mapping[Operand, Number]) -> Number | None:
    """The number that an operand is; None for what is known at compile time and no number."""
    if isinstance(operand, Constant):
        t = operand.type
        if not isinstance(t, ArrayType) or t.dtype is None or t.shape != ():
            return None
        return literal(operand.value, t.dtype)
    return found[operand]


# by name


def _named(w: Writer, use: Use) -> Number:
    operator = INSTRUCTIONS.get(use.primitive.noun)
    if operator is not None:
        try:
            return operator(w, use)
        except NotHere:
            pass
    return function(w, use)


def is_cheap(primitive: Primitive) -> bool:
    """Whether what it computes costs so little that it may be computed where it is not wanted."""
    return primitive.light or primitive.compares or isinstance(primitive.function, type)
