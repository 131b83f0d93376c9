"""Where something stands in the user's source, and every exception that s2sad raises.

Error                        the base class of all of them
├── SourceUnavailable        a function whose source text cannot be had (C extension, REPL)
├── StaleSource              the file was changed after the function was imported
├── Unsupported              a construct at one place of the user's source cannot be differentiated
│   ├── UnsupportedSyntax    a statement or expression outside the language
│   ├── UnsupportedCall      a function without a derivative rule and without source
│   ├── UnsupportedType      an operation on operands it is not defined for
│   └── RuleError            a rule that was given for a function does not fit it
├── SeveralErrors            all that was found in one function
├── ArgumentError            a wrong ``argnums``, a wrong number of arguments or tangents
├── NotDifferentiable        a derivative asked for an argument that is no float (an integer, a string)
├── NonScalarOutput          ``grad`` of a function whose result is no real scalar
├── NotFinite                a checked derivative gave nan or inf
├── CacheError               the cache folder cannot be written, or a text was not written for this user
└── InternalError            a stage broke an invariant of the IR: a bug in s2sad
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Location:
    """A span of source text: lines count from 1, columns from 0, as in ``ast``."""

    file: str = "<generated>"
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    statement: str = field(default="", compare=False, repr=False)
    """The statement that it is in, as one line of text."""
    target: str = field(default="", compare=False, repr=False)
    """The one variable that the statement assigns, or stores into."""
    again: bool = field(default=False, compare=False, repr=False)
    """Whether it is in a rule of a solver, or in what that calculates again: nothing is raised that was not raised
    before."""

    @property
    def is_of_rule(self) -> bool:
        """Whether it is in the text of a rule of a solver, which has no place in a file."""
        return self.again and self.file.startswith("<")

    def __str__(self) -> str:
        cell = cell_name(self.file)
        return f"{self.file}:{self.line}" if cell is None else f"{cell}, line {self.line}"


def shell() -> Any:
    """The shell of IPython that runs; None where none does. IPython is never imported for it."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def cell_name(file: str) -> str | None:
    """How IPython calls the cell of a notebook that a file is, `Cell In[3]`; None for other files."""
    try:
        found = shell().compile.format_code_name(file)
    except Exception:  # there is no shell, or one of another kind
        return None
    return " ".join(found) if found is not None and found[0] == "Cell" else None


NOWHERE = Location()


class Error(Exception):
    """The base class of all errors of s2sad.

    >>> import s2sad
    >>> try:
    ...     s2sad.grad(lambda x: [x, x])(1.0)
    ... except Error as e:
    ...     print(type(e).__name__)
    NonScalarOutput
    """

    def _render_traceback_(self) -> list[str]:
        # IPython leaves out the frames that hide themselves, but for the last one, which is where s2sad raises
        kept, entry = None, self.__traceback__
        while entry is not None:
            if not entry.tb_frame.f_locals.get("__tracebackhide__"):
                kept = entry
            entry = entry.tb_next
        if kept is not None:
            kept.tb_next = None
        lines: list[str] = shell().InteractiveTB.structured_traceback(type(self), self, self.__traceback__, tb_offset=1)
        return lines


class SourceUnavailable(Error):
    """The source text of a function cannot be had."""


class StaleSource(Error):
    """The file of a function was changed after it was imported."""


class Unsupported(Error):
    """Something at one place of the user's source cannot be differentiated.

    ``what`` says what is not supported, ``instead`` what to write; the text shows the line with a caret under it.
    """

    def __init__(self, what: str, instead: str = "", location: Location = NOWHERE, source: str | None = None) -> None:
        super().__init__(what, instead, location, source)
        self.what = what
        self.instead = instead
        self.location = location
        # Read at once, not when it is shown: the file may have changed by then.
        self.source = source if source is not None else linecache.getline(location.file, location.line).rstrip("\n")

    def __str__(self) -> str:
        at = self.location
        lines = [self.what if at == NOWHERE else f"{at}: {self.what}"]
        if self.source.strip():
            end = at.end_column if at.end_line <= at.line else len(self.source)
            before = "".join(c if c == "\t" else " " for c in self.source[: at.column])
            lines += [f"    {self.source}", f"    {before}{'^' * max(1, end - at.column)}"]
        if self.instead:
            lines.append(f"    {self.instead}")
        return "\n".join(lines)


@contextmanager
def located(location: Location) -> Iterator[None]:
    """Give what is refused inside the place in the user's source, where it has none."""
    try:
        yield
    except Unsupported as e:
        if e.location != NOWHERE:
            raise
        raise type(e)(e.what, e.instead, location) from e


@contextmanager
def within_rule(name: str, location: Location) -> Iterator[None]:
    """Refuse what the rule of a function was not written for, at the place in the user's source."""
    with located(location):
        try:
            yield
        except (TypeError, ValueError, IndexError, KeyError) as e:
            if isinstance(e, Error):
                raise
            raise UnsupportedType(f"the derivative of {name} of such arguments ({e})", "give it others") from e


class UnsupportedSyntax(Unsupported):
    """A statement or an expression outside the supported language."""


class UnsupportedCall(Unsupported):
    """A call of a function that has neither a derivative rule nor source text."""


class UnsupportedType(Unsupported):
    """An operation on operands that it is not defined for."""


class RuleError(Unsupported):
    """A rule that was given for a function does not fit it: a wrong number of cotangents, a wrong shape, no rule."""


class SeveralErrors(Error):
    """All errors found in one function, in the order of the source."""

    def __init__(self, errors: Sequence[Unsupported]) -> None:
        super().__init__(*errors)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join([f"{len(self.errors)} things cannot be differentiated:", *map(str, self.errors)])


class ArgumentError(Error, TypeError):
    """A wrong ``argnums``, or arguments, tangents or cotangents that do not fit the function."""


class NotDifferentiable(Error, TypeError):
    """A derivative was asked for an argument that is no float, or no array or container of floats."""


class NonScalarOutput(Error, TypeError):
    """``grad`` was asked of a function whose result is no real scalar."""


class NotFinite(Error, FloatingPointError):
    """A derivative that is checked gave nan or inf.

    ``found`` is that word; ``line`` is the line of the derivative that made it, None where it was given; ``inputs`` are
    the values that went into that line, by name.

    >>> import numpy as np
    >>> import s2sad
    >>> try:
    ...     s2sad.check_nan(s2sad.grad(lambda x: np.sqrt(x - x)))(1.0)
    ... except s2sad.NotFinite as e:
    ...     print(e.found)
    inf
    """

    def __init__(self, message: str, found: str = "nan", line: object = None, inputs: object = ()) -> None:
        super().__init__(message)
        self.found = found
        self.line = line
        self.inputs = dict(inputs)  # type: ignore[call-overload]


class CacheError(Error):
    """The cache folder cannot be created or written, or a text that came along was not written for this user."""


class InternalError(Error):
    """A stage broke an invariant of the IR. Always a bug in s2sad."""


def shown(value: object) -> str:
    """A value in a message: as it shows itself, where it does and that is not long, else by its class."""
    try:
        text = repr(value)
    except Exception:  # whatever a class of the user's does
        text = ""
    return text if 0 < len(text) <= 200 else f"an object of {type(value).__qualname__}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question whether one of the known names is meant, to put behind what is said of a wrong one; or nothing.

    >>> did_you_mean("sinn", ["sin", "sinh", "cos"]), did_you_mean("x", ["y"])
    (', did you mean sin?', '')
    """
    from difflib import get_close_matches

    found = get_close_matches(name, [k for k in known if k != name], n=1, cutoff=0.7)
    return f", did you mean {found[0]}?" if found else ""


NESTED = "an argument holds itself, or containers are nested too deeply in it"


def note_line(e: BaseException) -> None:
    """Add to an exception that emitted code raised the line of the user's source that it comes from."""
    at = None
    trace = e.__traceback__
    # The last one found counts: the innermost frame of emitted code is nearest to what went wrong.
    while trace is not None:
        meta = trace.tb_frame.f_globals.get("__s2sad_meta__")
        if meta is not None:
            places = [
                (f, line) for f, rows in meta.get("lines", {}).items() for k, line in rows if k == trace.tb_lineno
            ]
            at = places[0] if places else None
        trace = trace.tb_next
    if at is not None:
        file, line = at
        linecache.checkcache(file)
        where = cell_name(file) or f'File "{file}"'
        e.add_note(f"differentiated from\n  {where}, line {line}\n    {linecache.getline(file, line).strip()}")
