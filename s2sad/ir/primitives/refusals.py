"""Derivatives that are not there: refused where something needs them, and not before.

u, s, vh = np.linalg.svd(x)
u_dot = unknown(u)            refused, unless nothing reads it
"""

from __future__ import annotations

from typing import Any

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.types import Type
from s2sad.ir.values import Function, is_call_of, walk


def _unknown_type(like: Type, /, *, what: str, instead: str) -> Type:
    return like


def _refused(like: object, /, *, what: str, instead: str) -> object:
    raise UnsupportedType(what, instead)


def _refused_tangent(y: Any, xs: Any, dots: Any, *, what: str, instead: str) -> Any:
    raise UnsupportedType(what, instead)


def _refused_adjoint(g: Any, y: Any, xs: Any, active: Any, *, what: str, instead: str) -> Any:
    raise UnsupportedType(what, instead)


UNKNOWN = register(Primitive("unknown", _refused, _unknown_type, _refused_tangent, _refused_adjoint))


def without_tangent(like: Any, what: str, instead: str) -> Any:
    """The tangent of a part of a result that has none."""
    if not isinstance(like, Expr):
        raise UnsupportedType(what, instead)
    return like.builder.call(_refused, like, what=what, instead=instead)


def refuse_unknown(function: Function) -> Function:
    """The function, which is the one that will be run.

    Raises:
        UnsupportedType: it needs a derivative that is not there.
    """
    for op in walk(function.body):
        if is_call_of(op, UNKNOWN):
            raise UnsupportedType(str(op.static["what"]), str(op.static["instead"]), op.location)
    return function
