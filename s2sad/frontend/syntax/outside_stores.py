"""What is stored outside the function: counters, lists and dicts of what was computed, global and nonlocal names.

    calls += 1; history.append(y); seen[k] = y; Model.n_calls += 1

What is stored are values: no derivative flows there. The first store into an object, or to a name or attribute, lets
the function be lowered again, with that object as a handle (`NeedsHandle`): of what it holds nothing is known then but
integers, which are read when the program runs.

An array is stored as a copy, an argument as it is. What is stored must not be changed behind the store, as the object
outside would have to see that.
"""

from __future__ import annotations

import operator
import types
from collections.abc import MutableMapping, MutableSequence, MutableSet
from dataclasses import replace
from typing import NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.dependencies import MISSING, NeedsHandle, Variable, is_place, namespace
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.terms.cells import AfterStore, OfOutside, StoredInArgument, map_operands
from s2sad.frontend.terms.terms import (
    Outside,
    Range,
    Ref,
    Term,
    describe,
    is_iterator,
    is_new_iterator,
    is_number,
    is_static_object,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitive import Primitive
from s2sad.ir.primitives.handles import CALL, COUNT, DELETE, FLAG, HOLDS, ITEM, STORE, WHOLE
from s2sad.ir.python_trees import walk
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Constant, Operand, Value, constant

CONTAINERS = (MutableSequence, MutableSet, MutableMapping)
NUMBERS = (int, float, complex, np.number)
NOT_ADDED = (np.ndarray, *CONTAINERS)
"""What an augmented assignment changes in place."""
ONLY_READ = frozenset({*dir(tuple), *dir(frozenset), *dir(types.MappingProxyType)})
"""The methods of containers that do not change them."""
SIGNS: dict[type[gast.AST], str] = {
    gast.Add: "+",
    gast.Sub: "-",
    gast.Mult: "*",
    gast.Div: "/",
    gast.FloorDiv: "//",
    gast.Mod: "%",
    gast.Pow: "**",
    gast.BitOr: "|",
    gast.BitAnd: "&",
    gast.BitXor: "^",
}
"""The augmented assignments that can be made outside."""
Key = tuple[int, object]
"""A place outside: what holds it, by identity, and the name or key; None where that is known at run time only."""
Spot = tuple[list[Operand], dict[str, object]]
"""A place outside: the handle with the key of an item, or with the name of an attribute."""


class OutsideStores(Lowering):
    """Lowers stores into what stands outside the function."""

    # objects

    def outside_object(self, term: Term) -> Outside | None:
        """An object outside that a store is made into; None for an object of the function.

        Raises:
            NeedsHandle: it was not known to take values.
        """
        if isinstance(term, Outside):
            return term
        found: object = None
        if isinstance(term, Ref):
            why = self.frozen.get(term.cell)
            found = why.item if isinstance(why, OfOutside) else None
        elif is_static_object(term) and self.is_reached(term.value):
            found = term.value
        if isinstance(found, CONTAINERS):
            raise NeedsHandle(found)
        return None

    def handle_of(self, holder: object) -> Operand:
        """An object outside as a parameter.

        Raises:
            StoredInArgument: only an argument, known at compile time, is known to lead to it.
        """
        if not self.is_reached(holder):
            what = f"something is stored in {describe(constant(holder))}, which no variable outside leads to"
            raise StoredInArgument(what, OfOutside.instead, self.builder.location)
        return self.captured_value(replace(self.places[id(holder)][0], handed=True))

    def is_reached(self, value: object) -> bool:
        """Whether a variable outside led to an object."""
        return id(value) in self.places

    def as_handle(self, variable: Variable, value: object) -> Outside:
        """A variable outside that holds an object which takes values."""
        return Outside(self.captured_value(replace(variable, handed=True)), variable.shown, value)

    def item_outside(self, outside: Outside, index: Term, node: gast.AST) -> Term:
        """`outside[index]`: an integer, or what is stored into in its turn."""
        key = self.to_operand(index)
        found = self.item_found(outside.found, key)
        if type(found) in (int, bool):
            return self.integer([outside.handle, key], {}, type(found) is bool)
        name = f"{outside.name}[{'...' if known_key(key) is None else repr(known_key(key))}]"
        return Outside(self.done(ITEM, [outside.handle, key]), name, found)

    def item_found(self, container: object, key: Operand) -> object:
        """What is at a key while compiling, of a class that it must keep; None where nothing is known of it."""
        name = known_key(key)
        if not isinstance(container, (dict, list)) or not isinstance(name, (str, int)):
            return None
        # `get` makes nothing where a defaultdict has no such key
        items: dict[object, object] = dict(enumerate(container)) if isinstance(container, list) else container
        place = name + len(items) if isinstance(container, list) and isinstance(name, int) and name < 0 else name
        found = dict.get(items, place, MISSING)
        if found is MISSING:
            made = getattr(container, "default_factory", None)
            return made() if isinstance(made, type) and issubclass(made, CONTAINERS) else None
        self.reads.variable(Variable(container, name, handed=True))
        return found

    def count_outside(self, outside: Outside) -> Operand:
        """`len(outside)`."""
        return self.done(COUNT, [outside.handle])

    def holds_outside(self, outside: Outside, item: Term, negated: bool) -> Operand:
        """`item in outside`."""
        there = self.done(HOLDS, [outside.handle, self.to_operand(item)])
        return self.apply(operator.not_, [there]) if negated else there

    def set_outside(self, outside: Outside, index: Term, term: Term, node: gast.AST) -> None:
        """`outside[index] = term`."""
        self.check_container(outside, node)
        key = self.to_operand(index)
        value = self.keep([outside.handle, key], {}, term, node)
        self.note_put((id(outside.found), known_key(key)), value, node)

    def augment_item(self, outside: Outside, index: Term, node: gast.AugAssign) -> None:
        """`outside[index] += value`: a number takes the place of the one before, whatever array may be there."""
        self.check_container(outside, node)
        key = self.to_operand(index)
        found = self.item_found(outside.found, key)
        if isinstance(found, list) and isinstance(node.op, gast.Add):
            item = self.item_outside(outside, index, node)
            assert isinstance(item, Outside)
            self.call_outside(item, "extend", [self.eval(node.value)], {}, node)
            return
        value = self.eval(node.value)
        if not is_number(value) or isinstance(found, NOT_ADDED):
            self.refuse_in_place(node)
        self.note_added((id(outside.found), known_key(key)), node)
        anew = {} if isinstance(found, NUMBERS) else {"anew": True}
        self.keep([outside.handle, key], {"sign": self.sign_of(node), **anew}, value, node)

    def delete_outside(self, outside: Outside, index: Term, node: gast.AST) -> None:
        """`del outside[index]`."""
        self.check_container(outside, node)
        self.done(DELETE, [outside.handle, self.to_operand(index)])

    def call_outside(
        self, outside: Outside, name: str, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """`outside.name(...)`: what it gives can be stored into, and not be read."""
        known = outside.found is not None
        if (known and not isinstance(outside.found, CONTAINERS)) or (not known and hasattr(np.ndarray, name)):
            self.refuse(
                node,
                f"the method {name} of what is in {outside.name}",
                "keep it in a variable of its own outside the function",
                UnsupportedCall,
            )
        terms = [self.walked(a, node) for a in arguments]
        values = [self.stored_value(a, node) for a in (*terms, *keywords.values())]
        for value in values:
            self.note_put((id(outside.found), None), value, node)
        static = {"names": tuple(keywords)} if keywords else {}
        made = self.done(CALL, [outside.handle, *values], {"method": name, **static})
        return Outside(made, f"{outside.name}.{name}(...)")

    def walked(self, term: Term, node: gast.AST) -> Term:
        """An argument that an object outside walks over: what an iterator or range of the function has, as a list."""
        if isinstance(term, Range):
            return self.sequence(term, node)
        return self.listed(term) if is_iterator(term) or is_new_iterator(term) else term

    def extended(self, outside: Outside, node: gast.AugAssign) -> None:
        """`outside += items` of a list."""
        if not self.reads.settled.takes_values(outside.found):
            raise NeedsHandle(outside.found)
        self.call_outside(outside, "extend", [self.eval(node.value)], {}, node)

    def check_container(self, outside: Outside, node: gast.AST) -> None:
        """Refuse a store into what is not known to be a container: an array in it may be one of the function's."""
        if not isinstance(outside.found, CONTAINERS):
            self.refuse(
                node,
                f"a store into what is in {outside.name}",
                "keep it in a variable of its own outside the function",
                UnsupportedType,
            )

    # names and attributes

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
        if type(value) in (int, bool):
            self.reads.variable(replace(variable, handed=True))
            return self.integer(operands, static, type(value) is bool, variable.shown)
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
        if isinstance(found, list) and isinstance(node.op, gast.Add):
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

    # what is done

    def done(
        self,
        primitive: Primitive,
        operands: list[Operand],
        static: dict[str, object] | None = None,
        hint: str | None = None,
    ) -> Operand:
        """Append what is done to an object outside, or read of it: a call of the function is no operation then."""
        self.stores = True
        return self.builder.apply(primitive, operands, static, hint)

    def integer(
        self, operands: list[Operand], static: dict[str, object], flag: bool, hint: str | None = None
    ) -> Operand:
        """The integer at a place outside, or the truth value there."""
        if flag:
            return self.builder.apply(FLAG, [self.done(ITEM, operands, static)], None, hint)
        return self.done(WHOLE, operands, static, hint)

    # what is stored

    def sign_of(self, node: gast.AugAssign) -> str:
        """The operator of an augmented assignment."""
        sign = SIGNS.get(type(node.op))
        return self.refuse_in_place(node) if sign is None else sign

    def refuse_in_place(self, node: gast.AST) -> NoReturn:
        self.refuse(
            node,
            "an object outside the function is changed by an augmented assignment",
            "numbers can be added up outside the function; append to a list",
            UnsupportedType,
        )

    def note_put(self, key: Key, value: Operand, node: gast.AST) -> None:
        """Note where an array is put: it may be one of the function's."""
        if holds_arrays(value.type):
            self.put_outside.add(key)
            self.check_apart(key, self.added_outside, node)

    def note_added(self, key: Key, node: gast.AST) -> None:
        """Note where something is added to, in place: to an array of the function's it is not."""
        self.added_outside.add(key)
        self.check_apart(key, self.put_outside, node)

    def check_apart(self, key: Key, others: set[Key], node: gast.AST) -> None:
        if any(other[0] == key[0] and (other[1] == key[1] or None in (other[1], key[1])) for other in others):
            self.refuse_in_place(node)

    def keep(self, operands: list[Operand], static: dict[str, object], term: Term, node: gast.AST) -> Operand:
        """Store a value at a place outside."""
        value = self.stored_value(term, node)
        self.done(STORE, [*operands, value], static)
        return value

    def stored_value(self, term: Term, node: gast.AST) -> Operand:
        """A term as an object outside has it: what belongs to the function is copied, and not changed any more."""
        for ref in self.reachable(term):
            self.frozen.setdefault(ref.cell, AfterStore("after it was stored outside the function"))
        whole = self.to_operand(term)
        if self.is_given(whole):
            self.keeps_arrays |= holds_arrays(whole.type)
            return whole
        return self.to_operand(map_operands(self.value_form(term), lambda o: self.copy_of(o, node)))

    def copy_of(self, operand: Operand, node: gast.AST) -> Operand:
        """A value that nothing else changes."""
        t = operand.type
        if not holds_arrays(t) and not t.is_sequence:
            return operand
        self.keeps_arrays = True
        if self.is_given(operand):
            return operand
        if isinstance(t, ArrayType) and t.kind == "array":
            return self.apply(np.copy, [operand])
        if isinstance(t, SequenceType) and not holds_arrays(t.item):
            return self.builder.apply(GETITEM, (operand, self.builder.operand(slice(None))))
        if t.is_container:
            return self.to_operand(map_operands(self.opened(operand), lambda o: self.copy_of(o, node)))
        self.refuse(node, f"{t} is stored outside the function", "store numbers and arrays", UnsupportedType)

    def is_given(self, operand: Operand) -> bool:
        """Whether a value is an argument, or a variable outside, as it is."""
        given = isinstance(operand, Value) and operand in self.parameter_paths
        return given or any(operand is value for _, value in self.captured.values())


def known_key(key: Operand) -> object:
    """A key known at compile time; None for others."""
    return key.value if isinstance(key, Constant) else None


def holds_arrays(t: Type) -> bool:
    """Whether a value is an array, or has one in it."""
    match t:
        case ArrayType():
            return not t.is_scalar or t.kind == "array"
        case SequenceType():
            return holds_arrays(t.item)
    return isinstance(t, ContainerType) and any(map(holds_arrays, t.items))
