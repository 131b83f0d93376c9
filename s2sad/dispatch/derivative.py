"""What a user holds: a derivative that compiles itself for each pattern of arguments, and finds it again at once.

df = Derivative(f, Transform("grad"))
df(2.0, x)          looks the pattern of the arguments up, compiles at the first call, calls the emitted function
"""

from __future__ import annotations

import functools
import inspect
import operator
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from s2sad.backends import runner_of
from s2sad.compiler.compiled import Compiled
from s2sad.compiler.transform import Transform, with_statics
from s2sad.dispatch.arguments import item_at, without_numbers
from s2sad.dispatch.bound import Method
from s2sad.dispatch.description import annotated_type, base_function, derivative_name, title
from s2sad.dispatch.direct import direct_class, led_straight, note_led
from s2sad.dispatch.display import NAMES, generic_pattern, pattern_of
from s2sad.dispatch.explorable import Explorable
from s2sad.dispatch.finding import Finder
from s2sad.dispatch.frames import public, without_own_frames
from s2sad.dispatch.kept_lines import kept_lines
from s2sad.dispatch.primal import primal_of, sizes_of
from s2sad.dispatch.sharing import roots_of, watched_of
from s2sad.dispatch.specialised import Family, Specialised, Statics, drop_oldest
from s2sad.dispatch.subject import Subject, bound_arguments
from s2sad.dispatch.typed import Lowered, P, R
from s2sad.dispatch.watching import WATCHERS, observed, tell
from s2sad.errors import ArgumentError, Error, StaleSource, note_line
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import NeedsHandle, Reads, Settled
from s2sad.frontend.reading.callables import UserValue, callable_name
from s2sad.ir.marks import Differentiated, mark
from s2sad.ir.signature import Signature
from s2sad.ir.types import StaticType, Type, type_of
from s2sad.ir.values import Function
from s2sad.view.cell import Pattern
from s2sad.view.lines import Line, Lines
from s2sad.view.text import Text


class Derivative(Method[P, R], Finder, Explorable):
    """A derivative of a function: called like the function, compiled for each pattern of its arguments.

    `Derivative[P, R]` is its type: of the parameters of the function, and of what the derivative gives.

    >>> import s2sad
    >>> df = s2sad.grad(lambda x: x**3)
    >>> isinstance(df, s2sad.Derivative), df(2.0)
    (True, 12.0)
    """

    def __new__(
        cls, target: object, transform: Transform | None, backend: str | None = None, *rest: object
    ) -> Derivative:
        straight = cls is Derivative and runner_of(backend).backend.checks
        made: Derivative = object.__new__(direct_class(Straight) if straight else cls)
        return made

    def __init__(self, target: object, transform: Transform | None, backend: str | None = None) -> None:
        self.runner = runner_of(backend)
        self._subject = Subject.of(target)
        self._stamp = self._subject.stamp()
        self.target = self._subject.target
        self.transform = transform
        self.backend = backend
        functools.update_wrapper(self, base_function(self.target), NAMES, ())  # type: ignore[arg-type]
        self.__signature__ = self._subject.signature_for(transform)
        self.__name__ = derivative_name(self.target, transform)
        self._families: dict[object, Family] = {}
        self._fast: dict[tuple[type, ...], Specialised] = {}
        self._names = tuple(self.__signature__.parameters)
        self._count = len(self._names)
        self._spread: dict[object, Derivative] | None = {} if self._subject.is_variadic else None

    def __copy__(self) -> Derivative:
        return self

    def __deepcopy__(self, memo: object) -> Derivative:
        return self

    @property
    def is_variadic(self) -> bool:
        return self._spread is not None

    def spread(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Derivative:
        if self._spread is None:
            return self
        key = (len(args), tuple(kwargs))
        if key not in self._spread:
            own = args[: len(args) - self.further]
            made = Derivative(self._subject.spread(own, kwargs), self.placed(own, kwargs), self.backend)
            self._spread[key] = made
            drop_oldest(self._spread)
            return made
        return self._spread[key]

    @property
    def further(self) -> int:
        """How many arguments come behind those of the function: tangents, or a cotangent."""
        return 0 if self.transform is None else self.transform.further

    def placed(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Transform:
        """The transformation by the parameters that the arguments of a call are, which `spread` has as its own."""
        assert self.transform is not None
        if self._spread is None:
            return self.transform
        names = [*(str(k) for k in range(len(args))), *kwargs]
        try:
            named = [*self._subject.parameters, *self._subject.keywords]
            return self.transform.placed(named, names, len(args))
        except LookupError as e:
            given = [f"{len(args)} arguments"] * bool(args) + [*kwargs]
            raise ArgumentError(
                f"argnums {e.args[0]!r}: {callable_name(self.target)} is called with {' and '.join(given) or 'nothing'}"
            ) from None

    def _in_order(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[Derivative, Sequence[object]]:
        """The derivative for just these arguments, and them in its order; defaults of what is asked for are put in."""
        assert self.transform is not None
        count = len(args) - self.further
        given, parameters = dict(kwargs), list(self.__signature__.parameters.values())
        for k, p in enumerate(parameters):
            by_name = p.kind is p.KEYWORD_ONLY or (p.kind is p.POSITIONAL_OR_KEYWORD and k >= count)
            if by_name and p.name in self.transform.names and p.default is not p.empty:
                given.setdefault(p.name, p.default)
        return self.spread(args, given), (*args[:count], *given.values(), *args[count:])

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if self._spread is not None:
                derivative, values = self._in_order(args, kwargs)
                return derivative(*values)  # type: ignore[no-any-return]
            if WATCHERS:
                return self._observed(self._bind(args, kwargs))  # type: ignore[no-any-return]
            if not kwargs:
                # Floats and ints have no lengths, and no values where nothing must be known: their classes are the
                # whole pattern.
                found = self._fast.get(tuple(map(type, args)))
                if found is not None and found.guards.hold():
                    return found.call(*args)  # type: ignore[no-any-return]
            return self._specialise(values := self._bind(args, kwargs)).call(*values)  # type: ignore[no-any-return]
        except Error as e:
            __tracebackhide__ = True
            raise without_own_frames(e)  # S2SAD_TRACEBACK=full shows all  # noqa: B904
        except Exception as e:
            if self._spread is None:  # the one for these arguments has done so
                note_line(e)
            raise

    def _bind(self, args: Sequence[object], kwargs: dict[str, object]) -> tuple[object, ...]:
        """The arguments in the order of the parameters, defaults put in."""
        if not kwargs and len(args) == self._count:
            return tuple(args)
        self._sign_again()
        given = bound_arguments(self.__signature__, args, kwargs, callable_name(self.target))
        return tuple(given[n] for n in self._names)

    def _sign_again(self) -> None:
        """Take the signature of the function anew where its code or its defaults were replaced."""
        if isinstance(self.target, Derivative):
            self.target._sign_again()
        stamp = self._subject.stamp()
        # By identity: to compare defaults could compare arrays.
        if len(stamp) == len(self._stamp) and all(map(operator.is_, stamp, self._stamp)):
            return
        self._stamp = stamp
        self._subject = Subject(self.target)
        self.__signature__ = self._subject.signature_for(self.transform)
        self._names = tuple(self.__signature__.parameters)
        self._count = len(self._names)

    def another(self, target: object, transform: Transform | None, backend: str | None = None) -> Derivative:
        """Any other derivative: for what is made of one, and does not know this class."""
        return Derivative(target, transform, backend)

    def without_backend(self) -> Derivative:
        """The same derivative, run by NumPy."""
        return Derivative(self.target, self.transform)

    def sweeps(self, primals: Sequence[object]) -> tuple[tuple[UserValue, UserValue], Callable[..., UserValue]]:
        """The result and residuals for these arguments, and the reverse sweep."""
        values = self._bind(primals, {})
        found = self._specialise(values)
        meta = found.module.__s2sad_meta__
        reverse = found.reverse or getattr(found.module, meta["reverse"])
        try:
            result = found.call(*values)
        except Exception as e:
            note_line(e)
            raise
        keeps = bool(meta["residuals"])
        if WATCHERS:
            out = result[0] if keeps else result
            reverse = self._observed_sweep(values, out, reverse)
        if keeps:
            return result, reverse
        return (result, None), lambda residuals, *given: reverse(*given)

    def _observed(self, values: tuple[object, ...]) -> UserValue:
        """A call that is watched."""
        return observed(self, values, lambda: self._specialise(values).call(*values))

    def _observed_sweep(
        self, values: tuple[object, ...], out: object, reverse: Callable[..., UserValue]
    ) -> Callable[..., UserValue]:
        """The second sweep of a pair, watched at each call; the first one is looked at now."""
        transform = self.transform
        assert transform is not None
        # one program of both sweeps, whose lines can be told one after the other
        kind, count = ("pullback", len(values)) if transform.kind == "vjp" else ("pushforward", 0)
        whole = Derivative(self.target, replace(transform, kind=kind, count=count), self.backend)
        tell(Derivative(self.target, replace(transform, kind="primal")), values, out)
        return lambda residuals, *given: observed(whole, (*values, *given), lambda: reverse(residuals, *given))

    def primal(self, args: Sequence[object], kwargs: dict[str, object], signature: Signature | None = None) -> Function:
        """The function itself in SSA, for arguments like these."""
        return primal_of(self.target, self._names, self._bind(args, kwargs), signature or Signature())

    def sizes(self, args: Sequence[object], kwargs: dict[str, object]) -> tuple[int, int | None]:
        """How many numbers the arguments asked for hold, and how many the result, where its shape says so."""
        if self._spread is not None:
            derivative, values = self._in_order(args, kwargs)
            return derivative.sizes(values, {})
        assert self.transform is not None
        signature = Signature()
        function = self.primal(args, kwargs, signature)
        return sizes_of(function, self.transform, self._bind(args, kwargs), signature)

    # for users

    @public
    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Lowered[P, R]:
        """The plain emitted function for arguments like these, with no dispatch in front; its text is `.source`."""
        if self._spread is not None:
            derivative, values = self._in_order(args, kwargs)
            return derivative.lower(*values)  # type: ignore[return-value]
        values = self._bind(args, kwargs)
        found = self._specialise(values)
        function: Any = found.function
        function.lines = Lines(functools.partial(self._lines, found, [*map(without_numbers, values)]))
        return function  # type: ignore[no-any-return]

    def _lines(self, found: Specialised, values: Sequence[object]) -> Sequence[Line]:
        """The lines of what was compiled for arguments like these.

        The program is compiled once more for them: what is in the cache holds no operations.
        """
        from s2sad.view.description import described

        kept = kept_lines(found.source)
        if kept is not None:
            return described(kept)
        settled = Settled()
        if found.seen is not None:
            # what was read anew there is so here
            settled.varying.update(v.key for v in watched_of(found.seen))
        compiled = self._compiled(values, found.statics, settled)
        if compiled.text != found.source:
            raise StaleSource(f"what {callable_name(self.target)} reads is not what {self.__name__} was compiled from")
        return described(compiled.parts)

    def _compiled(self, values: Sequence[object], known: Statics, settled: Settled) -> Compiled:
        """What is compiled for arguments like these, which are looked up nowhere, and run nowhere."""

        def make(parameters: dict[str, Type], signature: Signature, statics: Statics) -> Compiled:
            roots = roots_of(self.target, (item_at(values[k], path) for k, path in statics))
            return self.compile(parameters, signature, Reads(roots, settled))

        return self._attempted(values, known, settled, make)[0]

    @public
    def module(self, *args: P.args, **kwargs: P.kwargs) -> types.ModuleType:
        """The emitted module for arguments like these."""
        return self._specialise(self._bind(args, kwargs)).module

    def outside(self, *args: object, **kwargs: object) -> tuple[object, ...]:
        """What the variables outside hold now that the emitted function for arguments like these reads at each call."""
        return tuple(v.read() for v in self._specialise(self._bind(args, kwargs)).captured)

    @property
    @public
    def lines(self) -> Sequence[Line]:
        """The lines of the generic program, each with what it is: see `view.lines.Line`."""
        from s2sad.view.description import described

        return Lines(lambda: described(generic(self)[0].parts))

    def _generic_text(self, given: Sequence[object] = ()) -> Text:
        return Text(generic(self, given)[0].text)

    def _title(self) -> str:
        return title(self.target, self.transform, self._names)

    def _function(self) -> object:
        return base_function(self.target)

    def _patterns(self) -> Iterator[Pattern]:
        for family in list(self._families.values()):
            for forms in list(family.known.values()):
                # what was read may have changed since: then the next call compiles anew
                yield from (pattern_of(m, self._names, self._function()) for m in reversed(forms) if m.guards.hold())
        for derivative in list((self._spread or {}).values()):
            yield from derivative._patterns()

    def _before(self, given: Sequence[object] = ()) -> Iterator[Pattern]:
        compiled, reads = generic(self, given)
        yield generic_pattern(compiled.text, reads.objects, compiled.lines)


class Straight(Derivative[P, R]):
    """A derivative whose calls go straight to machine code where they can: see `Derivative`."""

    _led: object = None
    """What calls go through, and what they went through before; kept as long as this is."""
    _calls = 0
    _next = 2
    """At which of its calls the next entry is tried: most derivatives of lambdas are called once."""

    @public
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result = super().__call__(*args, **kwargs)
        if WATCHERS:
            return result
        self._calls += 1
        if self._calls == self._next and self._spread is None and not kwargs:
            self._next *= 2
            if len(args) == self._count:
                led = led_straight(self, self.runner, self._specialise(args), self.__call__)
                # the one before too: a thread may be in the code that it holds
                self._led = self._led if led is None else (led, self._led)
                if led is not None:
                    note_led(self)
        return result


mark(Derivative, Differentiated())


def generic(derivative: Derivative, given: Sequence[object] = ()) -> tuple[Compiled, Reads]:
    """The program for arguments of the types that the annotations say; of integers and the like by their defaults.

    The first arguments may be `given`: the object of a method.
    """
    parameters = {n: annotated_type(p) for n, p in derivative.__signature__.parameters.items()}
    parameters.update(zip(derivative._names, map(Signature().type_of, given), strict=False))
    settled = Settled()
    while True:
        reads = Reads((), settled)
        try:
            return derivative.compile(parameters, reads=reads), reads
        except NeedsHandle as e:
            settled.add(e)
        except NeedsStatic as e:
            name = list(parameters)[e.parameter]
            if e.parameter < len(given):
                known = {(e.parameter, e.path): item_at(given[e.parameter], e.path)}
                parameters[name] = with_statics(parameters[name], e.parameter, known)
                continue
            default = derivative.__signature__.parameters[name].default
            # One that is asked for twice cannot be had by its default.
            if default is inspect.Parameter.empty or parameters[name].is_static:
                raise ArgumentError(
                    f"the generic program of {callable_name(derivative.target)} needs the value of {name!r}; "
                    "give it a default, or use .lower(*args).source"
                ) from None
            parameters[name] = type_of(default) if type(default) is int else StaticType(default)
