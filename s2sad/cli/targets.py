"""What a command line says of a function: which one, by which parameters, in which mode, at which arguments."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import s2sad
from s2sad.cli.command import WrongUse
from s2sad.cli.signatures import examples, numbers_in
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.embedding import Embedded
from s2sad.dispatch.frames import is_library, is_own
from s2sad.errors import Error, did_you_mean, shown

OPERATORS: dict[str, Callable[..., Any]] = {
    "jacfwd": s2sad.jacfwd,
    "jacrev": s2sad.jacrev,
    "hessian": s2sad.hessian,
    "hvp": s2sad.hvp,
}
LANGUAGES = ("python", "c")
MODES = ("reverse", "value", "forward", "pullback", "itself", *OPERATORS)


@dataclass(frozen=True)
class Target:
    """A function and what is asked of it."""

    function: Callable[..., object]
    argnums: tuple[int | str, ...]
    mode: str
    arguments: tuple[object, ...] | None
    language: str = "python"
    fixed: frozenset[int] = frozenset()
    """The lengths that the signature says in numbers."""

    def derivative(self) -> Derivative:
        """The derivative object of the mode."""
        names = list(inspect.signature(self.function).parameters)
        one = len(self.argnums) == 1
        positions = tuple(names.index(a) if isinstance(a, str) else a for a in self.argnums)
        if self.mode == "itself":
            if not isinstance(self.function, Derivative):
                raise WrongUse(f"{self.function.__name__} is no derivative, which --mode itself is for")
            return self.function
        if self.mode in OPERATORS:
            found = OPERATORS[self.mode](self.function, self.argnums[0] if one else self.argnums)
            return found if isinstance(found, Derivative) else found.derivative
        kinds = {"reverse": "grad", "value": "grad", "forward": "jvp", "pullback": "vjp"}
        transform = Transform(kinds[self.mode], positions, one, self.mode == "value")
        return Derivative(self.function, transform)

    def source(self) -> str:
        """The text of the derivative: for the arguments, or of the generic program."""
        derivative = self.derivative()
        if self.arguments is None:
            try:
                return derivative.source
            except Error as e:
                e.add_note(f"    of arguments of any types; say theirs by --signature, as {EXAMPLE}")
                raise
        return str(derivative.lower(*with_tangents(self.arguments, derivative)).source)

    def files(self) -> dict[str, str]:
        """The texts of the files of the derivative, by their names."""
        found = self.derivative()
        name = found.__name__
        if self.language == "python":
            return {f"{name}.py": self.source()}
        if self.arguments is None:
            raise WrongUse(f"{name} in C is for arguments of known types: give a signature")
        sources = Embedded(found.target, found.transform, self.fixed).sources(*with_tangents(self.arguments, found))
        return {f"{name}.c": sources.c, f"{name}.h": sources.h}


EXAMPLE = '"float64[n, 3], float"'
"""What a signature looks like."""


def with_tangents(arguments: tuple[object, ...], derivative: Derivative) -> tuple[object, ...]:
    """The arguments of a function, and behind them tangents like those that are moved, where a derivative takes any."""
    dotted = () if derivative.transform is None else derivative.transform.dotted
    return (*arguments, *(arguments[k] for k in dotted))


def add_target(parser: argparse.ArgumentParser, many: bool = False) -> None:
    """The options that say which function, one or `many`, and what of it."""
    parser.add_argument("target", nargs="*" if many else 1, help="module:function or file.py:function")
    parser.add_argument("--argnums", default="0", help="positions or names of the parameters, e.g. 0,1 or x")
    parser.add_argument("--mode", choices=MODES, metavar="MODE", default="reverse", help=", ".join(MODES))
    parser.add_argument("--signature", help='types of the arguments, e.g. "float, float64[n, 3], int"')
    parser.add_argument("--at", help='arguments as Python expressions, e.g. "2.0, np.ones(3)"')


def read_target(options: argparse.Namespace, text: str | None = None) -> Target:
    """What the options, or the text of one target among them, say of a function."""
    function = _function(text or options.target[0], options.mode == "itself")
    arguments, said = None, ""
    if options.at is not None:
        arguments, said = _evaluated(options.at, function), f"--at {options.at!r}"
    elif options.signature is not None:
        arguments, said = examples(options.signature), f"--signature {options.signature!r}"
    if arguments is not None:
        arguments = _for_function(function, arguments, said)
    language = getattr(options, "language", "python")
    given_numbers = numbers_in(options.signature) if options.at is None and options.signature else frozenset()
    return Target(function, _argnums(options.argnums, function), options.mode, arguments, language, given_numbers)


def _argnums(given: str | int | list[int | str], function: Callable[..., object]) -> tuple[int | str, ...]:
    """Positions and names of parameters of a function, which a text, or a list of pyproject.toml, says."""
    argnums = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [given]
    numbers = tuple(int(a) if str(a).lstrip("-").isdigit() else str(a).strip() for a in argnums)
    names = list(inspect.signature(function).parameters)
    for a in numbers:
        if (a not in names) if isinstance(a, str) else not 0 <= a < len(names):
            guess = did_you_mean(a, names) if isinstance(a, str) else ""
            known = f"the parameters {', '.join(names)}" if names else "no parameters"
            raise WrongUse(f"--argnums {a or repr(a)}: {function.__name__} has {known}{guess}")
    if len({names.index(a) if isinstance(a, str) else a for a in numbers}) < len(numbers):
        raise WrongUse(f"--argnums {given}: a parameter is named twice")
    return numbers


def _for_function(function: Callable[..., object], arguments: tuple[object, ...], said: str) -> tuple[object, ...]:
    """Arguments as a function takes them, its defaults put in."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*arguments)
    except TypeError as e:
        count = f"{len(arguments)} argument" + "s" * (len(arguments) != 1)
        raise WrongUse(f"{said} gives {count}; {function.__name__}{signature}: {e}") from None
    bound.apply_defaults()
    # what is given by name alone keeps its default
    return arguments if bound.kwargs else bound.args


def _function(text: str, itself: bool = False) -> Callable[..., object]:
    """The function that `module:function` or `file.py:function` names; of a derivative what it is of, or `itself`."""
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise WrongUse(f"{text!r}: write module:function or file.py:function")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = _from_file(Path(place)) if _is_path(place) else importlib.import_module(place)
    except WrongUse:
        raise
    except (Exception, SystemExit) as e:  # whatever the module does
        raise WrongUse(f"{place} cannot be imported: {type(e).__name__}: {e}{_place_of(e)}") from e
    finally:
        sys.path.pop(0)
    found: Any = module
    for part in name.split("."):
        inner = getattr(found, part, None)
        if inner is None:
            guess = did_you_mean(part, [n for n, v in vars(found).items() if callable(v)] if _has_names(found) else ())
            raise WrongUse(f"{place} has no function {name}{guess}")
        found = inner
    if not callable(found):
        raise WrongUse(f"{place} has no function {name}: that is {shown(found)}")
    found = found.target if isinstance(found, Derivative) and not itself else found
    return found  # type: ignore[no-any-return]


def _is_path(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place or Path(place).is_file()


def _has_names(found: object) -> bool:
    return isinstance(found, (types.ModuleType, type))


def _place_of(e: BaseException) -> str:
    """Where in the user's files an import failed: the last line of those that were running, or of what is malformed."""
    if isinstance(e, SyntaxError):
        return "" if e.text is None else f"\n    {e.filename}:{e.lineno}: {e.text.strip()}"
    frames = [f for f in traceback.extract_tb(e.__traceback__) if not is_own(f.filename) and not is_library(f.filename)]
    return f"\n    {frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""


def _from_file(path: Path) -> object:
    """The module of a file; by its dotted name where it lies below the working directory."""
    if path.suffix != ".py":
        raise WrongUse(f"{path} is no Python file: its name ends in .py")
    if not path.exists():
        known = [str(p) for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise WrongUse(f"there is no file {path}{did_you_mean(str(path), known)}")
    full = path.resolve()
    if full.is_relative_to(Path.cwd()):
        parts = full.relative_to(Path.cwd()).with_suffix("").parts
        if all(p.isidentifier() for p in parts):
            return importlib.import_module(".".join(parts))
    spec = importlib.util.spec_from_file_location(path.stem, full)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def arguments_of(target: Target) -> tuple[object, ...]:
    """The arguments given, or one for each parameter that has no default: by annotation, a float otherwise."""
    if target.arguments is not None:
        return target.arguments
    return examples(", ".join(_guesses(target.function).values()))


def _guesses(function: Callable[..., object]) -> dict[str, str]:
    """The types that are taken for the parameters without default where nothing is said of them."""
    texts = {}
    for p in inspect.signature(function).parameters.values():
        if p.default is not p.empty or p.kind is p.KEYWORD_ONLY:
            break
        annotation = p.annotation if isinstance(p.annotation, str) else getattr(p.annotation, "__name__", "float")
        texts[p.name] = annotation if annotation in ("float", "int", "bool") else "float"
    return texts


@contextmanager
def guessing(target: Target) -> Iterator[None]:
    """Say of what fails which types were taken for the arguments, where none were given."""
    try:
        yield
    except Error as e:
        taken = ", ".join(f"{n} {t}" for n, t in _guesses(target.function).items())
        if target.arguments is None and taken:
            e.add_note(f"    taken for the arguments: {taken}; say their types by --signature, as {EXAMPLE}")
        raise


def _evaluated(text: str, function: Callable[..., object]) -> tuple[object, ...]:
    """Arguments from Python expressions, in which `np` is NumPy, and the names are those where the function stands."""
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return tuple(eval(f"({text},)", {"np": np} | names))  # the user's own command line
    except (Exception, SystemExit) as e:
        what = e.msg if isinstance(e, SyntaxError) else e
        example = '"2.0, np.ones(3)"'
        raise WrongUse(
            f"--at {text!r}: {type(e).__name__}: {what}\n    arguments in Python, in which np is NumPy, as {example}"
        ) from e
