"""Attributes: of modules, classes and objects outside, of objects made in the function, of arrays; `super()`."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable

import gast
import numpy as np

from s2sad.errors import UnsupportedType, did_you_mean
from s2sad.frontend.dependencies import MISSING, Variable, is_place
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import method_of
from s2sad.frontend.terms.terms import (
    Closure,
    Items,
    Known,
    Labelled,
    Method,
    Outside,
    Partial,
    Record,
    Ref,
    Step,
    Super,
    Term,
    View,
    class_of,
    describe,
    is_array,
    is_static_object,
)
from s2sad.ir.containers import SHAPE
from s2sad.ir.installed import is_installed
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import required
from s2sad.ir.primitives.effects import raise_unless
from s2sad.ir.solver import methods_of
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, is_namedtuple
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand

CLASSES_OF_NUMBERS = (np.ndarray, np.generic, float, int, complex)


IDIOMS = {
    "at": "arrays are written into as they are: y = x.copy(); y[i] = v",
    "detach": "write s2sad.stop_gradient(x)",
    "clone": "write x.copy()",
    "numpy": "it is an array of NumPy's already",
    "backward": "return the value, and take s2sad.grad of the function",
}
"""What is written here for what arrays of other libraries have."""


class Attributes(Lowering):
    """Lowers attributes."""

    def _eval_Attribute(self, node: gast.Attribute, hint: str | None) -> Term:
        if not isinstance(node.value, gast.Subscript):
            return self.attribute(self.eval(node.value), node.attr, node)
        with self.locating(node.value):
            base = self.eval(node.value.value)
            if isinstance(base, Value) and base.type == BOTTOM:
                return base
            index = self.index(node.value.slice)
            outside = isinstance(base, Outside)
            found = None if outside else self.attribute_by_key(base, index, node.attr, node)
            item = self.subscripted(base, index, node.value, None) if found is None else base
        return self.attribute(item, node.attr, node) if found is None else found

    def attribute(self, base: Term, name: str, node: gast.AST) -> Term:
        base = self.given(base)
        if isinstance(base, Outside):
            return Method(base, name)
        if isinstance(base, Value) and base.type == BOTTOM:
            return base
        if isinstance(base, Super):
            return self.class_attribute(base.receiver, _after(class_of(base.receiver), base.cls), name, node)
        held = self.held_data(base)
        if held is not None:
            return self.attribute_of_held(held, name, node)
        if is_static_object(base):
            of_library = self.library_object(base)
            found = None if of_library is None else self.attribute_of_library(of_library, name)
            return self.static_attribute(base, name, node) if found is None else found
        found = self.sparse_attribute(base, name, node)
        if found is not None:
            return found
        if isinstance(base, Known):
            return self.attribute_of_known(base, name, node)
        if isinstance(base, Ref) and base.cls in (list, dict):
            if not hasattr(base.cls, name) and method_of(base.cls, name) is None:  # a deque is a list here
                instead = f"write [{name!r}] for the item of this key" if base.cls is dict else ""
                self.refuse(node, f"the attribute {name} of {describe(base)}", instead, UnsupportedType)
            return Method(base, name)
        opened = self.open(base)
        if isinstance(opened, Record) and opened.cls is Labelled:
            return self.attribute_of_labelled(opened, name, node)
        if isinstance(opened, Record):
            return self.object_attribute(base if isinstance(base, Ref) else opened, opened, name, node)
        if is_operand(opened) and isinstance(opened.type, ArrayType):
            return self.array_attribute(base, opened, opened.type, name, node)
        if isinstance(base, Closure) and attribute_key(base, name) in self.env:
            return self.env[attribute_key(base, name)]
        if isinstance(base, (Closure, Partial)) and name in ("__name__", "__doc__"):
            return constant(getattr(base, "name", None) if name == "__name__" else None)
        return Method(base, name)

    def object_attribute(self, base: Term, opened: Record, name: str, node: gast.AST) -> Term:
        cls = opened.cls
        if methods_of(cls) is not None:
            return self.attribute_of_library(opened, name) or Method(opened, name)
        if name == "__class__":
            return constant(cls)
        if is_namedtuple(cls) and name in ("_replace", "_asdict"):
            return Method(base, name)
        if name == "__dict__":
            shown = self.new(dict, dict(opened.items), "which is the __dict__ of an object")
            if isinstance(base, Ref):
                self.watched[shown.cell] = {base.cell: self.env[base.cell]}
            return shown
        found = self.reads.of_class(cls, name)[1]
        # the fields of a NamedTuple of a library may be properties that read them
        of_library = is_namedtuple(cls) and is_installed(cls.__module__)
        if name in opened.items and (of_library or not isinstance(found, property)):
            return opened.items[name]
        if issubclass(cls, dict):  # what a solver gives
            self.refuse(node, f"{name} of what a solver gives", f"use {', '.join(opened.items)}", UnsupportedType)
        return self.class_attribute(base, cls.__mro__, name, node)

    def class_attribute(self, receiver: Term, mro: tuple[type, ...], name: str, node: gast.AST) -> Term:
        """An attribute that a class defines, bound to the receiver."""
        own = class_of(receiver)
        cls, found = self.reads.of_class(own or mro[0], name, mro)
        if found is not MISSING:
            return self.bound(receiver, cls, name, found, node)
        fallback = MISSING if own is None else self.reads.of_class(own, "__getattr__")[1]
        if isinstance(fallback, types.FunctionType):
            return self.call_inline(fallback, [receiver, constant(name)], {}, node)
        items = self.open(receiver)
        names = items.items if isinstance(items, Record) else dir(items.value) if isinstance(items, Constant) else ()
        known = [*names, *(n for c in mro for n in vars(c))]
        guess = did_you_mean(name, map(str, known))
        self.refuse(node, f"{describe(receiver)} has no attribute {name}{guess}", "", UnsupportedType)

    def bound(self, receiver: Term, cls: type, name: str, found: object, node: gast.AST) -> Term:
        """What a class's dictionary holds, as an attribute of an instance."""
        match found:
            case property():
                if found.fget is None:
                    self.refuse(node, f"the property {name} cannot be read")
                return self.call_inline(self.reads.part(found, "fget"), [receiver], {}, node)
            case functools.cached_property():
                return self.call_inline(self.reads.part(found, "func"), [receiver], {}, node)
            case staticmethod():
                return constant(self.reads.part(found, "__func__"))
            case classmethod():
                own = receiver if is_class(receiver) else constant(class_of(receiver))
                return Partial(constant(self.reads.part(found, "__func__")), (own,), {})
        if callable(found) and hasattr(type(found), "__get__") and not isinstance(found, type):
            return Partial(constant(found), (receiver,), {})
        return self.captured_term(Variable(cls, name), found)

    def static_attribute(self, base: Constant, name: str, node: gast.AST) -> Term:
        """An attribute of something known at compile time: a module, a class, an object."""
        owner = base.value
        if self.reads.settled.is_bound(Variable(owner, name)):
            return self.read_bound(Variable(owner, name), getattr(owner, name, None))
        if isinstance(owner, types.ModuleType):
            return self.module_attribute(owner, name, node)
        if isinstance(owner, type) and is_user_class(owner):
            return self.attribute_of_class(base, owner, name, node)
        if is_place(owner):
            return self.attribute_of_object(base, owner, name, node)
        if not hasattr(owner, name):
            shown = getattr(owner, "__name__", owner)
            self.refuse(node, f"{shown!s} has no attribute {name}{did_you_mean(name, dir(owner))}")
        value = getattr(owner, name)
        if name in getattr(owner, "__dict__", {}) and not isinstance(owner, type):
            return self.captured_term(Variable(owner, name), value)
        return constant(value)

    def attribute_of_known(self, base: Known, name: str, node: gast.AST) -> Term:
        """An attribute of one of several members of Enums or strings: that of the member that it is at run time."""
        members = [m for m in self.members() if hasattr(m, name)]
        if not members and hasattr(str, name):
            return Method(base, name)
        if not members:
            self.refuse(node, f"{describe(base)} has no attribute {name}", "", UnsupportedType)
        numbers = [self.number_of(m) for m in members]
        same = [self.apply(np.equal, [base.index, constant(k)]) for k in numbers]
        if len(members) < len(self.objects):
            one = functools.reduce(lambda a, b: self.apply(np.logical_or, [a, b]), same)
            raise_unless(self.builder, one, AttributeError, constant(f"no member of an Enum: it has no {name}"))
        found = self.static_attribute(constant(members[-1]), name, node)
        for member, is_it in zip(reversed(members[:-1]), reversed(same[:-1]), strict=True):
            found = self.choose(
                is_it,
                lambda m=member: self.static_attribute(constant(m), name, node),  # type: ignore[misc]
                lambda rest=found: rest,  # type: ignore[misc]
                node,
            )
        return found

    def module_attribute(self, module: types.ModuleType, name: str, node: gast.AST) -> Term:
        """`module.name`."""
        value = getattr(module, name, MISSING)
        if value is MISSING:
            self.refuse(node, f"{module.__name__} has no attribute {name}{did_you_mean(name, dir(module))}")
        if isinstance(value, float):
            self.reads.value(Variable(module, name), value)
            return constant(value, _module_constant(module, name))
        return self.captured_term(Variable(module, name), value)

    def attribute_of_class(self, base: Constant, cls: type, name: str, node: gast.AST) -> Term:
        """An attribute of a class of the user's."""
        if not hasattr(cls, name):
            self.refuse(node, f"{cls.__name__} has no attribute {name}{did_you_mean(name, dir(cls))}")
        owner, found = self.reads.of_class(cls, name)
        if isinstance(found, staticmethod | classmethod):
            return self.bound(base, owner, name, found, node)
        value = getattr(cls, name)
        if found is value:
            return self.captured_term(Variable(owner, name), value)
        self.reads.look(cls, "part", name, value)
        return constant(value)

    def attribute_of_object(self, base: Constant, owner: object, name: str, node: gast.AST) -> Term:
        """An attribute of an object of the user's that stands outside the function: it is read, and no other."""
        cls = self.reads.type_of(owner)
        if name == "__class__":
            self.places.setdefault(id(cls), (Variable(owner, name, cls.__name__), cls))
            return constant(cls)
        if name == "__dict__":
            return self.captured_term(Variable(owner, name), vars(owner))
        where, found = self.reads.of_class(cls, name) if is_user_class(cls) else (cls, MISSING)
        if isinstance(found, property):
            return self.bound(base, where, name, found, node)
        if isinstance(found, types.DynamicClassAttribute):
            self.reads.look(owner, "part", name, getattr(owner, name))
            return constant(getattr(owner, name))
        own = vars(owner) if hasattr(owner, "__dict__") else {}
        if name in own or (isinstance(found, types.MemberDescriptorType) and hasattr(owner, name)):
            return self.captured_term(Variable(owner, name), own[name] if name in own else getattr(owner, name))
        if own is not None and hasattr(owner, "__dict__"):
            self.reads.look(owner, "own", name, MISSING)
        if not is_user_class(where) and hasattr(type(owner), name):
            value = getattr(owner, name)
            if not callable(value):
                self.reads.look(owner, "part", name, value)
            return constant(value)
        return self.class_attribute(base, cls.__mro__, name, node)

    def array_attribute(self, whole: Term, base: Operand, t: ArrayType, name: str, node: gast.AST) -> Term:
        """An attribute of an array `base`; `whole` is the cell or view that holds it, where there is one."""
        if t.kind == "python" and self.watching is not None and not any(hasattr(c, name) for c in (float, complex)):
            # `try: x.shape`, of what may be a number
            self.fails(node, f"a number of Python has no attribute {name}", AttributeError(name))
        if name == "flat":
            self.need_memory()
        step = _step_of(name, t) if is_array(whole) else None
        if step is not None:
            return self.view(whole, step)
        if name == "shape":
            shape = self.builder.apply(SHAPE, (base,))
            if not isinstance(shape.type, ContainerType):
                return shape
            return tuple(self.builder.extract(shape, k) for k in shape.type.keys)
        if name == "ndim" and t.rank is not None:
            return constant(t.rank)
        if name in ("dtype", "itemsize") and t.dtype is not None:
            return constant(t.dtype if name == "dtype" else t.dtype.itemsize)
        functions: dict[str, Callable[..., object]] = {
            "T": np.transpose,
            "mT": np.matrix_transpose,
            "size": np.size,
            "real": np.real,
            "imag": np.imag,
            "ndim": np.ndim,
        }
        if name in functions:
            return self.apply(functions[name], [base])
        if not any(callable(getattr(cls, name, None)) for cls in CLASSES_OF_NUMBERS):
            there = any(hasattr(cls, name) for cls in CLASSES_OF_NUMBERS)
            guess = did_you_mean(name, dir(np.ndarray))
            what = f"the attribute {name} of {t}" if there else f"{t} has no attribute {name}{guess}"
            instead = "shape, ndim, size, dtype, itemsize, real, imag, T, mT and flat can be read"
            if name in IDIOMS:
                instead = IDIOMS[name]
            elif hasattr(list, name):
                instead = f"lists have {name}, arrays do not: np.append and np.concatenate give longer ones"
            if not there and self.watching is not None:
                self.fails(node, what, AttributeError(name), instead)
            self.refuse(node, what, instead, UnsupportedType)
        return Method(whole, name)

    def set_named(self, base: Term, name: str, term: Term, node: gast.AST) -> None:
        """`setattr(base, name, term)`."""
        self.refuse_written(base, node)
        outer = self.attribute_outside(base, name, node)
        if outer is not None:
            self.set_outer(outer, term, node)
            return
        opened = self.open(base)
        if is_operand(opened) and opened.type == BOTTOM:
            return
        if is_operand(opened) and isinstance(opened.type, ArrayType):
            self.set_of_array(base, opened.type, name, term, node)
            return
        if isinstance(base, Closure) and isinstance(term, Constant):
            self.env[attribute_key(base, name)] = term
            return
        if not isinstance(base, Ref) or base.cls in (list, dict):
            self.refuse(
                node,
                f"an attribute of {describe(base)} is assigned",
                "only objects made in the function, or passed to it, can be changed: return the value, has_aux=True",
                UnsupportedType,
            )
        found = self.reads.of_class(base.cls, name)[1]
        if isinstance(found, property):
            if found.fset is None:
                self.refuse(node, f"the property {name} cannot be set")
            self.call_inline(self.reads.part(found, "fset"), [base, term], {}, node)
            return
        if isinstance(self.reads.of_class(base.cls, "__setattr__")[1], types.FunctionType):
            frozen = getattr(base.cls, "__dataclass_params__", None)
            what = "a frozen dataclass is changed" if frozen is not None else "__setattr__ of a class"
            self.refuse(node, what, "make a new object")
        self.change(base, {**self.contents(base), name: term}, node)

    def delete_named(self, base: Term, name: str, node: gast.AST) -> None:
        """`delattr(base, name)`: the object is another one without it."""
        if not isinstance(base, Ref) or base.cls in (list, dict) or is_array(base):
            self.refuse(node, f"an attribute of {describe(base)} is deleted", "", UnsupportedType)
        found = self.reads.of_class(base.cls, name)[1]
        if isinstance(found, property):
            if found.fdel is None:
                self.refuse(node, f"the property {name} cannot be deleted")
            self.call_inline(self.reads.part(found, "fdel"), [base], {}, node)
            return
        if isinstance(self.reads.of_class(base.cls, "__delattr__")[1], types.FunctionType):
            self.refuse(node, f"del of an attribute of {describe(base)}, whose class defines that", "set it to None")
        items = self.contents(base)
        if name not in items:
            self.refuse(node, f"{describe(base)} has no attribute {name}", "", UnsupportedType)
        self.change(base, {key: term for key, term in items.items() if key != name}, node)

    def set_of_array(self, base: Term, t: ArrayType, name: str, term: Term, node: gast.AST) -> None:
        """`a.real = x`, `a.imag = x`, `a.flat = x`: all numbers of an array, or one part of them."""
        self.need_memory()
        if name == "shape":
            self.set_shape(base, self.to_operand(term), node)
            return
        if name not in ("real", "imag", "flat") or (name == "imag" and not t.is_complex):
            self.refuse(node, f"the {name} of an array is set", "make a new array", UnsupportedType)
        whole = self.attribute(base, name, node)
        if isinstance(whole, View) and whole is term:
            return  # `a.real += x`: it is written already
        value = self.to_operand(term)
        if value.type.is_container:
            value = self.to_operand(self.apply(np.array, [value]))
        self.store_item(whole, constant(Ellipsis), value, node)

    def contents(self, ref: Ref) -> Items:
        """The attributes of an object, or the items of a dict."""
        found = self.env[ref.cell]
        assert isinstance(found, dict)
        return found


def _step_of(name: str, t: ArrayType) -> Step | None:
    """The step from an array to the view that an attribute of it is; None for others."""
    match name:
        case "T":
            return Step(required(np.transpose))
        case "mT":
            return Step(required(np.swapaxes), (), (("axis1", -1), ("axis2", -2)))
        case "flat":
            return Step(required(np.reshape), (constant(-1),))
        case "real" if t.dtype is not None:
            return Step(required(np.real))
        case "imag" if t.is_complex:
            return Step(required(np.imag))
    return None


def is_class(term: Term) -> bool:
    """Whether a term is a class."""
    return isinstance(term, Constant) and isinstance(term.value, type)


def _after(cls: type | None, start: type) -> tuple[type, ...]:
    """The classes behind `start` in the order in which attributes are looked up."""
    mro = cls.__mro__ if cls is not None else start.__mro__
    return mro[mro.index(start) + 1 :]


def _module_constant(module: types.ModuleType, name: str) -> str | None:
    """`np.pi` and `math.pi` keep their text; constants of other modules become numbers."""
    return f"{'np' if module is np else 'math'}.{name}" if module in (np, math) else None


def attribute_key(function: Closure, name: str) -> str:
    """Where the environment has an attribute of a function: `hit.terminal = True`."""
    return f"{function.frame.number}.{id(function.node)}.{name}"
