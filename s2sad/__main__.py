"""The command line: `python -m s2sad trace|show|check|graph|generate module:function`, and `forget`.

python -m s2sad trace    examples/worked_function.py:L --signature "float, float"
python -m s2sad show     examples/worked_function.py:L --argnums 0,1
python -m s2sad check    examples/worked_function.py:L --at "2.0, 3.0"
python -m s2sad graph    examples/worked_function.py:L -o L.svg
python -m s2sad generate --check
python -m s2sad forget   --older-than 30
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import itertools
import operator
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import s2sad
from s2sad import cache
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.embedding import Embedded
from s2sad.emit.graph import graph_of
from s2sad.errors import ArgumentError, Error, shown

OPERATORS: dict[str, Callable[..., Any]] = {
    "jacfwd": s2sad.jacfwd,
    "jacrev": s2sad.jacrev,
    "hessian": s2sad.hessian,
    "hvp": s2sad.hvp,
}
LANGUAGES = ("python", "c")
MODES = ("reverse", "value", "forward", "pullback", "itself", *OPERATORS)
LENGTH = 3
"""The length of a dimension that a signature names with a letter."""


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except Error as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m s2sad", description="Automatic differentiation to readable source."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, text in (
        ("trace", trace, "print the evaluation trace v1, v2, ..."),
        ("show", show, "print the source of a derivative"),
        ("check", check, "compare the derivatives with numerical ones"),
        ("graph", graph, "draw the computational graph, and the adjoint graph beside it"),
        ("generate", generate, "write derivative modules into a folder"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument(
            "target", nargs="*" if name == "generate" else 1, help="module:function or file.py:function"
        )
        command.add_argument("--argnums", default="0", help="positions or names of the parameters, e.g. 0,1 or x")
        command.add_argument("--mode", choices=MODES, default="reverse")
        command.add_argument("--signature", help='types of the arguments, e.g. "float, float64[n, 3], int"')
        command.add_argument("--at", help='arguments as Python expressions, e.g. "2.0, np.ones(3)"')
        if name == "graph":
            command.add_argument("-o", "--output", help="a .dot, .svg, .png or .pdf file; standard output otherwise")
        if name == "check":
            command.add_argument("--order", type=int, default=1, help="up to which order of derivatives")
        if name == "generate":
            command.add_argument("--folder", default=None, help="where to write; generated/ by default")
            command.add_argument("--check", action="store_true", help="fail if a file is out of date; write nothing")
            command.add_argument("--language", choices=LANGUAGES, default="python", help="c writes a .c and a .h file")
    text = "remove the emitted modules that are kept in the cache folder"
    command = commands.add_parser("forget", help=text, description=text)
    command.set_defaults(run=forget)
    command.add_argument("--older-than", type=float, metavar="DAYS", help="those that were not used for so many days")
    return parser


# Commands


def trace(options: argparse.Namespace) -> int:
    """Print the evaluation trace."""
    target = _target(options)
    print(s2sad.trace(target.function, *_arguments(target)))
    return 0


def show(options: argparse.Namespace) -> int:
    """Print a derivative, with colours on a terminal."""
    text = _target(options).source()
    print(_highlighted(text) if sys.stdout.isatty() else text, end="")
    return 0


def check(options: argparse.Namespace) -> int:
    """Check the derivatives at the given arguments, or at random ones."""
    target = _target(options)
    arguments = _arguments(target)
    try:
        s2sad.check_grads(target.function, arguments, options.order)
    except Error:
        raise
    except AssertionError as e:
        print(f"wrong: {e}", file=sys.stderr)
        return 1
    except Exception as e:  # whatever the function does
        raise ArgumentError(f"{target.function.__name__} at these arguments: {type(e).__name__}: {e}") from None
    print(f"{target.function.__name__}: forward and reverse mode agree with differences, up to order {options.order}")
    return 0


def graph(options: argparse.Namespace) -> int:
    """Draw the computational graph and the adjoint graph."""
    try:
        import graphviz
    except ImportError:
        raise ArgumentError("graph needs the package graphviz: pip install s2sad[graph]") from None
    target = _target(options)
    derivative = Derivative(target.derivative(), Transform("primal"))
    found = graph_of(derivative.primal(_arguments(target), {}))
    drawing = graphviz.Digraph(found.name, node_attr={"fontname": "monospace", "fontsize": "10"})
    for adjoint, label in ((False, "computational graph"), (True, "adjoint graph")):
        with drawing.subgraph(name=f"cluster_{label.split()[0]}") as part:
            part.attr(label=label, color="steelblue" if adjoint else "gray")
            for node in found.nodes:
                if node.adjoint == adjoint:
                    part.node(node.key, node.label, shape=node.shape)
    for edge in found.edges:
        drawing.edge(*edge)
    if options.output is None:
        print(drawing.source, end="")
        return 0
    path = Path(options.output)
    try:
        if path.suffix in (".dot", ".gv"):
            path.write_text(drawing.source, encoding="utf-8")
        else:
            path.write_bytes(drawing.pipe(format=path.suffix[1:]))
    except (OSError, ValueError) as e:
        raise ArgumentError(f"-o {options.output}: {e}") from None
    except graphviz.ExecutableNotFound:
        raise ArgumentError("the program dot of Graphviz is needed to draw; install it, or write a .dot file") from None
    return 0


def generate(options: argparse.Namespace) -> int:
    """Write derivative modules, those given or those listed in pyproject.toml; with --check, compare them."""
    settings = _settings()
    folder = Path(options.folder or settings.get("folder", "generated"))
    targets = [_target(options, t) for t in options.target]
    if not targets:
        targets = [_listed(entry) for entry in settings.get("targets", ())]
    if not targets:
        raise ArgumentError("no target is given, and pyproject.toml lists none under [tool.s2sad.generate]")
    stale = []
    names = [(target.derivative().__name__, target.language) for target in targets]
    twice = {n for n, _ in names if names.count((n, _)) > 1}
    if twice:
        raise ArgumentError(
            f"two targets are called {', '.join(sorted(twice))}: give one of the functions another name"
        )
    for target in targets:
        for name, text in target.files().items():
            if not _is_current(folder / name, text, write=not options.check):
                stale.append(folder / name)
    for path in stale:
        print(f"{path} is out of date: run python -m s2sad generate", file=sys.stderr)
    return 1 if stale else 0


def _is_current(path: Path, text: str, write: bool) -> bool:
    """Whether a file has this text; where it has not, it is written, if it may be."""
    try:
        current = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
        if current != text and write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    except (OSError, ValueError) as e:
        raise ArgumentError(f"{path} cannot be written: {e}") from None
    return write or current == text


def forget(options: argparse.Namespace) -> int:
    """Remove what is in the cache folder."""
    if options.older_than is not None and not options.older_than >= 0.0:
        raise ArgumentError(f"--older-than {options.older_than}: a number of days from 0 on")
    folder = cache.cache_directory()
    print(f"{cache.forget(options.older_than)} modules removed from {folder}")
    return 0


def _settings() -> dict[str, Any]:
    """What pyproject.toml in the working directory says of `generate`.

    Raises:
        ArgumentError: it cannot be read, or is of another form.
    """
    path = Path("pyproject.toml")
    if not path.is_file():
        return {}
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise ArgumentError(f"{path} cannot be read: {e}") from None
    for key in ("tool", "s2sad", "generate"):
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise ArgumentError(f"{path}: {key} is a table, not {shown(found)}")
    folder, targets = found.get("folder", ""), found.get("targets", [])
    if not isinstance(folder, str):
        raise ArgumentError(f"{path}: folder is a path, not {shown(folder)}")
    if not isinstance(targets, list):
        raise ArgumentError(f"{path}: targets is a list of tables, not {shown(targets)}")
    return dict(found)


ENTRY: dict[str, type | tuple[type, ...]] = {
    "target": str,
    "argnums": (str, int, list),
    "mode": str,
    "signature": str,
    "at": str,
    "language": str,
}
"""What a target of pyproject.toml says."""


def _listed(entry: object) -> Target:
    """A target of pyproject.toml: the keys target, argnums, mode, signature."""
    if not isinstance(entry, dict) or "target" not in entry:
        raise ArgumentError(f"pyproject.toml: a target is a table with the key target, not {shown(entry)}")
    for key, value in entry.items():
        if key not in ENTRY or not isinstance(value, ENTRY[key]):
            raise ArgumentError(f"pyproject.toml: a target has no {key} = {shown(value)}")
    if entry.get("mode", "reverse") not in MODES:
        raise ArgumentError(f"pyproject.toml: mode is one of {', '.join(MODES)}, not {shown(entry['mode'])}")
    if entry.get("language", "python") not in LANGUAGES:
        raise ArgumentError(
            f"pyproject.toml: language is one of {', '.join(LANGUAGES)}, not {shown(entry['language'])}"
        )
    options = argparse.Namespace(argnums="0", mode="reverse", signature=None, at=None, language="python")
    vars(options).update(entry)
    return _target(options, entry["target"])


# Targets and arguments


def _target(options: argparse.Namespace, text: str | None = None) -> Target:
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


def _arguments(target: Target) -> tuple[object, ...]:
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


def examples(signature: str) -> tuple[object, ...]:
    """Arguments of the types that a signature names, drawn from a fixed seed.

    Types are `float`, `int`, `bool`, `float32`, ..., arrays `float64[n, 3]` (equal letters are equal lengths,
    `4*n` is four times as long), tuples, lists and dicts of types, and Python literals, which stand for themselves.

    >>> [np.shape(x) for x in examples("float, float64[n, 2], (int, float32[4])")[:2]]
    [(), (3, 2)]
    """
    generator = np.random.default_rng(0)
    lengths = Lengths(numbers_in(signature))
    try:
        tree = ast.parse(f"({signature},)", mode="eval").body
        assert isinstance(tree, ast.Tuple)
        return tuple(_example(node, generator, lengths) for node in tree.elts)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as e:
        raise ArgumentError(f"signature {signature!r}: {e}") from e


def numbers_in(signature: str) -> frozenset[int]:
    """The lengths that a signature says in numbers: 3 of `float64[n, 3]`."""
    try:
        tree = ast.parse(f"({signature},)", mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # said where the examples are made
        return frozenset()
    dims = [
        d
        for s in ast.walk(tree)
        if isinstance(s, ast.Subscript)
        for d in (s.slice.elts if isinstance(s.slice, ast.Tuple) else [s.slice])
    ]
    return frozenset(d.value for d in dims if isinstance(d, ast.Constant) and type(d.value) is int)


def _example(node: ast.expr, generator: np.random.Generator, lengths: Lengths) -> object:
    match node:
        case ast.Name(id="float" | "int" | "bool" as name):
            return {"float": float(generator.uniform(0.5, 1.5)), "int": 3, "bool": True}[name]
        case ast.Name(id=name):
            return np.dtype(name).type(generator.uniform(0.5, 1.5))
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            dims = index.elts if isinstance(index, ast.Tuple) else [index]
            shape = tuple(_length(d, lengths) for d in dims)
            dtype = np.dtype(name)
            values = generator.uniform(0.5, 1.5, size=shape) if dtype.kind in "fc" else generator.integers(0, 2, shape)
            return np.asarray(values).astype(dtype)
        case ast.Tuple(elts=items):
            return tuple(_example(i, generator, lengths) for i in items)
        case ast.List(elts=items):
            return [_example(i, generator, lengths) for i in items]
        case ast.Dict(keys=keys, values=values):
            return {
                ast.literal_eval(k): _example(v, generator, lengths)
                for k, v in zip(keys, values, strict=True)
                if k is not None
            }
    return ast.literal_eval(node)


def _length(node: ast.expr, lengths: Lengths) -> int:
    """A length: a number, a letter, which is a number of its own, or a sum or product of these."""
    match node:
        case ast.Name(id=name):
            return lengths.of(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            compute = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}[type(op)]
            return int(compute(_length(left, lengths), _length(right, lengths)))
    return int(ast.literal_eval(node))


class Lengths:
    """The lengths that letters stand for: each another one, and none that the signature says in numbers."""

    def __init__(self, taken: frozenset[int]) -> None:
        self.taken = taken
        self.known: dict[str, int] = {}

    def of(self, name: str) -> int:
        if name not in self.known:
            free = (n for n in itertools.count(LENGTH) if n not in self.taken and n not in self.known.values())
            self.known[name] = next(free)
        return self.known[name]


def _highlighted(text: str) -> str:
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return text
    return str(highlight(text, PythonLexer(), TerminalFormatter()))


if __name__ == "__main__":
    sys.exit(main())
