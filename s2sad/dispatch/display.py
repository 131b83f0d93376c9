"""What a derivative says of itself: to `help`, `repr` and `dir`, and in the cell of a notebook.

df                      gradient of energy by x   springs.py:4, the text for each pattern of arguments beside the code
help(df), df.__doc__    the same in words, what it has for users, and the docstring of the function
"""

from __future__ import annotations

import functools
import inspect
import os
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence

from s2sad.dispatch.specialised import Specialised
from s2sad.errors import Error, Location, SourceUnavailable, StaleSource, Unsupported, cell_name
from s2sad.frontend.reading.callables import python_function
from s2sad.view.cell import Cell, Code, Pattern

NAMES = tuple(n for n in functools.WRAPPER_ASSIGNMENTS if n != "__doc__")
"""What a derivative takes from its function: its docstring it says itself."""
ANY_ARGUMENTS = inspect.Signature(
    [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)
FOR_USERS = ("backend", "explore", "lines", "lower", "module", "plan", "source", "target")
"""What `dir` names of a derivative; the rest of it is of use to the compiler."""


class Said:
    """The docstring of a class, whose objects have one of their own."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, instance: Displayed | None, owner: type | None = None) -> str | None:
        return self.text if instance is None else instance._said()


class Displayed:
    """What users hold: an object that says what it is of, where that stands, and what it was compiled for."""

    __slots__ = ()
    __name__: str

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        cls.__doc__ = Said(cls.__dict__.get("__doc__"))  # type: ignore[assignment]
        call = cls.__dict__.get("__call__")
        if isinstance(call, types.FunctionType):
            # an object says its own signature; that of the class is shown beside it, and says nothing of parameters
            call.__signature__ = ANY_ARGUMENTS  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{self._called()}: {self._title()}>"

    def __dir__(self) -> list[str]:
        own = set(object.__dir__(self))
        return sorted(n for n in own if n in FOR_USERS or (n.startswith("__") and n.endswith("__")))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self._cell().bundle()

    def _title(self) -> str:
        """What it is, in a few words: the gradient of f by x."""
        raise NotImplementedError

    def _patterns(self) -> Iterable[Pattern]:
        """What it was compiled for."""
        return ()

    def _before(self, given: Sequence[object] = ()) -> Iterable[Pattern]:
        """What is shown where it was compiled for nothing yet: the program for any arguments, the first `given`."""
        return ()

    def _function(self) -> object:
        """The user's function that it is of."""
        raise NotImplementedError

    def _cell(self) -> Cell:
        patterns, note = list(self._patterns()), ""
        try:
            patterns = patterns or list(self._before())
        except Error as e:
            # it may need to know more of its arguments
            note = f"not called yet; it cannot be compiled without arguments: {e}"
        return Cell(self._title(), place_of(self._function()), patterns, note)

    def _called(self) -> str:
        try:
            return f"{self.__name__}{inspect.signature(self)}"  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return self.__name__

    def _said(self) -> str:
        """Its docstring."""
        rows = [(n, inspect.getdoc(getattr(type(self), n, None))) for n in FOR_USERS]
        shown = [f"    .{n}: {doc.splitlines()[0]}" for n, doc in rows if doc]
        function = self._function()
        # not by `getdoc`, which says what Python says of all functions where one says nothing
        own = getattr(function, "__doc__", None)
        name = str(getattr(function, "__qualname__", None) or getattr(function, "__name__", "the function"))
        about = [f"{name.rpartition('<locals>.')[2]}:", *inspect.cleandoc(own).splitlines()] if own else []
        parts = [[f"{self._called()}: {self._title()}"], shown, about]
        return "\n\n".join("\n".join(p) for p in parts if p)


def place_of(function: object) -> str:
    """Where a function of the user's stands, as short as it can be said."""
    code = getattr(python_function(function), "__code__", None)
    if code is None:
        return ""
    name = cell_name(code.co_filename)
    return f"{name}, line {code.co_firstlineno}" if name else f"{file_name(code.co_filename)}:{code.co_firstlineno}"


def file_name(path: str) -> str:
    """A file as people call it: from the working directory where it is below, a cell of a notebook by its number."""
    cell = cell_name(path)
    if cell is not None:
        return cell
    try:
        shown = os.path.relpath(path)
    except (OSError, ValueError):
        return path
    return path if path.startswith("<") or shown.startswith(os.pardir) else shown


def pattern_of(member: Specialised, names: Sequence[str], function: object) -> Pattern:
    """What one pattern of arguments of a function led to."""
    origin = "compiled before" if member.seconds is None else f"compiled in {duration(member.seconds)}"
    read = () if member.seen is None else member.module.__s2sad_meta__["places"]
    functions = [member.seen.objects[number] for number, _ in read] if member.seen is not None else []
    lines = {
        emitted: Location(f.__code__.co_filename, f.__code__.co_firstlineno + offset)
        for f, (_, rows) in zip(functions, read, strict=True)
        if isinstance(f, types.FunctionType)
        for emitted, offset in rows
    }
    types_ = ", ".join(f"{n}: {t}" for n, t in zip(names, member.pattern, strict=False))
    return _beside(types_, origin, member.source, [function, *functions], lines)


def generic_pattern(text: str, read: Iterable[object], lines: Mapping[int, Location]) -> Pattern:
    """The program for any arguments, beside the functions that were read to make it."""
    return _beside("any arguments", "not called yet", text, read, lines)


def written(origin: str, functions: Iterable[object]) -> Pattern:
    """Functions of the user's as they stand, with nothing compiled of them."""
    return _beside("", origin, "", functions, {})


def _beside(types_: str, origin: str, text: str, functions: Iterable[object], lines: Mapping[int, Location]) -> Pattern:
    """A text beside the functions of the user's that it comes from."""
    read = list(sources_of(functions))
    found: dict[int, tuple[int, int]] = {}
    for emitted, at in lines.items():
        # the innermost function: the one that begins last
        around = [
            (code.first, k)
            for k, (file, code) in enumerate(read)
            if file == at.file and code.first <= at.line < code.first + code.text.count("\n") + 1
        ]
        if around:
            found[emitted] = (max(around)[1], at.line)
    return Pattern(types_, origin, text, [code for _, code in read], found)


def sources_of(functions: Iterable[object]) -> Iterator[tuple[str, Code]]:
    """The files and texts of functions, as far as they can be read."""
    # what reads source is imported where something is shown
    from s2sad.frontend.reading.source import parse

    seen: set[tuple[str, int]] = set()
    for function in functions:
        if not isinstance(function, types.FunctionType):
            continue
        try:
            source = parse(function)
        except (SourceUnavailable, StaleSource, Unsupported):
            continue
        if (source.file, source.line) not in seen:
            seen.add((source.file, source.line))
            yield source.file, Code(file_name(source.file), source.line, source.text.rstrip("\n"))


def duration(seconds: float) -> str:
    """How long something took, as people say it."""
    return f"{seconds:.1f} s" if seconds >= 1.0 else f"{1e3 * seconds:.0f} ms"
