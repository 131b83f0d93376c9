"""Private names: in a class A a name `__k` means `_A__k`, as Language Reference, section 6.2.1 has it.

    class A:
        def scaled(self, x):
            return self.__k * x          ->    return self._A__k * x

The names of keywords in calls and in patterns are not private: Python takes these as they are written.
"""

from __future__ import annotations

import types

import gast

from s2sad.ir.objects import private_name

_FIELDS: dict[type, tuple[str, ...]] = {
    gast.Name: ("id",),
    gast.Attribute: ("attr",),
    gast.FunctionDef: ("name",),
    gast.AsyncFunctionDef: ("name",),
    gast.ClassDef: ("name",),
    gast.alias: ("name", "asname"),
    gast.MatchAs: ("name",),
    gast.MatchStar: ("name",),
    gast.MatchMapping: ("rest",),
}
"""The fields that hold a name which may be private, by the kind of node."""


def mangle(tree: gast.AST, code: types.CodeType) -> None:
    """Write the private names of a function in full, where it stands in a class."""
    cls = class_around(code)
    if cls is None:
        return
    work = list(gast.iter_child_nodes(tree))
    while work:
        node = work.pop()
        for field in _FIELDS.get(type(node), ()):
            if name := getattr(node, field):
                setattr(node, field, private_name(name, cls))
        if isinstance(node, gast.Global | gast.Nonlocal):
            node.names = [private_name(name, cls) for name in node.names]
        # what stands in a class inside is private to that one
        if not isinstance(node, gast.ClassDef):
            work += gast.iter_child_nodes(node)


def class_around(code: types.CodeType) -> str | None:
    """The name of the innermost class in whose text a function stands; None where it stands in none."""
    *around, _ = code.co_qualname.split(".")
    while around:
        name = around.pop()
        if name != "<locals>":
            return name
        around.pop()  # a function
    return None
