"""Names and attributes outside the function that are bound: `global` and `nonlocal` ones, those of objects and classes.

    calls += 1; Model.n_calls += 1; self.last = y

The first store lets the function be lowered again, so that the variable is read when the program runs (`NeedsHandle`).
"""

from __future__ import annotations

import types
from dataclasses import replace

import gast
import numpy as np

from s2sad.frontend.dependencies import MISSING, NeedsHandle, Variable, is_place, namespace
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax.outside_values import (
    NUMBERS,
    OutsideValues,
    Spot,
)
from s2sad.frontend.terms.cells import OfOutside
from s2sad.frontend.terms.terms import (
    Outside,
    Term,
    describe,
    is_static_object,
)
from s2sad.ir.primitives.handles import ITEM
from s2sad.ir.python_trees import walk
from s2sad.ir.values import constant


class OutsideNames(OutsideValues):
    """Lowers assignments to variables outside the function."""

    def is_outer(self, name: str) -> bool:
        """Whether an assignment to a name binds a variable outside the function."""
        tree = self.frame.tree
        if id(tree) not in self.declared:
            nodes = [n for n in scope.own_nodes(tree) if isinstance(n, gast.Global | gast.Nonlocal)]
            self.kept.append(tree)
            self.declared[id(tree)] = frozenset(name for n in nodes for name in n.names)
        return name in self.declared[id(tree)] and self.frame.find(name) is None

    def outer_variable(self, name: str, node: gast.AST) -> Variable:
        """The variable of the module, or of a function around it that has returned, which a name means."""
        function = self.frame.function
        if function is None:
            self.refuse(node, f"{name} is assigned, a variable of another function", OfOutside.instead)
        self.reads.function(function)
        free = function.__code__.co_freevars
        if name in free:
            closure, k = function.__closure__ or (), free.index(name)
            self.places.setdefault(id(closure[k]), (Variable(closure, k, f"{name}_cell"), closure[k]))
            return Variable(closure[k], name)
        space = function.__globals__
        self.places.setdefault(id(space), (Variable(function, "__globals__", "module_globals"), space))
        return Variable(space, name)

    def check_declared(self, node: gast.Global | gast.Nonlocal) -> None:
        """Refuse names outside that are bound otherwise than by assignments."""
        assigned = {
            id(n)
            for s in scope.own_nodes(self.frame.tree)
            if isinstance(s, (gast.Assign, gast.AugAssign, gast.AnnAssign))
            for t in (s.targets if isinstance(s, gast.Assign) else [s.target])
            for n in walk(t)
        }
        for n in scope.own_nodes(self.frame.tree):
            bound = isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load) and id(n) not in assigned
            name = n.id if bound else getattr(n, "name", "")
            if name in node.names and (bound or isinstance(n, gast.FunctionDef)) and self.is_outer(name):
                self.refuse(n, f"{name}, a variable outside the function, is bound here", OfOutside.instead)
        if isinstance(node, gast.Global):
            for name in node.names:
                if self.frame.find(name) is not None:
                    self.refuse(node, f"{name} is global here, and a variable of the function around it")

    def spot(self, variable: Variable) -> Spot:
        """Where a variable outside is.

        Raises:
            NeedsHandle: it was not known to be bound.
        """
        if not self.reads.settled.is_bound(variable):
            raise NeedsHandle(variable.holder, variable.name)
        handle = self.handle_of(variable.holder)
        if isinstance(variable.holder, types.CellType):
            return [handle], {"attribute": "cell_contents"}
        if isinstance(variable.holder, dict):
            return [handle, constant(variable.name)], {}
        return [handle], {"attribute": variable.name}

    def read_bound(self, variable: Variable, value: object) -> Term:
        """A variable outside that the function binds: read when the program runs."""
        operands, static = self.spot(variable)
        number = self.number_there(operands, static, value, variable.shown)
        if number is not None:
            self.reads.variable(replace(variable, handed=True))
            return number
        return Outside(self.done(ITEM, operands, static), variable.shown, value)

    def set_outer(self, variable: Variable, term: Term, node: gast.AST) -> None:
        """An assignment to a variable outside."""
        operands, static = self.spot(variable)
        value = self.keep(operands, static, term, node)
        self.note_put((id(namespace(variable.holder)), variable.name), value, node)

    def augment_outer(self, variable: Variable, node: gast.AugAssign) -> None:
        """An augmented assignment to a variable outside."""
        try:
            found = variable.read()
        except (LookupError, AttributeError, ValueError):
            found = MISSING
        if isinstance(found, np.ndarray) or (isinstance(found, list) and isinstance(node.op, gast.Add)):
            self.extended(self.as_handle(variable, found), node)
            return
        operands, static = self.spot(variable)
        self.reads.variable(replace(variable, handed=True))
        if not isinstance(found, NUMBERS) and found is not MISSING:
            self.refuse_in_place(node)
        self.note_added((id(namespace(variable.holder)), variable.name), node)
        self.keep(operands, {**static, "sign": self.sign_of(node)}, self.eval(node.value), node)

    def attribute_outside(self, base: Term, name: str, node: gast.AST) -> Variable | None:
        """An attribute of an object, class, module or function outside, to be bound."""
        if not is_static_object(base):
            return None
        owner = base.value
        if not self.is_reached(owner) and not is_place(owner) and not isinstance(owner, type):
            return None
        special = None if isinstance(owner, type | types.ModuleType) else self.reads.of_class(type(owner), name)[1]
        own = self.reads.of_class(type(owner), "__setattr__")[1]
        slot = isinstance(special, types.MemberDescriptorType)
        if isinstance(own, types.FunctionType) or (special is not MISSING and hasattr(special, "__set__") and not slot):
            self.refuse(node, f"{name} of {describe(base)} is set, which its class defines", OfOutside.instead)
        return Variable(owner, name)
