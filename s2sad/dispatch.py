"""What a user holds: a derivative that compiles itself for each pattern of arguments, and finds it again at once.

df = Derivative(f, Transform("grad"))
df(2.0, x)          looks the pattern of the arguments up, compiles at the first call, calls the emitted function
"""

from __future__ import annotations

import functools
import inspect
import math
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from s2sad import cache
from s2sad.arguments import item_at, number_leaves, unshared
from s2sad.backends import numba as native
from s2sad.compiler import Compiled, compile_derivative
from s2sad.emit.functions import Parameter
from s2sad.errors import ArgumentError, NotDifferentiable, SourceUnavailable, line_table, note_line
from s2sad.frontend.context import NeedsStatic, Variable
from s2sad.frontend.dependencies import Guard, Spread, dependencies, is_current, python_function
from s2sad.ir.custom import BlackBox
from s2sad.ir.definition import definition_of, has_rule
from s2sad.ir.objects import object_items
from s2sad.ir.primitive import lookup
from s2sad.ir.signature import Signature, fast_key, key_of, static_key
from s2sad.ir.types import (
    NUMBER,
    ArrayType,
    ContainerType,
    StaticType,
    Type,
    is_active_type,
    leaves,
    substitute,
    type_of,
)
from s2sad.ir.values import Function
from s2sad.program import Program
from s2sad.relatives import RELATIVES, Relation
from s2sad.specialised import Family, Specialised, bound, source_of
from s2sad.targets import name_of as name_of
from s2sad.targets import positional_names
from s2sad.targets import signature_of as signature_of
from s2sad.transforms import Transform, is_constant, with_statics
from s2sad.version import __version__

BACKENDS = (None, "numpy", "numba")
"""What runs the emitted module: Python with NumPy, as it is, or native code that numba makes of it."""

SUFFIX = {"pushforward": "dot", "primal": ""}


def check_function(target: Any) -> None:
    """Refuse what is no function with source text.

    Raises:
        ArgumentError: it is not callable.
        SourceUnavailable: it is built in, or an object with `__call__`.
    """
    if not callable(target):
        raise ArgumentError(f"a function is needed, not {target!r}")
    called = target
    while isinstance(called, (functools.partial, Spread)):
        called = called.func if isinstance(called, functools.partial) else called.function
    if isinstance(called, Derivative) or has_rule(called) or python_function(called) is not None:
        return
    name = getattr(target, "__name__", type(target).__name__)
    raise SourceUnavailable(f"{name} is no Python function with source text; write one that calls it")


def is_variadic(target: Any) -> bool:
    """Whether a function takes `*args` or `**kwargs`; those of a library take the arguments that a rule knows."""
    if isinstance(target, Derivative):
        return target.is_variadic
    found = lookup(target)
    if found is not None and not isinstance(found, BlackBox) and not isinstance(target, np.ufunc):
        return True
    if found is None and definition_of(target) is not None:
        return True
    if isinstance(target, types.FunctionType) and not target.__dict__:
        return bool(target.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS))
    return any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature_of(target).parameters.values())


def spread(target: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A function that takes `*args` or `**kwargs`, or a derivative of one, as one of just these arguments.

    Other functions stay as they are.
    """
    if isinstance(target, Derivative):
        return target.spread(args, kwargs)
    if not is_variadic(target):
        return target
    names = positional_names(target, len(args))
    return Spread(target, (*names, *kwargs), len(args))


class Derivative:
    """A derivative of a function: called like the function, compiled for each pattern of its arguments.

    `transform` says which derivative, `target` of what: a Python function, or another derivative.
    """

    __s2sad_derivative__ = True

    def __init__(self, target: Any, transform: Transform | None, backend: str | None = None) -> None:
        if backend not in BACKENDS:
            raise ArgumentError(f"backend {backend!r}: this version has {', '.join(map(repr, BACKENDS))}")
        if backend == "numba":
            native.check()
        check_function(target)
        self.target = target
        self.transform = transform
        self.backend = backend
        functools.update_wrapper(self, python_function(target) or target, updated=())
        self.__signature__ = _signature(target, transform)
        self.__name__ = f"{name_of(_named(target, transform))}_{_suffix(transform)}" if transform else name_of(target)
        self._families: dict[object, Family] = {}
        self._fast: dict[tuple[type, ...], Callable[..., Any]] = {}
        self._guards: tuple[Guard, ...] | None = None
        self._relation: Relation | None = None
        self._names = tuple(self.__signature__.parameters)
        self._spread: dict[object, Derivative] | None = {} if is_variadic(target) else None

    def __repr__(self) -> str:
        return f"<{self.__name__}{self.__signature__}>"

    def __copy__(self) -> Derivative:
        return self

    def __deepcopy__(self, memo: object) -> Derivative:
        return self

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    @property
    def is_variadic(self) -> bool:
        """Whether it is compiled for just the arguments of a call."""
        return self._spread is not None

    def spread(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Derivative:
        """This derivative, or that for so many arguments where the function takes `*args`."""
        if self._spread is None:
            return self
        key = (len(args), tuple(kwargs))
        if key not in self._spread:
            assert self.transform is not None
            own = args[: len(args) - self.transform.further]
            self._spread[key] = Derivative(spread(self.target, own, kwargs), self.transform, self.backend)
        return self._spread[key]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if self._spread is not None:
            return self.spread(args, kwargs)(*args, **kwargs)
        try:
            if not kwargs:
                call = self._fast.get(tuple(map(type, args)))
                if call is not None and self._is_current():
                    return call(*args)
            return self._compiled(args, kwargs)
        except Exception as e:
            note_line(e)
            raise

    def _compiled(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        values = self._bind(args, kwargs)
        found = self._specialise(values)
        if len(args) == len(self._names) and not kwargs and all(type(a) in (float, int) for a in args):
            family = self._families[fast_key(values)]
            if not family.statics and not family.captured:
                self._fast[tuple(map(type, args))] = found.call
        return found.call(*values)

    def _is_current(self) -> bool:
        """Whether all that the compiled functions depend on outside their arguments is as it was."""
        return all(map(is_current, self._guards or ()))

    def _bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters, defaults put in."""
        if not kwargs and len(args) == len(self._names):
            return tuple(args)
        bound = self.__signature__.bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments[n] for n in self._names)

    def _specialise(self, values: tuple[Any, ...]) -> Specialised:
        if self._guards is None or not self._is_current():
            self._relation = RELATIVES.find(self) if self._guards is None else None
            self._families = {}
            self._fast.clear()
            self._guards = self._relation.guards if self._relation else dependencies(self.target).guards
        key = fast_key(values)
        family = self._families.get(key)
        if family is not None:
            member = family.members.get(self._member_key(family, values))
            if member is not None:
                return member
        return self._of_relative(key, values) or self._compile(key, values)

    def _of_relative(self, key: object, values: tuple[Any, ...]) -> Specialised | None:
        """What was compiled for such arguments for a function of the same code, with the variables of this one."""
        if self._relation is None:
            return None
        if not self._relation.holds():
            self._relation = RELATIVES.find(self)
            if self._relation is None:
                return None
            self._guards = self._relation.guards
        theirs = self._relation.families.get(key)
        if theirs is None:
            return None
        family = Family(theirs.statics, tuple(map(self._relation.moved.variable, theirs.captured)))
        member_key = self._member_key(family, values)
        member = theirs.members.get(member_key)
        if member is None:
            return None
        found = self._specialised(member.module, family.captured, member.given, member.pattern)
        self._families.setdefault(key, family).members[member_key] = found
        return found

    def _member_key(self, family: Family, values: tuple[Any, ...]) -> object:
        if not family.statics and not family.captured:
            return None
        statics = tuple(static_key(item_at(values[k], path)) for k, path in family.statics)
        return (statics, fast_key([v.read() for v in family.captured]))

    def _compile(self, key: object, values: tuple[Any, ...]) -> Specialised:
        family = self._families.setdefault(key, Family())
        signature = Signature()
        given = [signature.type_of(v) for v in values]
        self._check(given)
        while True:
            statics = {(k, p): item_at(values[k], p) for k, p in family.statics}
            parameters = {
                n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(self._names, given, strict=True))
            }
            try:
                member, captured = self._load_or_make(parameters, signature)
                break
            except NeedsStatic as e:
                if (e.parameter, e.path) in family.statics:
                    raise
                family.statics = (*family.statics, (e.parameter, e.path))
        family.captured = captured
        found = self._specialised(member, captured, tuple(given), tuple(parameters.values()))
        family.members[self._member_key(family, values)] = found
        RELATIVES.add(self)
        return found

    def _specialised(
        self,
        module: types.ModuleType,
        captured: tuple[Variable, ...],
        given: tuple[Type, ...],
        pattern: tuple[Type, ...],
    ) -> Specialised:
        """The emitted function in a module, with the variables that it captures."""
        parameters = dict(zip(self._names, pattern, strict=True))
        found = self._native(module, captured, parameters) or bound(module, captured, self._names)
        written = module.__s2sad_meta__["written"]
        if written and len(given) + len(captured) > 1:
            found = replace(found, call=unshared(found.call, written, captured, self._names))
        return replace(found, given=given, pattern=pattern)

    def _native(
        self, module: types.ModuleType, captured: tuple[Variable, ...], parameters: dict[str, Type]
    ) -> Specialised | None:
        """The entry of a module as native code; None where NumPy runs it."""
        if self.backend != "numba":
            return None
        meta = module.__s2sad_meta__
        dispatcher = native.compiled(module, meta["entry"])
        own = [t for t in parameters.values() if not is_constant(t)]
        kept = [k for k, t in enumerate(parameters.values()) if not is_constant(t)]
        own += [Signature().type_of(v.read()) for v in captured]
        structures = [native.structure(t) for t in own]
        classes = {n: c for t in own for n, c in native.classes_in(t).items()}

        def around(function: Callable[..., Any]) -> Callable[..., Any]:
            inner = native.boundary(function, structures, meta["result"], classes)
            if len(kept) == len(parameters) and not captured:
                return inner
            return lambda *args: inner(*(args[k] for k in kept), *(v.read() for v in captured))

        def plain() -> Callable[..., Any]:
            other = self.without_backend()
            return lambda *args: other(*args)

        text = source_of(module)
        found = native.with_fallback(dispatcher, around, plain, self.__name__, meta["lines"])
        found.source = text  # type: ignore[attr-defined]
        return Specialised(found, found, text, module)

    def without_backend(self) -> Derivative:
        """The same derivative, run by NumPy."""
        return Derivative(self.target, self.transform)

    def _check(self, given: Sequence[Type]) -> None:
        """Whether derivatives can be taken for the arguments asked for."""
        if self.transform is None:
            return
        for k in self.transform.argnums:
            if k >= len(given):
                raise ArgumentError(f"argnums {k}: {name_of(self.target)} has {len(given)} parameters")
            if not is_active_type(given[k]):
                raise NotDifferentiable(
                    f"the derivative of {name_of(self.target)} by its parameter {self._names[k]!r} needs floats, not "
                    f"{given[k]}; pass a float, or leave the parameter out of argnums"
                )

    def _load_or_make(self, parameters: dict[str, Type], signature: Signature) -> tuple[Any, tuple[Variable, ...]]:
        depends = dependencies(self.target, [s for t in parameters.values() for s in looked_into(t)])
        known = set(map(id, (v for _, v in self._guards or ())))
        self._guards = (*(self._guards or ()), *(g for g in depends.guards if id(g[1]) not in known))
        key = cache.digest(
            depends.digest,
            _chain(self),
            ";".join(map(key_of, parameters.values())),
            str(self.backend),
            ";".join(f"{v.shown}:{key_of(signature.type_of(v.read()))}" for v in depends.variables),
        )
        module = cache.find(self.__name__, key)
        if module is not None:
            names = module.__s2sad_meta__["captured"]
            by_name = {v.shown: v for v in depends.variables}
            if all(n in by_name for n in names) and not module.__s2sad_meta__.get("classes"):
                return module, tuple(by_name[n] for n in names)
        compiled = self.compile(parameters, signature)
        meta = {
            "entry": compiled.entry,
            "captured": [v.shown for v in compiled.captured],
            "classes": sorted(compiled.classes),
            "reverse": compiled.reverse,
            "residuals": compiled.residuals,
            "lines": line_table(compiled.lines),
            "written": [k for k, n in enumerate(parameters) if n in compiled.written],
            "result": native.structure(compiled.result),
        }
        module = cache.store(self.__name__, key, compiled.text, meta)
        for name, cls in compiled.classes.items():
            setattr(module, name, cls)
        return module, compiled.captured

    def compile(self, parameters: dict[str, Type], signature: Signature | None = None) -> Compiled:
        """The text of the derivative for parameters of these types."""
        program = Program(self.backend == "numba")
        if signature is not None:
            program.signature = signature
        return compile_derivative(
            self.target,
            self.transform,
            parameters,
            self.__name__,
            self._parameters(),
            self.header(parameters),
            program,
            self.docstring(),
        )

    def _parameters(self) -> list[Parameter]:
        result = []
        for p in self.__signature__.parameters.values():
            default = None if p.default is p.empty else _default_text(p.default)
            result.append(Parameter(p.name, None, default, p.kind is p.KEYWORD_ONLY))
        return result

    def header(self, parameters: dict[str, Type]) -> list[str]:
        """The first lines of the module: what it was made from, and how."""
        types_ = ", ".join(f"{n}: {t}" for n, t in parameters.items())
        base = base_function(self.target)
        lines = textwrap.wrap(f"{self.__name__}({types_})", 98, subsequent_indent="    ", break_on_hyphens=False)
        return [
            *lines,
            f"generated by s2sad {__version__} from {_full_name(base)}",
        ]

    def docstring(self) -> str:
        """The docstring of the emitted function."""
        if self.transform is None:
            return str(name_of(self.target))
        arguments = ", ".join(self._names[k] for k in self.transform.argnums)
        name = name_of(_named(self.target, self.transform))
        return _DOCS[_suffix(self.transform)].format(name=name, arguments=arguments)

    def sweeps(self, primals: Sequence[Any]) -> tuple[tuple[Any, Any], Callable[..., Any]]:
        """The result and residuals for these arguments, and the reverse sweep."""
        values = self._bind(primals, {})
        found = self._specialise(values)
        meta = found.module.__s2sad_meta__
        reverse = getattr(found.module, meta["reverse"])
        try:
            result = found.call(*values)
        except Exception as e:
            note_line(e)
            raise
        if meta["residuals"]:
            return result, reverse
        return (result, None), lambda residuals, *given: reverse(*given)

    def primal(self, args: Sequence[Any], kwargs: dict[str, Any], signature: Signature | None = None) -> Function:
        """The function itself in SSA, for arguments like these."""
        signature = signature or Signature()
        values = self._bind(args, kwargs)
        given = [signature.type_of(v) for v in values]
        statics: dict[tuple[int, tuple[object, ...]], object] = {}
        while True:
            program = Program()
            program.signature = signature
            parameters = {
                n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(self._names, given, strict=True))
            }
            try:
                return program.entry(self.target, parameters).function
            except NeedsStatic as e:
                statics[(e.parameter, e.path)] = item_at(values[e.parameter], e.path)

    def sizes(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[int, int | None]:
        """How many numbers the arguments asked for hold, and how many the result, where its shape says so."""
        if self._spread is not None:
            return self.spread(args, kwargs).sizes(args, kwargs)
        assert self.transform is not None
        signature = Signature()
        function = self.primal(args, kwargs, signature)
        values = self._bind(args, kwargs)
        inputs = sum(np.size(a) for k in self.transform.argnums for a in number_leaves(values[k]))
        result = function.result.type
        if self.transform.has_aux and isinstance(result, ContainerType):
            result = result.items[0]
        back = signature.back()
        shapes = [substitute(t, back) for t in leaves(result)]
        outputs = 0
        for t in shapes:
            known = [d for d in t.shape or () if isinstance(d, int)] if isinstance(t, ArrayType) else []
            if not isinstance(t, ArrayType) or t.rank != len(known):
                return inputs, None
            outputs += math.prod(known)
        return inputs, outputs

    # for users

    def lower(self, *args: Any, **kwargs: Any) -> Any:
        """The plain emitted function for arguments like these, with no dispatch in front; its text is `.source`."""
        if self._spread is not None:
            return self.spread(args, kwargs).lower(*args, **kwargs)
        found = self._specialise(self._bind(args, kwargs))
        return found.function

    def module(self, *args: Any, **kwargs: Any) -> types.ModuleType:
        """The emitted module for arguments like these."""
        return self._specialise(self._bind(args, kwargs)).module

    @property
    def source(self) -> str:
        """The text of the generic program, which the annotations of the function sharpen."""
        signature = self.__signature__
        parameters = {n: _annotated(p) for n, p in signature.parameters.items()}
        while True:
            try:
                return self.compile(parameters).text
            except NeedsStatic as e:
                name = self._names[e.parameter]
                default = signature.parameters[name].default
                if default is inspect.Parameter.empty or isinstance(parameters[name], StaticType):
                    raise ArgumentError(
                        f"the generic program of {name_of(self.target)} needs the value of {name!r}; "
                        "give it a default, or use .lower(*args).source"
                    ) from None
                parameters[name] = type_of(default) if type(default) is int else StaticType(default)


def _annotated(parameter: inspect.Parameter) -> Type:
    """The type that an annotation or a default tells; a number of unknown kind otherwise."""
    annotation = parameter.annotation
    names: dict[object, Type] = {
        float: type_of(1.0),
        int: ArrayType(np.dtype(np.int64), (), "python"),
        "float": type_of(1.0),
        "int": ArrayType(np.dtype(np.int64), (), "python"),
        bool: type_of(True),
        complex: type_of(1j),
    }
    if annotation in names:
        return names[annotation]
    default = parameter.default
    if default is not parameter.empty:
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            return NUMBER if isinstance(default, float) else names[int]
        return StaticType(default)
    return NUMBER if annotation is not np.ndarray else ArrayType(np.dtype(float), None, "any")


def _signature(target: Any, transform: Transform | None) -> inspect.Signature:
    """The signature of the target; a tangent takes further arguments `x_dot`, a pullback `out_bar`."""
    signature = target.__signature__ if isinstance(target, Derivative) else signature_of(target)
    if transform is None or not transform.further or is_variadic(target):
        return signature
    own = [p.replace(kind=p.POSITIONAL_OR_KEYWORD, default=p.empty) for p in signature.parameters.values()]
    further = transform.further_names([p.name for p in own])
    more = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in further]
    return signature.replace(parameters=[*own, *more])


def _suffix(transform: Transform) -> str:
    if transform.label:
        return transform.label
    return "value_and_grad" if transform.value else SUFFIX.get(transform.kind, transform.kind)


def _named(target: Any, transform: Transform | None) -> Any:
    """What a derivative takes its name from: the function itself where two transformations have one name."""
    return target.target if transform is not None and transform.label else target


_DOCS = {
    "grad": "The gradient of {name} with respect to {arguments}.",
    "value_and_grad": "The value of {name}, and its gradient with respect to {arguments}.",
    "jvp": "{name} and its derivative along tangents of {arguments}.",
    "vjp": "{name}, and what its pullback needs.",
    "dot": "The derivative of {name} along tangents of {arguments}.",
    "jacfwd": "The Jacobian of {name} with respect to {arguments}, column by column.",
    "jacrev": "The Jacobian of {name} with respect to {arguments}, row by row.",
    "elementwise_grad": "The derivative of each number of {name} with respect to its own of {arguments}.",
    "hessian": "The Hessian of {name} with respect to {arguments}.",
    "linear": "{name}, and what its tangent needs.",
    "pullback": "The cotangents of {arguments} for that of the result of {name}.",
    "vmap": "{name} for many examples at once.",
    "hvp": "The Hessian of {name} with respect to {arguments}, times a vector.",
}


def base_function(target: Any) -> Any:
    """The Python function at the bottom of a derivative of a derivative."""
    while isinstance(target, (Derivative, functools.partial)):
        target = target.target if isinstance(target, Derivative) else target.func
    return python_function(target) or target


def looked_into(t: Type) -> Iterator[Any]:
    """The functions and classes that the type of an argument speaks of."""
    if isinstance(t, ContainerType):
        if t.cls not in (tuple, list, dict):
            yield t.cls
        for item in t.items:
            yield from looked_into(item)
    elif isinstance(t, StaticType) and (callable(t.value) or object_items(t.value) is not None):
        yield t.value


def _chain(target: Any) -> str:
    parts = []
    while isinstance(target, Derivative):
        parts.append(repr(target.transform))
        target = target.target
    return "|".join(parts)


def _default_text(value: Any) -> str:
    return repr(value) if isinstance(value, (int, float, str, bool, type(None))) else "None"


def _full_name(function: Any) -> str:
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", type(function).__name__)
    return f"{module}.{name}" if module else str(name)
