"""Items of dicts at keys of run time: one branch for each key that the dict has.

d[k]              d[0] if k == 0 else d[1] if k == 1 else (raise KeyError(k))
d[k] = x          d[0] = x if k == 0 else d[0]; d[1] = x if k == 1 else d[1]
d[k].append(x)    d[0].append(x) if k == 0 else d[1].append(x) if k == 1 else ...

Such a dict has its keys, all of them, before: one that it does not have is an error when the program runs.
"""

from __future__ import annotations

import enum
import functools

import gast
import numpy as np

from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Choice, Items, Known, Ref, Term, is_static, known_integer
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.lists import item_type
from s2sad.ir.values import Operand, Value, constant


class KeyedItems(Lowering):
    """Lowers items of dicts at keys of run time."""

    def is_key_of_run_time(self, items: Items, key: Term) -> bool:
        """Whether a key is known at run time only, and the dict has several items that it may be of."""
        if isinstance(key, Known):
            return True
        if not isinstance(key, Value) or not key.type.is_scalar or known_integer(key) is not None:
            return False
        if is_static(key) or (key in self.parameter_paths and key.type.is_integer) or not _numbers(items):
            return False
        values = [items[k] for k in _numbers(items)]
        if any(isinstance(v, Ref) for v in values):
            return all(isinstance(v, Ref) for v in values)
        return all(map(self.is_value, values)) and item_type(*(self.to_operand(v).type for v in values)) is not None

    def may_be_new(self, whole: Term, items: Items, key: Term) -> bool:
        """Whether a key may be none of those that a dict has."""
        if self.was_read(items, key) or not isinstance(whole, Ref) or whole.cell not in self.births:
            return False
        if any(isinstance(v, Ref) and v.cls is not list for v in items.values()):
            return False
        names = [v for v in self.objects if isinstance(v, str)]
        return not isinstance(key, Known) or len(names) < len(self.objects) or not items.keys() >= set(names)

    def was_read(self, items: Items, key: Term) -> bool:
        """Whether the item of a key was read on the way here."""
        return (
            self.read_by_key is not None
            and self.read_by_key[:2] == (id(items), key)
            and self.is_known_here(self.read_by_key[2])
        )

    def item_by_key(self, items: Items, key: Term, node: gast.AST, default: Term | None = None) -> Term:
        """`items[key]`; `items.get(key, default)` where a default is given."""
        if default is None:
            self.read_by_key = (id(items), key, self.builder)

        def chain(keys: list[object]) -> Term:
            if not keys:
                return self.no_key(key) if default is None else default
            return self.choose(self.is_key(key, keys[0]), lambda: items[keys[0]], lambda: chain(keys[1:]), node)

        return chain(_keys(items, key))

    def set_by_key(self, base: Term, items: Items, key: Term, term: Term, node: gast.AST) -> None:
        """`base[key] = term`."""
        held = self.adopt(term)
        changed: Items = {}
        for k in _keys(items, key):
            same = self.is_key(key, k)
            changed[k] = self.choose(same, lambda: held, lambda k=k: items[k], node)  # type: ignore[misc]
        self.check_key(items, key, node, "a dict gets a new key, which was not known at compile time")
        self.change(self.changeable(base, node), {**items, **changed}, node)

    def attribute_by_key(self, base: Term, key: Term, name: str, node: gast.AST) -> Term | None:
        """`base[key].name` of a dict of lists or objects, to be called; None where there is no doubt which it is."""
        items = self.open(base)
        if not isinstance(items, dict) or not self.is_key_of_run_time(items, key):
            return None
        keys = _keys(items, key)
        if not keys or not all(isinstance(items[k], Ref) for k in keys):
            return None
        if base.cell in self.factories:  # type: ignore[union-attr]
            return None
        self.check_key(items, key, node)
        found = self.attribute(items[keys[-1]], name, node)
        for k in reversed(keys[:-1]):
            found = Choice(self.is_key(key, k), self.attribute(items[k], name, node), found)
        return found

    def is_key(self, key: Term, known: object) -> Operand:
        """Whether a key is one that the dict has."""
        if isinstance(key, Known):
            return self.apply(np.equal, [key.index, constant(self.number_of(known))])
        return self.apply(np.equal, [self.to_operand(key), constant(known)])

    def check_key(self, items: Items, key: Term, node: gast.AST, *what: str) -> None:
        """Have the program raise where a dict does not have a key."""
        known = self.holds_key(items, key)
        self.choose(known, lambda: constant(None), lambda: self.no_key(key, *what), node)

    def no_key(self, key: Term, *what: str) -> Operand:
        """What a run does that asks for an item which the dict does not have."""
        shown = not isinstance(key, Known) or not any(isinstance(v, enum.Enum) for v in self.objects)
        said = [*map(constant, what), *([self.to_operand(key)] if shown else [])]
        return self.builder.apply(RAISE, said, {"exception": KeyError})

    def holds_key(self, items: Items, key: Term) -> Operand:
        """`key in items`."""
        found = [self.is_key(key, k) for k in _keys(items, key)]
        return functools.reduce(lambda a, b: self.apply(np.logical_or, [a, b]), found) if found else constant(False)


def _numbers(items: Items) -> list[object]:
    return [k for k in items if isinstance(k, (int, float))]


def _keys(items: Items, key: Term) -> list[object]:
    """The keys of a dict that a key may be."""
    return list(items) if isinstance(key, Known) else _numbers(items)
