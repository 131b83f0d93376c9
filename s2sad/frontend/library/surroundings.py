"""What a program does besides computing: it logs, shows how far it came, stops in a debugger, calls magics."""

from __future__ import annotations

import logging
import sys
from types import FunctionType

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.heeded import leave_out
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning, meaning_in, pure
from s2sad.frontend.terms.terms import Term
from s2sad.ir.late import when_imported
from s2sad.ir.primitives.surroundings import LOG, LOGS
from s2sad.ir.values import constant


def _logged(method: str, of_logger: bool) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        values, name = list(args), None
        if of_logger:
            name = _name_of(lowering, lowering.static(values.pop(0), node), node)
        operands = [lowering.to_operand(v) for v in values]
        lowering.builder.apply(LOG, operands, {"method": method, "logger": name})
        return constant(None)

    return handler


for _name in ("debug", "info", "warning", "error", "critical", "log"):
    meaning(getattr(logging, _name))(_logged(_name, of_logger=False))
    meaning(getattr(logging.Logger, _name))(_logged(_name, of_logger=True))


@meaning(logging.Logger.isEnabledFor)
def _is_enabled(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    logger, level = (lowering.static(a, node) for a in args)
    return lowering.builder.apply(LOGS, [], {"logger": _name_of(lowering, logger, node), "level": level})


def _name_of(lowering: Lowering, logger: logging.Logger, node: gast.AST) -> str:
    if logging.getLogger(logger.name) is not logger:
        lowering.refuse(node, "a logger that logging.getLogger does not know", "make it by logging.getLogger")
    return logger.name


pure(logging.getLogger)


@meaning_in("tqdm")
def _progress(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    """`tqdm(items)` are the items: the bar is not drawn."""
    leave_out(args[1:], kw)
    return args[0] if args else None


def _magic(shown: str) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        line = str(lowering.static(args[1], node)).split()
        what = f"{shown}{line[0] if line else ''} in a function that is differentiated"
        lowering.refuse(node, what, "write it in a line of the cell, outside the function", UnsupportedCall)

    return handler


def _register_magics() -> None:
    """What IPython makes of `%name`, `!command` and their like: methods of the shell, of a notebook's too."""
    shell = sys.modules["IPython"].InteractiveShell
    for name, shown in {"run_line_magic": "%", "run_cell_magic": "%%", "system": "!", "getoutput": "!"}.items():
        own = {vars(cls)[name] for cls in (shell, *shell.__subclasses__()) if name in vars(cls)}
        meaning(*(f for f in own if isinstance(f, FunctionType)))(_magic(shown))


when_imported("IPython", _register_magics)
