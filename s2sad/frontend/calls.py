"""Calls: functions with a rule, builtins, classes, closures, methods, and the user's own functions.

A user's function becomes a function of the emitted module, one for each signature. It is lowered in the place of the
call instead where it takes or gives what has no value at run time (a function, a generator), changes a list or object
that it is given, or is a closure or a method.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend import scope
from s2sad.frontend.builtins import HANDLERS, evaluates_at_compile_time, is_hashable
from s2sad.frontend.context import CalleeNeedsStatic, NeedsStatic, Variable
from s2sad.frontend.dependencies import is_captured
from s2sad.frontend.frames import Code, Frame, code_of, function_code, inner_frame, source_of
from s2sad.frontend.heap import Evaluated
from s2sad.frontend.listmethods import DICT_METHODS, LIST_METHODS
from s2sad.frontend.objects import Objects, class_of
from s2sad.frontend.terms import (
    Choice,
    Closure,
    Derived,
    Method,
    Partial,
    Record,
    Ref,
    Term,
    describe,
    is_static,
    parts,
    static_value,
)
from s2sad.ir.effects import FORMAT_METHOD
from s2sad.ir.objects import LIBRARIES, is_user_class
from s2sad.ir.primitive import Primitive, lookup
from s2sad.ir.types import BOTTOM, ArrayType, StaticType, is_active_type, is_namedtuple
from s2sad.ir.values import Constant, Operand, Value, constant

ARRAY_METHODS = frozenset(
    [
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "var",
        "std",
        "cumsum",
        "cumprod",
        "reshape",
        "ravel",
        "transpose",
        "swapaxes",
        "squeeze",
        "repeat",
        "dot",
        "trace",
        "diagonal",
        "clip",
        "astype",
        "copy",
        "argmax",
        "argmin",
        "argsort",
        "any",
        "all",
        "ptp",
        "take",
        "round",
        "conj",
        "conjugate",
        "nonzero",
        "searchsorted",
        "compress",
    ]
)
"""Methods that are the NumPy function of the same name on their receiver."""

MAX_DEPTH = 60
"""How deep calls are lowered in the place of one another."""


class Calls(Objects):
    """Lowers calls."""

    codes: dict[int, Code]

    def _eval_Call(self, node: gast.Call, hint: str | None) -> Term:
        function = self.eval(node.func)
        arguments = self._items(node.args)
        keywords: dict[str, Term] = {}
        for k in node.keywords:
            if k.arg is not None:
                keywords[k.arg] = self.eval(k.value)
                continue
            more = self.open(self.eval(k.value))
            if not isinstance(more, dict):
                self.refuse(node, "** of something that is no dict known at compile time")
            keywords.update(more)
        return self.call(function, arguments, keywords, node, hint)

    def call(
        self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        function = self.given(function)
        match function:
            case Value(type=t) if t == BOTTOM:
                return function
            case Method():
                return self.call_method(function, arguments, keywords, node, hint)
            case Closure():
                return self.call_closure(function, arguments, keywords, node)
            case Partial(function=Constant(value=types.FunctionType() as f), arguments=(Ref() | Record() as owner,)):
                if any(vars(c).get(f.__name__) is f for c in owner.cls.__mro__):
                    return self.call_inline(f, [owner, *arguments], {**function.keywords, **keywords}, node)
                return self.call_function(f, [owner, *arguments], {**function.keywords, **keywords}, node, hint)
            case Partial(function=inner, arguments=first, keywords=more):
                return self.call(inner, [*first, *arguments], {**more, **keywords}, node, hint)
            case Derived():
                return self.call_derived(function, arguments, keywords, node, hint)
            case Choice():
                return self.call_choice(function, arguments, keywords, node, hint)
            case Constant():
                return self.call_static(function.value, arguments, keywords, node, hint)
        found = self.call_special(function, "__call__", arguments, node) if not keywords else None
        method = self.special(function, "__call__")
        if found is None and method is not None:
            found = self.call_inline(method, [function, *arguments], keywords, node)
        if found is None:
            self.refuse(node, f"{describe(function)} is called", "call a function", UnsupportedCall)
        return found

    def call_static(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of something known at compile time."""
        if is_hashable(f) and f in HANDLERS:
            return HANDLERS[f](self, arguments, keywords, node)  # type: ignore[arg-type]
        if isinstance(f, type) and (is_user_class(f) or is_namedtuple(f)) and not issubclass(f, BaseException):
            return self.instantiate(f, arguments, keywords, node)
        if getattr(f, "__s2sad_transform__", None) is not None and arguments and not isinstance(arguments[0], Constant):
            return self.derived(f, arguments, keywords, node)
        if getattr(f, "__s2sad_forward__", None) is not None:
            return self.call_forward(f, arguments, keywords, node, hint)
        primitive = lookup(f)
        text = any(isinstance(a, Constant) and isinstance(a.type, StaticType) for a in arguments)
        known = self.known_arguments(f, arguments, keywords) if primitive is None or text else None
        if primitive is not None and known is None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        if known is not None:
            return self.adopt(constant(self.evaluated(f, *known)))
        if isinstance(f, functools.partial):
            first = self.sequence(self.captured_term(Variable(f, "args"), f.args), node)
            more = self.open(self.captured_term(Variable(f, "keywords"), f.keywords))
            assert isinstance(more, dict)
            return self.call(constant(f.func), [*first, *arguments], {**more, **keywords}, node, hint)
        if isinstance(f, types.MethodType):
            receiver = self.captured_term(Variable(f, "__self__"), f.__self__)
            return self.call(constant(f.__func__), [receiver, *arguments], keywords, node, hint)
        if isinstance(f, functools._lru_cache_wrapper):
            return self.call(constant(f.__wrapped__), arguments, keywords, node, hint)
        own = isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES
        if own or getattr(f, "__s2sad_derivative__", False):
            return self.call_function(f, arguments, keywords, node, hint)
        method = inspect.getattr_static(type(f), "__call__", None)
        if isinstance(method, types.FunctionType) and is_user_class(type(f)):
            return self.call_inline(method, [constant(f), *arguments], keywords, node)
        if getattr(f, "__name__", "") == "format" and isinstance(getattr(f, "__self__", None), str) and not keywords:
            return self.builder.apply(FORMAT_METHOD, [constant(f.__self__), *map(self.to_operand, arguments)])
        name = getattr(f, "__qualname__", getattr(f, "__name__", repr(f)))
        module = getattr(f, "__module__", None)
        self.refuse(
            node,
            f"there is no derivative rule for {module + '.' if module else ''}{name}",
            "write it with functions that have one, or give its rule",
            UnsupportedCall,
        )

    def evaluated(self, f: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What a function gives at compile time."""
        try:
            return f(*arguments, **keywords)
        except Exception as e:
            error = Evaluated(f"{type(e).__name__}: {e}", "", self.builder.location)
            error.exception = e
            raise error from e

    def known_arguments(
        self, f: Any, arguments: Sequence[Term], keywords: Mapping[str, Term]
    ) -> tuple[list[Any], dict[str, Any]] | None:
        """The arguments, where the function may be called at compile time and all of them are known."""
        text = isinstance(getattr(f, "__self__", None), (str, bytes)) and not isinstance(f, types.MethodType)
        if not (getattr(f, "__s2sad_operator__", False) or evaluates_at_compile_time(f) or text):
            return None
        values = [self.value_form(a) for a in (*arguments, *keywords.values())]
        if not all(map(is_static, values)):
            return None
        found = [static_value(v) for v in values]
        return found[: len(arguments)], dict(zip(keywords, found[len(arguments) :], strict=True))

    def call_forward(
        self, jvp: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """`jvp(fun, primals, tangents)` inside a function: a call of the tangent of `fun`."""
        try:
            fun, primals, tangents = inspect.signature(jvp).bind(*arguments, **keywords).args
        except TypeError as e:
            self.refuse(node, f"jvp: {e}", "", UnsupportedCall)
        values = [self.to_operand(t) for t in self.sequence(primals, node)]
        dots = self.sequence(tangents, node)
        active = tuple(k for k, v in enumerate(values) if is_active_type(v.type))
        if len(dots) != len(values) or not active:
            self.refuse(node, f"jvp: {len(values)} primals, {len(active)} of them floats, and {len(dots)} tangents")
        derivative = jvp.__s2sad_forward__(self.static(fun, node), active)
        return self.call_function(derivative, [*values, *(dots[k] for k in active)], {}, node, hint)

    # functions of the user

    def call_function(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: compiled for these arguments, or lowered here."""
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        compiled = not isinstance(f, types.FunctionType) or all(map(self.is_value, bound.values()))
        if compiled:
            terms = [self.to_operand(t) for t in bound.values()]
            result = self.call_compiled(f, terms, node, hint)
            if result is not None:
                return self.adopt(result)
        return self.lower_here(f, bound, node)

    def call_inline(self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A method, or what else is lowered in the place of its call; where it calls itself, it is compiled."""
        if not isinstance(f, types.FunctionType) or (f.__module__ or "").split(".")[0] in LIBRARIES:
            return self.call(constant(f), arguments, keywords, node, None)
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is f:
                return self.call_function(f, arguments, keywords, node, None)
            frame = frame.caller
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        return self.lower_here(f, bound, node)

    def defaults_of(self, f: Any, signature: inspect.Signature) -> dict[str, Term]:
        """The default values of a function; those that hold arrays, lists or objects belong to the function."""
        found: dict[str, Term] = {}
        positional = [
            p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY and p.default is not p.empty
        ]
        for p in signature.parameters.values():
            if p.default is p.empty:
                continue
            if not is_captured(p.default) and not isinstance(p.default, (list, dict)):
                found[p.name] = constant(p.default)
            elif p.kind is p.KEYWORD_ONLY:
                variable = Variable(f.__kwdefaults__, p.name)
                found[p.name] = self.captured_term(variable, p.default)
            else:
                variable = Variable(f.__defaults__, positional.index(p), p.name)
                found[p.name] = self.captured_term(variable, p.default)
        return found

    def bind_arguments(
        self,
        name: str,
        signature: inspect.Signature,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        defaults: Mapping[str, Term],
        node: gast.AST,
    ) -> dict[str, Term]:
        """The terms of the parameters, in their order, as Python binds them."""
        try:
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{name}: {e}", "", UnsupportedCall)
        bound: dict[str, Term] = {}
        for p in signature.parameters.values():
            if p.kind is p.VAR_POSITIONAL:
                bound[p.name] = tuple(given.get(p.name, ()))
            elif p.kind is p.VAR_KEYWORD:
                bound[p.name] = self.new(dict, dict(given.get(p.name, {})))
            else:
                bound[p.name] = given[p.name] if p.name in given else defaults[p.name]
        return bound

    def is_value(self, term: Term) -> bool:
        """Whether a term can be passed at run time: no function, no generator in it."""
        if isinstance(term, (Value, Constant)):
            return True
        if isinstance(term, Ref):
            found = parts(self.env[term.cell])
            return found is None or all(map(self.is_value, found[1]))
        if isinstance(term, (tuple, list, dict, Record)):
            found = parts(term)
            return found is not None and all(map(self.is_value, found[1]))
        return False

    def lower_here(self, f: types.FunctionType, bound: dict[str, Term], node: gast.AST) -> Term:
        """The body of a function in the place of its call."""
        source, code = source_of(f), function_code(f)
        self.frames += 1
        rest = code.live, None, None, code.captured, code.reads
        frame = Frame(source, f, code.tree, self.frames, None, code.local, *rest)
        return self.enter(frame, bound, node)

    def call_closure(self, closure: Closure, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A function or lambda made in the function, in the place of its call."""
        signature = signature_of(closure.node.args)
        bound = self.bind_arguments(closure.name, signature, arguments, keywords, closure.defaults, node)
        found = self.compiled_closure(closure, bound, node)
        if found is not None:
            return found
        code = self.closure_code(closure.node)
        return self.enter(self.inner_frame(closure.frame, code), bound, node)

    def inner_frame(self, around: Frame, code: Code) -> Frame:
        """A frame for a function or comprehension that sees the names of another one."""
        self.frames += 1
        return inner_frame(around, code, self.frames)

    def compiled_closure(self, closure: Closure, bound: dict[str, Term], node: gast.AST) -> Term | None:
        """A closure that calls itself, as a function of the module that takes what it closes over.

        None where it is none, or closes over something that cannot be passed.
        """
        names = closure.frame.reads.get(closure.name, frozenset())
        if closure.name not in names or not all(map(self.is_value, bound.values())):
            return None
        target = self.closure_target(closure, bound, names)
        if target is None:
            return None
        try:
            found = self.call_compiled(*target, node, None)
        except UnsupportedCall:
            return None  # it may end at compile time
        return None if found is None else self.adopt(found)

    def closure_target(
        self, closure: Closure, bound: Mapping[str, Term], names: Collection[str]
    ) -> tuple[ClosureTarget, list[Operand]] | None:
        """A closure as a function of its own, with its operands; None where it closes over what cannot be passed."""
        keys = {n: closure.frame.find(n) for n in sorted(set(names) - bound.keys())}
        terms = {n: self.env[k] for n, k in keys.items() if k is not None and k in self.env}
        functions = {n: t for n, t in terms.items() if isinstance(t, Closure) and not t.defaults}
        values = {n: t for n, t in terms.items() if n not in functions}
        if not all(map(self.is_value, values.values())):
            return None
        own = tuple((n, functions[n]) for n in functions)
        target = ClosureTarget(closure, self.closure_code(closure.node), (*bound, *values), (*values, *functions), own)
        return target, [self.to_operand(t) for t in (*bound.values(), *values.values())]

    def derived(self, operator: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """`grad(closure, ...)`: the derivative of a function made in the function, to be called."""
        known = {k: self.static(v, node) for k, v in keywords.items()}
        given = [self.static(a, node) for a in arguments[1:]]
        function = arguments[0]
        if not isinstance(function, Closure):
            self.refuse(
                node, f"a derivative of {describe(function)}", "write a function that calls it", UnsupportedCall
            )
        names = list(signature_of(function.node.args).parameters)
        return Derived(function, operator.__s2sad_transform__(names, *given, **known))

    def call_derived(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The derivative of a closure, compiled with what it closes over as further parameters."""
        closure = function.closure
        signature = signature_of(closure.node.args)
        bound = self.bind_arguments(closure.name, signature, arguments, keywords, closure.defaults, node)
        names = scope.free(closure.node) | closure.frame.reads.get(closure.name, frozenset())
        names |= {m for n in names for m in closure.frame.reads.get(n, ())}
        target = self.closure_target(closure, bound, names) if all(map(self.is_value, bound.values())) else None
        if target is None:
            self.refuse(node, "a derivative of a function that closes over a function", "pass it", UnsupportedCall)
        derivative = DerivedTarget(target[0], function.transform)
        found = self.call_compiled(derivative, target[1], node, hint)
        if found is None:
            self.refuse(node, "a derivative of a function that changes a list or object", "return it", UnsupportedCall)
        return self.adopt(found)

    def enter(self, frame: Frame, bound: dict[str, Term], node: gast.AST) -> Term:
        """Lower the body of a frame; what it returns."""
        frame.caller, frame.receiver = self.frame, next(iter(bound.values()), None)
        depth = 0
        around: Frame | None = frame.caller
        while around is not None:
            depth, around = depth + 1, around.caller
        if depth > MAX_DEPTH:
            self.refuse(
                node,
                f"{frame.tree.name} calls itself, and takes or changes something that is no number or array",
                "write a loop, or a function at the top of a module that takes and returns values",
                UnsupportedCall,
            )
        outer, location, self.frame = self.frame, self.builder.location, frame
        try:
            for name, term in bound.items():
                self.env[frame.key(name)] = self.adopt(term)
                for ref in self.reachable(term):
                    self.inside.pop(ref.cell, None)
            result = self.body(frame.tree)
        finally:
            self.frame, self.builder.location = outer, location
        if not frame.has_functions:
            for name in frame.local:
                self.env.pop(frame.key(name), None)
        return result

    def body(self, tree: gast.FunctionDef) -> Term:
        raise NotImplementedError

    def closure_code(self, node: gast.AST) -> Code:
        """What is known of the text of a closure: computed once in a lowering."""
        found = self.codes.get(id(node))
        if found is None:
            tree = lambda_function(node) if isinstance(node, gast.Lambda) else node
            found = self.codes[id(node)] = code_of(tree)
        return found

    # methods of containers and arrays

    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        receiver, name = method.receiver, method.name
        opened = self.open(receiver)
        if isinstance(opened, Record) and is_namedtuple(opened.cls) and name in ("_replace", "_asdict"):
            items = {**opened.items, **keywords}
            return Record(opened.cls, items) if name == "_replace" else self.new(dict, dict(items))
        if isinstance(opened, dict) and name in DICT_METHODS:
            return DICT_METHODS[name](self, receiver, opened, arguments, keywords, node)
        is_list = isinstance(opened, list) or (isinstance(receiver, Ref) and receiver.cls is list)
        if (is_list or isinstance(opened, tuple)) and name in LIST_METHODS:
            return LIST_METHODS[name](self, receiver, opened, arguments, node)
        if isinstance(receiver, Constant) and isinstance(receiver.type, StaticType):
            return self.call(constant(getattr(receiver.value, name)), arguments, keywords, node, hint)
        if not (isinstance(receiver, (Value, Constant)) and isinstance(receiver.type, ArrayType)):
            self.refuse(node, f"there is no method {name} of {describe(receiver)}", "", UnsupportedCall)
        if name == "item" and not arguments:
            return self.apply(float, [receiver])
        if name == "flatten":
            name = "ravel"
        if name not in ARRAY_METHODS:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        if name in ("reshape", "transpose") and len(arguments) > 1:
            arguments = [tuple(arguments)]
        function = getattr(np, name)
        primitive = lookup(function)
        if primitive is None:
            self.refuse(node, f"there is no derivative rule for np.{name}", "", UnsupportedCall)
        return self.call_primitive(primitive, [receiver, *arguments], keywords, node, hint)

    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""
        arguments = [self.as_argument(a) for a in arguments]
        try:
            operands, static = primitive.bind(arguments, keywords)
        except TypeError as e:
            self.refuse(node, f"{primitive.name}: {e}", "leave this argument out", UnsupportedCall)
        known = {k: self.static(v, node) for k, v in static.items()}
        return self.builder.apply(primitive, [self.to_operand(o) for o in operands], known, hint)

    def as_argument(self, term: Term) -> Term:
        """An iterable as the list that a function makes of it; an object that says what array it is."""
        cls = class_of(term)
        if cls is not None and is_user_class(cls):
            for name in ("__array__", "__float__"):
                found = self.call_special(term, name, [], self.frame.tree)
                if found is not None:
                    return found
        return self.listed(term)

    def listed(self, term: Term) -> Term:
        """A range, zip or generator as a list; other terms as they are."""
        return term

    def call_compiled(self, function: Any, operands: list[Operand], node: gast.AST, hint: str | None) -> Operand | None:
        """Another function of the program; operands that it must know are asked of this function's parameters.

        None where it must be lowered in the place of the call.
        """
        try:
            callee = self.context.callee(function, operands, self.at(node))
        except CalleeNeedsStatic as e:
            self.need_static(operands[e.position], e.path, node)
        if callee is None:
            return None
        passed = [operands[k] for k in callee.passed]
        for variable in callee.captured:
            if variable.key not in self.captured:
                self.captured[variable.key] = (variable, Value(self.context.captured_type(variable), variable.shown))
            passed.append(self.captured[variable.key][1])
        return self.builder.call_function(callee.reference, passed, hint)

    def need_static(self, operand: Operand, path: tuple[object, ...], node: gast.AST) -> NoReturn:
        if isinstance(operand, Value) and operand in self.parameter_paths:
            parameter, before = self.parameter_paths[operand]
            raise NeedsStatic(parameter, before + path, self.at(node))
        self.refuse(node, "the function must know this argument at compile time", "pass a constant", UnsupportedType)


@dataclass(frozen=True, eq=False)
class ClosureTarget:
    """A closure to be compiled by itself: `names` are its parameters, and then the variables that it closes over.

    `outside` are all names from around it that it reads, `functions` those of them that are closures.
    """

    closure: Closure
    code: Code
    names: tuple[str, ...]
    outside: tuple[str, ...]
    functions: tuple[tuple[str, Closure], ...]

    @property
    def __name__(self) -> str:
        return self.closure.name

    def identity(self) -> object:
        nodes = tuple((n, id(c.node)) for n, c in self.functions)
        return id(self.closure.node), self.names, self.outside, nodes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClosureTarget) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(self.identity())


@dataclass(frozen=True)
class DerivedTarget:
    """The derivative of a closure, as a target of the compiler."""

    target: ClosureTarget
    transform: Any

    __s2sad_derivative__ = True

    @property
    def __name__(self) -> str:
        return f"{self.target.__name__}_grad"


def signature_of(arguments: gast.arguments) -> inspect.Signature:
    """The signature of a function by its text; the defaults are only marked."""
    P = inspect.Parameter
    found: list[inspect.Parameter] = []
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for k, a in enumerate(positional):
        kind = P.POSITIONAL_ONLY if k < len(arguments.posonlyargs) else P.POSITIONAL_OR_KEYWORD
        found.append(P(a.id, kind, default=P.empty if k < without else True))
    if arguments.vararg is not None:
        found.append(P(arguments.vararg.id, P.VAR_POSITIONAL))
    for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(P(a.id, P.KEYWORD_ONLY, default=P.empty if default is None else True))
    if arguments.kwarg is not None:
        found.append(P(arguments.kwarg.id, P.VAR_KEYWORD))
    return inspect.Signature(found)


def lambda_function(node: gast.Lambda) -> gast.FunctionDef:
    """A lambda as a function that returns its body."""
    nothing: dict[str, object] = {"decorator_list": [], "returns": None, "type_comment": None, "type_params": []}
    body = [gast.copy_location(gast.Return(value=node.body), node.body)]
    return gast.copy_location(gast.FunctionDef(name="lambda_", args=node.args, body=body, **nothing), node)
