"""What was compiled for a pattern of arguments: found in the process, in the cache, or made.

A pattern is the types of the arguments, the values that the program must know of them, and what was read outside.
"""

from __future__ import annotations

import functools
import inspect
import time
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from s2sad.backends import Runner
from s2sad.compiler.compiled import Compiled
from s2sad.compiler.transform import Transform, with_statics
from s2sad.dispatch.activity import check_active
from s2sad.dispatch.arguments import apart_from_defaults, apart_from_takers, item_at, unshared
from s2sad.dispatch.description import docstring, emitted_parameters, header
from s2sad.dispatch.kept_lines import keep_lines
from s2sad.dispatch.lengths import fits
from s2sad.dispatch.primal import new_program
from s2sad.dispatch.reasons import report, why_again
from s2sad.dispatch.sharing import SHARED, Found, bound_here, code_key, kind_of_module, roots_of, store, stored
from s2sad.dispatch.specialised import Family, Specialised, Statics, bound, drop_oldest, outside_key, started
from s2sad.dispatch.subject import Derived, Subject
from s2sad.errors import ArgumentError, Unsupported, UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import NeedsConstant, NeedsHandle, NeedsVariables, Reads, Settled, Variable
from s2sad.frontend.reading.callables import callable_name
from s2sad.ir.dims import CallLengths
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.objects import object_items
from s2sad.ir.signature import Signature, fast_key, instant_key, key_of
from s2sad.ir.types import Type, is_active_type
from s2sad.progress import Work, compiling, stage

Made = TypeVar("Made")


class Finder(Derived):
    """A derivative by its patterns: each is looked up here once, and then called straight."""

    __name__: str
    runner: Runner
    target: Any
    transform: Transform | None
    backend: str | None
    _subject: Subject
    _names: tuple[str, ...]
    _families: dict[object, Family]
    _fast: dict[tuple[type, ...], Specialised]

    def without_backend(self) -> Callable[..., object]:
        """The same derivative, run by NumPy."""
        raise NotImplementedError

    def _specialise(self, values: tuple[object, ...]) -> Specialised:
        """What these arguments lead to, made where there is none."""
        dims: dict[int, int] = {}
        statics: list[object] = []
        try:
            key = fast_key(values, dims, statics)
        except RecursionError:
            raise ArgumentError(f"an argument of {callable_name(self.target)} contains itself") from None
        family = self._families.get(key)
        if family is not None:
            own = (*map(instant_key, statics), *_known(values, family.statics)) if statics or family.statics else ()
            for member in family.known.get(own, ()):
                if member.guards.hold() and member.serves(dims):
                    return member
        # Two threads may come here at once: each makes the same, and the later one is found first.
        found = self._find(key, values, dims, statics)
        if not found.statics and not found.watched and all(type(a) in (float, int) for a in values):
            self._fast[tuple(map(type, values))] = found
        if family is None or family.statics != found.statics:
            family = self._families[key] = Family(found.statics)
            drop_oldest(self._families)
        family.add((*map(instant_key, statics), *found.known), found)
        return found

    def _find(
        self, key: object, values: tuple[object, ...], dims: dict[int, int], statics: Sequence[object]
    ) -> Specialised:
        """What was compiled for such arguments, for this function or another one of its code; made where it was not."""

        def roots(known: Statics) -> tuple[object, ...]:
            return roots_of(self.target, (*statics, *(item_at(values[k], path) for k, path in known)))

        texts = tuple(fingerprint(s) or code_key(s) for s in statics)
        shared = (code_key(self), key, texts)
        settled = Settled()
        for other, seen in SHARED.find(shared, roots, settled):
            # Its code is that of this function, and so are the arguments but for the values it must know.
            if other.known != _known(values, other.statics):
                continue
            found = Found(bound_here(other.module, seen), seen, other.places)
            member = self._specialised(found, other.statics, values, dims, other.given, other.pattern)
            if member.outside == other.outside and member.serves(dims):
                return member
        with compiling(self.__name__) as work:
            why = ""
            if work is not None:
                families, known = self._families, SHARED.known.get(shared, ())
                why = why_again(self._names, values, dims, families.get(key), families.values(), known, roots)
            member = self._compile(values, dims, roots, settled, work)
            if work is not None:
                report(work, self._names, member.given, why)
        SHARED.add(shared, member)
        return member

    def _compile(
        self,
        values: tuple[object, ...],
        dims: dict[int, int],
        roots: Callable[[Statics], Sequence[object]],
        settled: Settled,
        work: Work | None,
    ) -> Specialised:
        if self.transform is not None:
            check_active(self.target, self.transform, [Signature().type_of(v) for v in values], self._names)

        def make(parameters: dict[str, Type], signature: Signature, statics: Statics) -> Found:
            return self._load_or_make(parameters, signature, values, dims, roots(statics), settled, work)

        began = time.perf_counter()
        found, statics, given, pattern = self._attempted(values, (), settled, make)
        member = self._specialised(found, statics, values, dims, given, pattern)
        member.seconds = time.perf_counter() - began if found.made else None
        return member

    def _attempted(
        self,
        values: Sequence[object],
        statics: Statics,
        settled: Settled,
        make: Callable[[dict[str, Type], Signature, Statics], Made],
    ) -> tuple[Made, Statics, tuple[Type, ...], tuple[Type, ...]]:
        """What is made for the types of arguments, once all is known that must be; with that, and the types."""
        # Each attempt that fails tells what it was missing: an argument that must be known, a number outside, what
        # rules read. There are finitely many of these, and none is asked for twice.
        while True:
            signature = Signature(CallLengths())
            given = [signature.type_of(v) for v in values]
            leaves = {(k, p): item_at(values[k], p) for k, p in statics}
            parameters = {
                n: with_statics(t, k, leaves) for k, (n, t) in enumerate(zip(self._names, given, strict=True))
            }
            try:
                return make(parameters, signature, statics), statics, tuple(given), tuple(parameters.values())
            except NeedsStatic as e:
                if (e.parameter, e.path) in statics:
                    raise
                self._check_known(e, values)
                statics = (*statics, (e.parameter, e.path))
            except (NeedsConstant, NeedsVariables, NeedsHandle) as e:
                settled.add(e)
            except Unsupported:
                # A number that varied is read anew; where the program needs its value, it is a constant after all.
                if settled.pending <= settled.constants:
                    raise
                settled.constants |= settled.pending

    def _check_known(self, e: NeedsStatic, values: Sequence[object]) -> None:
        """Refuse to take for a constant what derivatives are taken by, and an object whose numbers hold examples."""
        known = item_at(values[e.parameter], e.path)
        if not is_active_type(Signature().type_of(known)):
            return
        of_object = object_items(known) is not None
        inner: object = self
        while isinstance(inner, Finder):
            t, name = inner.transform, self._names[e.parameter]
            moved = t is not None and e.parameter in t.argnums
            if of_object and t is not None and (moved or t.row.examples):
                raise UnsupportedType(
                    f"which object the {type(known).__name__} in {name!r} is must be known, and its numbers vary",
                    "compare an attribute that tells the objects apart, such as a name",
                    e.location,
                )
            if moved:
                raise UnsupportedType(
                    f"the value of {name!r} must be known here, and derivatives are taken by it",
                    "use as a key, an index, an option or a choice what is no float: a string, an integer",
                    e.location,
                )
            inner = inner.target

    def _specialised(
        self,
        found: Found,
        statics: Statics,
        values: tuple[object, ...],
        dims: dict[int, int],
        given: tuple[Type, ...],
        pattern: tuple[Type, ...],
    ) -> Specialised:
        """The emitted function in a module, with what was read to make it."""
        member = self._entry(found.module, found.captured, statics, values, given, pattern)
        member.watched = found.watched
        member.outside = outside_key(member.watched, dict(dims))
        member.seen, member.guards, member.places = found.seen, found.seen.guards, found.places
        return member

    def _entry(
        self,
        module: types.ModuleType,
        captured: tuple[Variable, ...],
        statics: Statics,
        values: tuple[object, ...],
        given: tuple[Type, ...],
        pattern: tuple[Type, ...],
    ) -> Specialised:
        """The emitted function in a module, with the variables that it captures."""
        parameters = dict(zip(self._names, pattern, strict=True))
        with stage("starting the backend"):
            member = started(self.runner, module, captured, parameters, self.without_backend, self.__name__)
        member = member or bound(module, captured, self._names)
        changed = module.__s2sad_meta__["changed"]
        if changed and (len(given) + len(captured) > 1 or not given[0].is_array):
            member.call = unshared(member.call, changed, captured, self._names)
        member.call = apart_from_takers(member.call, captured, self._names)
        defaults = self._changed_defaults([int(k) for k, *_ in changed])
        if defaults:
            member.call = apart_from_defaults(member.call, defaults, self._names, self._subject.location)
        member.given, member.pattern = given, pattern
        member.fits = fits(module.__s2sad_meta__)
        member.statics, member.known = statics, _known(values, statics)
        member.captured = captured
        return member

    def _changed_defaults(self, changed: Sequence[int]) -> dict[int, object]:
        """The defaults of the parameters at these positions that can be changed."""
        parameters = list(self.__signature__.parameters.values())
        defaults = {k: parameters[k].default for k in changed if k < len(parameters)}
        return {k: v for k, v in defaults.items() if v is not inspect.Parameter.empty}

    def _load_or_make(
        self,
        parameters: dict[str, Type],
        signature: Signature,
        values: Sequence[object],
        dims: Mapping[int, int],
        roots: Sequence[object],
        settled: Settled,
        work: Work | None,
    ) -> Found:
        pattern = ";".join(map(key_of, parameters.values()))
        kind = kind_of_module(roots, _chain(self), pattern, str(self.backend), self.runner.version)
        with stage("looking in the cache"):
            found = stored(self.__name__, kind, roots, values, dims)
        if found is not None:
            if work is not None:
                work.found_in = found.module.__file__
            return found
        reads = Reads(roots, settled)
        compiled = self.compile(parameters, signature, reads)
        facts: dict[str, object] = {
            "entry": compiled.entry,
            "reverse": compiled.reverse,
            "residuals": compiled.interface.residuals is not None,
            "changed": [[[*parameters].index(n), *path] for n, path in compiled.changed],
            **compiled.facts,
        }
        with stage("storing"):
            return store(self.__name__, kind, compiled, reads, values, signature, dims, facts)

    def compile(
        self, parameters: dict[str, Type], signature: Signature | None = None, reads: Reads | None = None
    ) -> Compiled:
        """The text of the derivative for parameters of these types."""
        with compiling(self.__name__):
            from s2sad.compiler.pipeline import compile_derivative

            compiled = compile_derivative(
                self.target,
                self.transform,
                parameters,
                self.__name__,
                emitted_parameters(self.__signature__),
                functools.partial(header, self.__name__, parameters, self.target),
                new_program(self.runner, reads, signature),
                docstring(self.target, self.transform, self._names),
            )
        return keep_lines(compiled)


def _known(values: Sequence[object], statics: Statics) -> tuple[object, ...]:
    """The values of the leaves of arguments that must be known."""
    found = [item_at(values[k], path) for k, path in statics]
    return tuple(v if type(v) is int else instant_key(v) for v in found)


def _chain(target: object) -> str:
    parts = []
    while isinstance(target, Finder):
        parts.append(repr(target.transform))
        target = target.target
    return "|".join(parts)
