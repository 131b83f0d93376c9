"""What libraries compute, written into memory that is there: products of matrices, as loops."""

from __future__ import annotations

import numpy as np

from s2sad.emit.c.text import Text, call
from s2sad.emit.c.values import Values
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.values import Apply


def into(values: Values, op: Apply) -> str:
    """A product of matrices, `c = a @ b`, each of which may be turned."""
    if op.static["function"] != "dot" or any(o.type.dtype != np.float64 for o in op.operands):
        raise UnsupportedCall(f"np.{op.static['function']} of {op.operands[0].type} in C", "use float64")
    a, b, c = (values.handle(o) for o in op.operands)
    if any(len(x.lengths) != 2 for x in (a, b, c)):
        raise UnsupportedType("a product of stacks of matrices in C", "write a loop")
    flags = op.static.get("turned") or (False, False)
    assert isinstance(flags, tuple)
    given: list[Text | str] = []
    for x, turned in ((a, flags[0]), (b, flags[1])):
        strides = [x.lengths[1], Text("1")]
        given += [x.pointer, *(reversed(strides) if turned else strides)]
    inner = a.lengths[0] if flags[0] else a.lengths[1]
    values.note("matrix_product")
    return f"{call('matrix_product', *given, c.pointer, c.lengths[0], inner, c.lengths[1])};"
