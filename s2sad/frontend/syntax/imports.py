"""Imports inside a function: what is imported is read as it is where the top of a module imports it."""

from __future__ import annotations

import importlib
import sys
import types

import gast

from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.ir.values import constant


class Imports(Lowering):
    """Lowers `import` and `from`."""

    def _stmt_Import(self, node: gast.Import) -> None:
        for alias in node.names:
            module = self.imported(alias.name, node)
            root = sys.modules[alias.name.partition(".")[0]]
            name = alias.asname or root.__name__
            self.env[self.own_key(name)] = constant(module if alias.asname else root)

    def _stmt_ImportFrom(self, node: gast.ImportFrom) -> None:
        module = self.imported("." * (node.level or 0) + (node.module or ""), node)
        for alias in node.names:
            if not hasattr(module, alias.name) and hasattr(module, "__path__"):
                self.imported(f"{module.__name__}.{alias.name}", node)
            if not hasattr(module, alias.name):
                self.refuse(node, f"{module.__name__} has no {alias.name}")
            term = self.captured_term(Variable(module, alias.name), getattr(module, alias.name))
            self.env[self.own_key(alias.asname or alias.name)] = term

    def imported(self, name: str, node: gast.AST) -> types.ModuleType:
        """A module by its name, which may be relative to the package of the function."""
        function = self.frame.function
        package = function.__globals__.get("__package__") if function is not None else None
        try:
            return importlib.import_module(name, package)
        except (ImportError, TypeError) as e:
            self.fails(node, f"{type(e).__name__}: {e}", e)
