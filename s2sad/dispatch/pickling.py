"""Derivatives in other processes: what a pickle of one holds, and what is made of it where it is read.

A derivative is pickled as the name of its function, and the emitted text for each pattern that it was compiled for.
Where the function can be imported, it is the derivative of that, and the texts are in the cache already. Where it
cannot (a lambda, a closure, a script's function in some workers), the texts are all there is: other patterns raise.
"""

from __future__ import annotations

import copyreg
import functools
import importlib
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2sad import cache
from s2sad.compiler.compiled import Compiled
from s2sad.compiler.transform import Transform, with_statics
from s2sad.dispatch.arguments import item_at
from s2sad.dispatch.derivative import Derivative, Straight
from s2sad.dispatch.sharing import is_for
from s2sad.dispatch.specialised import Specialised, Statics, outside_key
from s2sad.errors import CacheError, SourceUnavailable
from s2sad.frontend.dependencies import Reads, Variable
from s2sad.frontend.reading.callables import Spread, signature_of
from s2sad.ir.fingerprint import code_digest
from s2sad.ir.marks import is_checkpoint
from s2sad.ir.signature import Signature, key_of
from s2sad.ir.types import StaticType, Type, leaves
from s2sad.ir.values import Function


class Absent:
    """A function whose code is not in this process: what is known of it."""

    def __init__(self, module: str, qualname: str, signature: inspect.Signature) -> None:
        self.__module__ = module
        self.__qualname__ = qualname
        self.__name__ = qualname.rpartition(".")[2]
        self.__signature__ = signature

    def __call__(self, *args: object, **kwargs: object) -> object:
        raise SourceUnavailable(f"the code of {self.__module__}.{self.__qualname__} is not in this process")


@dataclass(frozen=True, eq=False)
class Reference:
    """A Python function by its name, with the digest of its code."""

    module: str
    qualname: str
    code: str
    signature: inspect.Signature

    @staticmethod
    def of(function: types.FunctionType) -> Reference:
        code = code_digest(function.__code__)
        return Reference(function.__module__, function.__qualname__, code, plain(signature_of(function)))

    def resolved(self) -> object:
        """The function, where this process has one of that name and code."""
        found = imported(self.module, self.qualname)
        # A function of this name may be another version of it here: then only the texts that came along are right.
        if found is not None and code_digest(found.__code__) == self.code:
            return found
        return Absent(self.module, self.qualname, self.signature)


@dataclass(frozen=True, eq=False)
class Composed:
    """A partial, a bound method, a checkpoint, a function for so many arguments: its class, the function, the rest."""

    cls: type
    function: object
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    signature: inspect.Signature

    def resolved(self) -> object:
        """The same around the function, or what is known of it."""
        inner = resolved(self.function)
        if isinstance(inner, Absent):
            return Absent(inner.__module__, inner.__qualname__, self.signature)
        return self.cls(inner, *self.arguments, **self.keywords)


def picklable(target: Any) -> object:
    """What a derivative is of, as it can be pickled."""
    match target:
        case types.FunctionType():
            return Reference.of(target)
        case functools.partial():
            inner, arguments, keywords = target.func, target.args, target.keywords
        case types.MethodType():
            inner, arguments, keywords = target.__func__, (target.__self__,), {}
        # its class and what it is of are enough: the mark is made anew with it
        case _ if is_checkpoint(target):
            inner, arguments, keywords = target.target, (), {}
        case Spread():
            inner, arguments, keywords = target.function, (target.names, target.count), {}
        case _:
            return target
    return Composed(type(target), picklable(inner), arguments, keywords, plain(signature_of(target)))


def resolved(target: object) -> object:
    """What `picklable` was made of, or an `Absent`."""
    return target.resolved() if isinstance(target, (Reference, Composed)) else target


def plain(signature: inspect.Signature) -> inspect.Signature:
    """A signature without annotations."""
    # an annotation may be a class that only this process has
    nothing = inspect.Parameter.empty
    parameters = [p.replace(annotation=nothing) for p in signature.parameters.values()]
    return inspect.Signature(parameters)


def imported(module: str, qualname: str) -> types.FunctionType | None:
    """The function of this name, that of a derivative where the name is that of a decorated one."""
    try:
        found: object = importlib.import_module(module)
        for part in qualname.split("."):
            # Of a class statically: `getattr` would bind a derivative that is a method, and run a property.
            found = inspect.getattr_static(found, part) if isinstance(found, type) else getattr(found, part)
    except (ImportError, AttributeError):
        return None
    while found is not None and not isinstance(found, types.FunctionType):
        inner = found.target if isinstance(found, Derivative) else getattr(found, "__wrapped__", None)
        found = inner if inner is not None else getattr(found, "__func__", None)
    return found


@dataclass(frozen=True, eq=False)
class Text:
    """The emitted module for one pattern of arguments; `captured` are the variables around the function."""

    given: str
    """The pattern."""
    pattern: str
    """The same, with the values of what must be known: the leaves at `statics`."""
    statics: Statics
    captured: tuple[tuple[str, object], ...]
    module: types.ModuleType

    def __reduce__(self) -> tuple[object, ...]:
        return received, (self.given, self.pattern, self.statics, self.captured, *cache.parts_of(self.module))


def received(
    given: str, pattern: str, statics: Statics, captured: tuple[tuple[str, object], ...], *parts: Any
) -> Text | CacheError:
    """The text of a pickle, its module stored and imported; what is wrong with it where it is not run."""
    try:
        return Text(given, pattern, statics, captured, cache.imported(cache.receive(*parts)))
    except CacheError as e:
        return e


def texts_of(derivative: Derivative) -> Iterator[Text]:
    """What a derivative was compiled for."""
    if isinstance(derivative, PickledDerivative):
        yield from derivative.texts
    else:
        members = [m for f in derivative._families.values() for forms in f.known.values() for m in forms]
        for member in members:
            # What was read may have changed since it was compiled; and a lambda among the arguments is told apart by an
            # identity that means nothing in another process. What takes values here is not there.
            handed = any(v.handed for v in member.captured)
            # Lengths of what is not handed on cannot be asked.
            asked = member.fits is None or [v.key for v in member.watched] == [v.key for v in member.captured]
            if not handed and asked and member.guards.hold() and all(map(is_named, static_leaves(member.pattern))):
                yield text_of(member)


def text_of(member: Specialised) -> Text:
    captured = tuple((v.shown, v.read()) for v in member.captured)
    given, pattern = pattern_of(member.given), pattern_of(member.pattern)
    return Text(given, pattern, member.statics, captured, member.module)


def pattern_of(given: Iterable[Type]) -> str:
    """A text that is equal for arguments of one pattern."""
    return ";".join(map(key_of, given))


def static_leaves(given: Iterable[Type]) -> Iterator[object]:
    """The objects in a pattern that are known at compile time."""
    return (s.value for t in given for s in leaves(t) if isinstance(s, StaticType))


def is_named(value: object) -> bool:
    """Whether the text of an object in a pattern says which one it is: plain data, or what has a name of its own."""
    if isinstance(value, (tuple, list)):
        return all(map(is_named, value))
    if isinstance(value, types.FunctionType):
        return imported(value.__module__, value.__qualname__) is value
    qualname = getattr(value, "__qualname__", None)
    return qualname is not None or value is Ellipsis or isinstance(value, (str, bytes, int, float, complex, type(None)))


class PickledDerivative(Derivative):
    """A derivative of a function that is not in this process: it has the patterns that it came with."""

    def __init__(
        self,
        target: object,
        transform: Transform | None,
        backend: str | None,
        texts: Iterable[Text],
        spread: dict[object, Derivative] | None,
    ) -> None:
        super().__init__(target, transform, backend)
        functools.update_wrapper(self, base_of(target), ("__module__", "__qualname__"), ())
        self.texts = tuple(texts)
        self._statics = {text.given: text.statics for text in self.texts}
        self._spread = spread

    def spread(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Derivative:
        if self._spread is None:
            return self
        found = self._spread.get((len(args), tuple(kwargs)))
        if found is None:
            raise self._missing(f"{len(args)} arguments")
        return found

    def _find(
        self, key: object, values: tuple[object, ...], dims: dict[int, int], statics: Sequence[object]
    ) -> Specialised:
        signature = Signature()
        given = list(map(signature.type_of, values))
        places = self._statics.get(pattern_of(given), ())
        leaves_ = {(k, p): item_at(values[k], p) for k, p in places}
        parameters = {n: with_statics(t, k, leaves_) for k, (n, t) in enumerate(zip(self._names, given, strict=True))}
        pattern = pattern_of(parameters.values())
        for text in reversed(self.texts):
            captured = tuple(Variable((value,), 0, name) for name, value in text.captured)
            if text.pattern == pattern and is_for(text.module, captured, dims):
                member = self._entry(text.module, captured, places, values, tuple(given), tuple(parameters.values()))
                member.watched, member.outside = captured, outside_key(captured, dict(dims))
                return member
        raise self._missing(", ".join(f"{n}: {t}" for n, t in parameters.items()))

    def compile(
        self, parameters: dict[str, Type], signature: Signature | None = None, reads: Reads | None = None
    ) -> Compiled:
        raise self._missing(", ".join(f"{n}: {t}" for n, t in parameters.items()))

    def primal(self, args: Sequence[object], kwargs: dict[str, object], signature: Signature | None = None) -> Function:
        raise self._missing("this")

    def without_backend(self) -> Derivative:
        raise self._missing(f"this without {self.backend}")

    def _missing(self, what: str) -> SourceUnavailable:
        base = base_of(self.target)
        return SourceUnavailable(
            f"{self.__name__} came from another process, and is not compiled for {what}; the function "
            f"{base.__module__}.{base.__qualname__} that it is of cannot be imported here, or is another one. "
            f"Call {self.__name__} with such arguments before it is pickled, or define the function at the top of a "
            "module that this process can import."
        )


@functools.lru_cache(maxsize=512)
def _known(target: object, transform: Transform | None, backend: str | None) -> Derivative:
    return Derivative(target, transform, backend)


def unpickled(
    target: object,
    transform: Transform | None,
    backend: str | None,
    texts: Sequence[Text | CacheError],
    spread: dict[object, Derivative] | None,
) -> Derivative:
    """The derivative that a pickle holds. By now the texts have been verified, stored and imported.

    Raises:
        CacheError: a text was not written for this user, and the function cannot be imported to compile it anew.
    """
    target = resolved(target)
    if isinstance(base_of(target), Absent):
        for text in texts:
            if isinstance(text, CacheError):
                raise text
        return PickledDerivative(target, transform, backend, [t for t in texts if isinstance(t, Text)], spread)
    try:
        return _known(target, transform, backend)
    except TypeError:  # an object that cannot be looked up in a table
        return Derivative(target, transform, backend)


def base_of(target: object) -> Any:
    """What the innermost derivative is of."""
    while isinstance(target, Derivative):
        target = target.target
    return target


def _reduce(derivative: Derivative) -> tuple[Any, ...]:
    parts = picklable(derivative.target), derivative.transform, derivative.backend
    return unpickled, (*parts, list(texts_of(derivative)), derivative._spread or None)


copyreg.pickle(Derivative, _reduce)
copyreg.pickle(Straight, _reduce)
copyreg.pickle(PickledDerivative, _reduce)
