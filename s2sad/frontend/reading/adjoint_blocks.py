"""`with adjoint(x) as x_bar`: a block for the reverse sweep, as a function of the adjoint.

with s2sad.adjoint(x) as x_bar:            def adjoint_of_x(x_bar):
    x_bar = np.clip(x_bar, -1, 1)              x_bar = np.clip(x_bar, -1, 1)
                                               return x_bar
                                           x = s2sad.adjoint(x, adjoint_of_x)
"""

from __future__ import annotations

import gast


def is_adjoint(statement: gast.With) -> bool:
    """Whether a block is one of an adjoint, by the name of its manager; that it is s2sad's is found at the call."""
    if len(statement.items) != 1:
        return False
    call, named = statement.items[0].context_expr, statement.items[0].optional_vars
    if not (isinstance(call, gast.Call) and len(call.args) == 1 and isinstance(call.args[0], gast.Name)):
        return False
    name = call.func.attr if isinstance(call.func, gast.Attribute) else getattr(call.func, "id", "")
    return name == "adjoint" and isinstance(named, gast.Name) and not call.keywords


def as_function(statement: gast.With, name: str) -> list[gast.AST]:
    """The function of the adjoint, and the call that it is given to."""
    call, bar = statement.items[0].context_expr, statement.items[0].optional_vars
    x = call.args[0]
    parameter = _name(bar.id, gast.Param())
    arguments = gast.arguments(
        args=[parameter], posonlyargs=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    function = gast.FunctionDef(
        name=f"{name}{x.id}",
        args=arguments,
        body=[*statement.body, gast.Return(value=_name(bar.id, gast.Load()))],
        decorator_list=[],
        returns=None,
        type_comment=None,
        type_params=[],
    )
    made = gast.Call(func=call.func, args=[x, _name(function.name, gast.Load())], keywords=[])
    return [function, gast.Assign(targets=[_name(x.id, gast.Store())], value=made, type_comment=None)]


def _name(name: str, ctx: gast.AST) -> gast.Name:
    return gast.Name(id=name, ctx=ctx, annotation=None, type_comment=None)
