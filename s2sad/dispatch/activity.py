"""By which arguments derivatives can be taken, and what to pass instead of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2sad.compiler.transform import Transform
from s2sad.errors import ArgumentError, NotDifferentiable, shown
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.holder_classes import adaptor_of, is_holder_class, way_out
from s2sad.ir.installed import root_of
from s2sad.ir.types import ContainerType, SparseType, StaticType, Type, is_active_type, leaves


def check_active(target: object, transform: Transform, given: Sequence[Type], names: Sequence[str]) -> None:
    """Whether derivatives can be taken by the parameters asked for, for arguments of these types.

    Raises:
        ArgumentError: there is no such parameter.
        NotDifferentiable: it holds no floats.
    """
    for k in transform.argnums:
        if k >= len(given):
            raise ArgumentError(f"argnums {k}: {callable_name(target)} has {len(given)} parameters")
        if not is_active_type(given[k]):
            what, instead = no_floats(given[k], names[k])
            raise NotDifferentiable(
                f"the derivative of {callable_name(target)} by its parameter {names[k]!r} needs floats, "
                f"not {what}; {instead}"
            )


def no_floats(t: Type, name: str) -> tuple[str, str]:
    """What an argument without floats is, and what to pass instead."""
    cls = t.cls if isinstance(t, ContainerType) else type(t.value) if isinstance(t, StaticType) else None
    held = next((leaf.value for leaf in leaves(t) if isinstance(leaf, StaticType)), None)
    if isinstance(t, SparseType):
        return str(t), "differentiate by its data: lambda data: f(csr_array((data, A.indices, A.indptr), A.shape))"
    if is_holder_class(type(held)):
        adaptor = adaptor_of(held)
        instead = f"pass {way_out(held, name)}" + (f", or call {adaptor}.wrap(f)" if adaptor else "")
        return f"{type(held).__name__} of {root_of(type(held).__module__)}", instead
    if cls is not None and hasattr(cls, "__array__") and cls is not np.ndarray:
        module = root_of(cls.__module__)
        return f"{cls.__name__} of {module}", f"pass its numbers: np.asarray({name}, dtype=float)"
    if t.is_array or isinstance(held, np.ndarray):
        what = shown(held) if isinstance(t, StaticType) else str(t)
        return what, f"pass floats: np.asarray({name}, dtype=float), or leave the parameter out of argnums"
    if isinstance(t, StaticType):
        return shown(t.value), "leave the parameter out of argnums"
    if name in ("self", "cls"):
        return f"an object of {cls.__name__}" if cls else str(t), "argnums=1 is the parameter behind it"
    return str(t), "pass a float, or leave the parameter out of argnums"
