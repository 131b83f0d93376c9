"""Which numbers are masks: 0 where something is left out of a product.

m = (x > 0).astype(float)       a mask
n = 1.0 - np.eye(3)             a mask
y = n * np.sqrt(r)              so the adjoint of the root is 0 where n is
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2sad.ir.containers import GETITEM
from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.values import Apply, Constant, Operand, Operation


def is_mask_value(made_by: Callable[[Operand], Operation | None], operand: Operand) -> bool:
    """Whether an array is a mask of numbers: truth values or integers, or what is computed of such."""
    t = operand.type
    if not t.is_numeric or not t.rank:
        return False
    if t.is_mask or t.is_integer:
        return True
    made = made_by(operand)
    if not isinstance(made, Apply):
        return False
    p, operands = made.primitive, made.operands
    if p in map(lookup, (np.eye, np.identity, np.tri)):
        return True
    if p.algebra is Algebra.PRODUCT:
        return all(is_mask_value(made_by, o) for o in operands)
    if p.algebra is Algebra.DIFFERENCE:
        return isinstance(operands[0], Constant) and operands[0].value == 1 and is_mask_value(made_by, operands[1])
    same = p.layout is not None or p.view is not None or p in (GETITEM, lookup(np.astype))
    return same and is_mask_value(made_by, operands[0])
