"""Imports inside a function: of libraries, whose contents do not change between calls."""

from __future__ import annotations

import importlib
import sys
import types

import gast

from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.ir.installed import can_be_imported
from s2sad.ir.objects import LIBRARIES
from s2sad.ir.values import constant


class Imports(Lowering):
    """Lowers `import` and `from`."""

    def _stmt_Import(self, node: gast.Import) -> None:
        for alias in node.names:
            module = self.library(alias.name, node)
            root = sys.modules[alias.name.partition(".")[0]]
            name = alias.asname or root.__name__
            self.env[self.own_key(name)] = constant(module if alias.asname else root)

    def _stmt_ImportFrom(self, node: gast.ImportFrom) -> None:
        module = self.library(node.module if not node.level else None, node)
        for alias in node.names:
            if not hasattr(module, alias.name):
                self.refuse(node, f"{module.__name__} has no {alias.name}")
            term = self.captured_term(Variable(module, alias.name), getattr(module, alias.name))
            self.env[self.own_key(alias.asname or alias.name)] = term

    def library(self, name: str | None, node: gast.AST) -> types.ModuleType:
        """A module of a library: what it holds does not change between calls."""
        root = (name or "").partition(".")[0]
        if name is None or (root not in LIBRARIES and not can_be_imported(root)):
            self.refuse(node, "import of a module of the user inside a function", "import at the top of the module")
        try:
            return importlib.import_module(name)
        except ImportError as e:
            self.refuse(node, f"{type(e).__name__}: {e}")
