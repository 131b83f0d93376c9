"""What a program does besides computing: it logs, shows how far it came, stops in a debugger."""

from __future__ import annotations

import logging

import gast

from s2sad.frontend.heeded import leave_out
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning, meaning_in, pure
from s2sad.frontend.terms.terms import Term
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
