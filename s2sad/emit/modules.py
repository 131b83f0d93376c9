"""A program as the text of a module that stands alone: header, imports, constants, helpers, functions."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from s2sad.emit.alike import written_once
from s2sad.emit.expressions import expression, needs_helper
from s2sad.emit.functions import write_function
from s2sad.emit.plan import Plan
from s2sad.emit.row_loops import scan_rows
from s2sad.emit.spelling import PYTHON, Spelling
from s2sad.emit.writer import Comment, Written, write_located
from s2sad.errors import SourceUnavailable, UnsupportedType
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.object_names import identifier, is_spelled, object_name, objects_in
from s2sad.ir.objects import make_object
from s2sad.ir.primitive import PRIMITIVES, Primitive
from s2sad.ir.primitives.regions import TRY
from s2sad.ir.printer import constant_text
from s2sad.ir.python_trees import walk
from s2sad.ir.rewrite import substitute
from s2sad.ir.signature import Parameter
from s2sad.ir.types import ContainerType
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import Apply, Block, Constant, Function, Operand, Operation, constant, keys_of

MODULES = {"np", "math", "scipy", "warnings", "contextlib"}


def emit_module(
    header: Sequence[str],
    functions: Sequence[Function],
    entry: str,
    signature: Sequence[Parameter] | None = None,
    doc: str | None = None,
    backend: Backend = NUMPY,
    spelling: Spelling = PYTHON,
    kept: Collection[str] = (),
) -> Written:
    """The text of a module with these functions; the `entry` has the user's signature and a docstring.

    Of functions that are the same one is written, but for the entry and those that are `kept`.

    With the text come its lines, and where the user wrote what they compute.
    """
    survey = Survey()
    for f in functions:
        survey.block(f.body)
    reserved = {f.name for f in functions} | survey.names() | spelling.helpers.keys()
    clashes = survey.clashes(reserved)
    functions = [replace(f, body=substitute(f.body, clashes)) for f in functions]
    # The user's constants keep their names where these mean one thing in the module.
    constants = {n: found[0].value for n, found in survey.constants.items() if found[0] not in clashes}
    reserved |= constants.keys()
    written: list[ast.FunctionDef] = []
    for f in functions:
        plan = Plan(scan_rows(f) if backend.iterates else f, reserved, backend)
        own, text = (signature, doc) if f.name == entry else (None, f.doc)
        written.append(write_function(plan, own, text, spelling))
    attributes = {f.name: "\n".join(f"{f.name}.{n} = {v!r}" for n, v in f.attributes) for f in functions}
    definitions: list[ast.stmt] = []
    for d in written_once(written, {entry, *kept, *(n for n, text in attributes.items() if text)}):
        definitions += [d, *ast.parse(attributes[d.name]).body]
    helping = [*(p.function for p in survey.helpers), *survey.functions.values(), *spelling.helpers.values()]
    # What became of a primitive is known only when all is written: its helper may not be called after all.
    called = _names(definitions) if helping else set()
    helpers = [helper_definition(f) for f in helping if f.__name__ in called]
    body: list[ast.stmt] = [Comment(line) for line in header]
    named = [
        ast.Assign([ast.Name(n, ast.Store())], ast.parse(constant_text(v), mode="eval").body)
        for n, v in constants.items()
    ]
    body += survey.imports([*named, *helpers, *definitions])
    return write_located(ast.Module([*body, *named, *helpers, *definitions], []))


def spoken_of(spelling: Spelling) -> set[str]:
    """The names that the text of a module may speak of whatever the program is: no function of it may take them."""
    helpers = {p.name for p in PRIMITIVES.values() if p.helper} | {make_object.__name__} | spelling.helpers.keys()
    return helpers | MODULES | set(dir(builtins))


class Survey:
    """What a program speaks of: helpers, constants of the user's module, classes of containers."""

    def __init__(self) -> None:
        self.helpers: dict[Primitive, None] = {}
        self.functions: dict[str, Callable[..., object]] = {}
        """What is written into the module beside the helpers of primitives."""
        self.constants: dict[str, list[Constant]] = {}
        """Those that the user has names for, by these names."""
        self.classes: dict[str, type] = {}
        self.objects: dict[str, object] = {}
        """What is given to the module, by name: constants that have no literal, and keys of dicts."""
        self.boxes: dict[str, BlackBox] = {}
        """Functions that run as they are: by the first name of their module, or by their own where they have none."""
        self.modules: set[str] = set()
        """Those of other functions with a rule that are of no library."""

    def block(self, block: Block) -> None:
        for op in block.operations:
            self.operation(op)
        for o in block.results:
            self.operand(o)

    def operation(self, op: Operation) -> None:
        if isinstance(op, Apply):
            # A helper may be spelled without its name for some types (`x[i] += g`): only where the text names it is it
            # written.
            if op.primitive.helper and op.primitive.name in ast.unparse(ast.fix_missing_locations(spelled(op))):
                self.helpers[op.primitive] = None
            if isinstance(op.primitive, BlackBox):
                self.boxes[op.primitive.module or op.primitive.name] = op.primitive
            elif "." in op.primitive.name and op.primitive.name.partition(".")[0] not in MODULES:
                self.modules.add(op.primitive.function.__module__)
            t = op.result.type
            for key in keys_in(op):
                if not is_spelled(key, as_key=True):
                    self.add_object(key)
            if isinstance(t, ContainerType) and op.primitive is MAKE and t.cls.__module__ != "builtins":
                self.add_class(t.cls)
                if needs_helper(t.cls, t.keys):
                    self.functions["make_object"] = make_object
            raised = op.static.get("exceptions" if op.primitive is TRY else "exception", ())
            for cls in raised if isinstance(raised, tuple) else (raised,):
                if isinstance(cls, type) and cls.__module__.split(".")[0] not in ("builtins", "numpy"):
                    self.add_class(cls)
        for o in op.operands:
            self.operand(o)
        for b in op.blocks:
            self.block(b)

    def add_class(self, cls: type) -> None:
        if self.classes.setdefault(identifier(cls.__name__), cls) is not cls:
            raise UnsupportedType(f"two classes are called {cls.__name__}", "give one of them another name")

    def add_object(self, value: object) -> None:
        self.objects.setdefault(object_name(value), value)

    def operand(self, operand: object) -> None:
        if not isinstance(operand, Constant):
            return
        for value in objects_in(operand.value):
            self.add_object(value)
        if operand.text is not None and operand.text.isidentifier():
            self.constants.setdefault(operand.text, []).append(operand)

    def clashes(self, reserved: Collection[str]) -> dict[Operand, Operand]:
        """Constants whose name means something else too, as numbers that stand where they are read."""
        found: dict[Operand, Operand] = {}
        for name, many in self.constants.items():
            if name in reserved or len({(type(c.value), constant_text(c.value)) for c in many}) > 1:
                found.update((c, constant(c.value)) for c in many)
        return found

    def names(self) -> set[str]:
        """What no variable may be called."""
        helpers = {p.name for p in self.helpers} | self.functions.keys()
        roots = {name.split(".")[0] for name in (*self.boxes, *self.modules)}
        return helpers | self.classes.keys() | self.objects.keys() | MODULES | roots

    def imports(self, definitions: Sequence[ast.AST]) -> list[ast.stmt]:
        """The modules that the text names, and the classes whose instances it makes."""
        used = _roots(definitions)
        statements: list[ast.stmt] = []
        for module in ("contextlib", "functools", "math", "warnings"):
            if module in used:
                statements.append(ast.Import([ast.alias(module, None)]))
        if "np" in used:
            statements.append(ast.Import([ast.alias("numpy", "np")]))
        modules = (
            {m for m in used if m.startswith("scipy.")}
            | {b.module for b in self.boxes.values() if b.module}
            | {m for m in self.modules if m.partition(".")[0] in used}
        )
        for module in sorted(m for m in modules if m not in ("numpy", "math")):
            statements.append(ast.Import([ast.alias(module, None)]))
        for name, cls in self.classes.items():
            bound = bound_name(cls)
            if bound is not None:
                alias = ast.alias(bound, None if bound == name else name)
                statements.append(ast.ImportFrom(cls.__module__, [alias], 0))
        return statements


def bound_name(cls: type) -> str | None:
    """The name by which a class can be imported from its module; None where there is none."""
    # A class of a function, or of a `__main__` that another process does not have, cannot be imported: it is put into
    # the module when that is loaded.
    module = sys.modules.get(cls.__module__)
    names: dict[str, object] = {} if module is None or cls.__module__ == "__main__" else vars(module)
    if names.get(cls.__name__) is cls:
        return cls.__name__
    return next((n for n, value in names.items() if value is cls and n.isidentifier()), None)


def keys_in(op: Apply) -> Sequence[object]:
    """The keys that an operation makes a dict with, or finds in one."""
    if op.primitive is MAKE and op.static["cls"] is dict:
        return keys_of(op)
    return [op.static["key"]] if op.primitive is EXTRACT else []


def spelled(op: Apply) -> ast.expr:
    """The operation as it is written, of any names."""
    return expression(op, lambda o: ast.Name("_", ast.Load()))


def _names(definitions: Sequence[ast.AST]) -> set[str]:
    return {n.id for n in walk(*definitions) if isinstance(n, ast.Name)}


def _roots(definitions: Sequence[ast.AST]) -> set[str]:
    """The first names of dotted names; for scipy the submodules too, the innermost of each."""
    found: set[str] = set()
    for n in walk(*definitions):
        if not isinstance(n, ast.Attribute):
            continue
        if isinstance(n.value, ast.Name):
            found.add(n.value.id)
        # A submodule of SciPy is there only once it has been imported.
        module = _of_scipy(n)
        if module in sys.modules:
            found.add(module)
    return {m for m in found if m == "scipy" or not any(other.startswith(f"{m}.") for other in found)}


def _of_scipy(node: ast.expr) -> str:
    """A dotted name that begins with scipy; nothing for what is none."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join(["scipy", *reversed(names)]) if isinstance(node, ast.Name) and node.id == "scipy" else ""


def helper_definition(function: Callable[..., object]) -> ast.stmt:
    """The source of a helper, without annotations.

    Raises:
        SourceUnavailable: it is installed as bytecode alone.
    """
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        raise SourceUnavailable(
            f"the source of {function.__module__}.{function.__qualname__}, which emitted modules hold, cannot be had: "
            "it is installed as bytecode alone. Install it with its sources."
        ) from None
    tree = ast.parse(textwrap.dedent(text)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.returns = None
    for a in [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs, tree.args.vararg, tree.args.kwarg]:
        if a is not None:
            a.annotation = None
    return tree


def objects_to_inject(functions: Mapping[str, Function]) -> dict[str, object]:
    """Classes and functions that the module needs and cannot import: of `__main__`, of functions and other classes."""
    survey = Survey()
    for f in functions.values():
        survey.block(f.body)
    boxes: dict[str, object] = {n: b.function for n, b in survey.boxes.items() if b.module is None}
    classes = {n: c for n, c in survey.classes.items() if bound_name(c) is None}
    return boxes | classes | survey.objects
