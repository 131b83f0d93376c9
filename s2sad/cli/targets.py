"""What a command line says of a function: which one, by which parameters, in which mode, at which arguments."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import s2sad
from s2sad.cli.signatures import examples, numbers_in
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.embedding import Embedded
from s2sad.errors import ArgumentError

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
                raise ArgumentError(f"{self.function.__name__} is no derivative")
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
            return derivative.source
        arguments = self.arguments
        if derivative.transform is not None:
            arguments = (*arguments, *(arguments[k] for k in derivative.transform.dotted))
        return str(derivative.lower(*arguments).source)

    def files(self) -> dict[str, str]:
        """The texts of the files of the derivative, by their names."""
        found = self.derivative()
        name = found.__name__
        if self.language == "python":
            return {f"{name}.py": self.source()}
        if self.arguments is None:
            raise ArgumentError(f"{name} in C is for arguments of known types: give a signature")
        arguments = self.arguments
        if found.transform is not None:
            arguments = (*arguments, *(arguments[k] for k in found.transform.dotted))
        sources = Embedded(found.target, found.transform, self.fixed).sources(*arguments)
        return {f"{name}.c": sources.c, f"{name}.h": sources.h}


def add_target(parser: argparse.ArgumentParser, many: bool = False) -> None:
    """The options that say which function, one or `many`, and what of it."""
    parser.add_argument("target", nargs="*" if many else 1, help="module:function or file.py:function")
    parser.add_argument("--argnums", default="0", help="positions or names of the parameters, e.g. 0,1 or x")
    parser.add_argument("--mode", choices=MODES, default="reverse")
    parser.add_argument("--signature", help='types of the arguments, e.g. "float, float64[n, 3], int"')
    parser.add_argument("--at", help='arguments as Python expressions, e.g. "2.0, np.ones(3)"')


def read_target(options: argparse.Namespace, text: str | None = None) -> Target:
    """What the options, or the text of one target among them, say of a function."""
    function = _function(text or options.target[0], options.mode == "itself")
    given = options.argnums
    argnums = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [given]
    numbers = tuple(int(a) if str(a).lstrip("-").isdigit() else str(a).strip() for a in argnums)
    names = list(inspect.signature(function).parameters)
    for a in numbers:
        if (a not in names) if isinstance(a, str) else not 0 <= a < len(names):
            raise ArgumentError(f"--argnums {a}: {function.__name__} has the parameters {', '.join(names)}")
    if len({names.index(a) if isinstance(a, str) else a for a in numbers}) < len(numbers):
        raise ArgumentError(f"--argnums {given}: a parameter is named twice")
    arguments = None
    if options.at is not None:
        arguments = _evaluated(options.at)
    elif options.signature is not None:
        arguments = examples(options.signature)
    if arguments is not None:
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as e:
            raise ArgumentError(f"{function.__name__}: {e}") from None
    language = getattr(options, "language", "python")
    given_numbers = numbers_in(options.signature) if options.at is None and options.signature else frozenset()
    return Target(function, numbers, options.mode, arguments, language, given_numbers)


def _function(text: str, itself: bool = False) -> Callable[..., object]:
    """The function that `module:function` or `file.py:function` names; of a derivative what it is of, or `itself`."""
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise ArgumentError(f"{text!r}: write module:function or file.py:function")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as e:  # whatever the module does
        raise ArgumentError(f"{place} cannot be imported: {type(e).__name__}: {e}") from e
    finally:
        sys.path.pop(0)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise ArgumentError(f"{place} has no function {name}")
    found = found.target if isinstance(found, Derivative) and not itself else found
    return found  # type: ignore[no-any-return]


def _from_file(path: Path) -> object:
    """The module of a file; by its dotted name where it lies below the working directory."""
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
    texts = []
    for p in inspect.signature(target.function).parameters.values():
        if p.default is not p.empty:
            break
        annotation = p.annotation if isinstance(p.annotation, str) else getattr(p.annotation, "__name__", "float")
        texts.append(annotation if annotation in ("float", "int", "bool") else "float")
    return examples(", ".join(texts))


def _evaluated(text: str) -> tuple[object, ...]:
    """Arguments from Python expressions, in which `np` is NumPy."""
    try:
        return tuple(eval(f"({text},)", {"np": np}))  # the user's own command line
    except (Exception, SystemExit) as e:
        raise ArgumentError(f"--at {text!r}: {e}") from e
