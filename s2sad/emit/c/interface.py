"""What a function in C takes and gives: its parameters, what their lengths must be, the memory of its results.

int f_grad(const double *x, int64_t x_n1, double c, double *x_bar)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from s2sad.emit.c.arrays import Handle, multiplied, summed
from s2sad.emit.c.text import Text, binary, call, dtype_of, form_of
from s2sad.errors import UnsupportedType
from s2sad.ir.dims import Dim, Fact, Size, Symbol, as_symbol, derivation
from s2sad.ir.types import Type
from s2sad.ir.values import Operand, Value

RELATIONS = {"==": "!=", "!=": "==", ">=": "<"}
"""By a relation that must hold: the one that must not."""


@dataclass
class Interface:
    """The parameters as they are declared, and what stands for them."""

    called: Callable[[str], None]
    parameters: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    known: dict[Dim, Text] = field(default_factory=dict)
    wrong: list[Text] = field(default_factory=list)
    """What may not hold of the lengths."""
    notes: list[str] = field(default_factory=list)
    """How long the arrays are."""
    derived: list[tuple[Dim, Text]] = field(default_factory=list)

    def take(self, value: Value, given: Sequence[Type], name: str) -> Handle | None:
        """Declare an argument: a number, or an array, whose handle that is. `given` have its lengths as symbols."""
        dtype = dtype_of(value.type)
        form = form_of(dtype)
        if not value.type.rank:
            self._declare(f"{form} {name}", name)
            return None
        self._declare(f"const {form} *restrict {name}", name)
        lengths = []
        for k, own in enumerate(value.type.shape or ()):
            text = Text(str(own)) if isinstance(own, int) else Text(f"{name}_n{k + 1}")
            if not isinstance(own, int):
                self._declare(f"int64_t {text}", text.text)
            for t in given:
                text = self._meet((t.shape or ())[k], text)
            lengths.append(text)
        self.notes.append(f"{name}[{', '.join(map(str, lengths))}]")
        return Handle(name, tuple(lengths), dtype)

    def give(self, operand: Operand, given: Type, name: str) -> Handle | None:
        """Declare the memory of a result."""
        dtype = dtype_of(operand.type)
        self._declare(f"{form_of(dtype)} *restrict {name}", name)
        if not operand.type.rank:
            return None
        lengths = tuple(self.length(d) for d in given.shape or ())
        if None in lengths:
            raise UnsupportedType(
                f"a result {given} in C, whose length is known only when it is computed",
                "give an array of known length",
            )
        self.notes.append(f"{name}[{', '.join(map(str, lengths))}]")
        return Handle(name, tuple(n for n in lengths if n is not None), dtype)

    def require(self, facts: Iterable[Fact]) -> None:
        """Note what must hold of the lengths beside that equal ones are equal."""
        for d, text in self.derived:
            computed = self.length(d)
            if computed is not None and computed.text != text.text:
                self.wrong.append(binary("!=", text, computed))
        for fact in facts:
            found = self.length(fact.dim)
            if found is None:
                raise UnsupportedType(f"a program for certain lengths ({fact.dim}) in C", "use arrays of other lengths")
            if not found.text.lstrip("-").isdigit():
                self.wrong.append(binary(RELATIONS[fact.relation], found, Text("0")))

    def _declare(self, text: str, name: str) -> None:
        self.parameters.append(text)
        self.names.append(name)

    def _meet(self, d: Dim, text: Text) -> Text:
        """Note a length; the text of the first one that is equal to it."""
        if isinstance(d, int):
            return text
        if d in self.known:
            if self.known[d].text != text.text:
                self.wrong.append(binary("!=", text, self.known[d]))
            return self.known[d]
        symbol = as_symbol(d)
        if symbol is None or derivation(symbol)[0]:
            self.derived.append((d, text))
        elif symbol.least > 0 and not text.text.isdigit():
            self.wrong.append(binary("<", text, Text(str(symbol.least))))
        self.known[d] = text
        return text

    # lengths of lengths

    def length(self, d: Dim) -> Text | None:
        """A length in terms of the arguments, None where it is not made of these."""
        if isinstance(d, int):
            return Text(str(d))
        total, number = Text("0"), d.offset
        for symbol, c in sorted(d.terms, key=lambda t: (t[1] < 0, t[0].name)):
            n = self._of_symbol(symbol)
            if n is None:
                return None
            if n.text.isdigit():
                number += c * int(n.text)
                continue
            part = multiplied(Text(str(abs(c))), n)
            total = summed(total, part) if c > 0 else binary("-", total, part)
        if number == 0 or total.text == "0":
            return total if number == 0 else Text(str(number))
        return binary("+" if number > 0 else "-", total, Text(str(abs(number))))

    def _of_symbol(self, symbol: Symbol) -> Text | None:
        found = self.known.get(Size(frozenset({(symbol, 1)})))
        if found is not None:
            return found
        kind, parts = derivation(symbol)
        if kind not in ("*", "//", "%", "s"):
            return None
        given = [None if p is None else self.length(p) for p in parts]
        if kind == "s":
            return self._of_slice(*given) if parts[3] is not None else None
        a, b = given
        if a is None or b is None:
            return None
        if kind == "*":
            return multiplied(a, b)
        name = "floor_div" if kind == "//" else "floor_mod"
        self.called(name)
        return call(name, a, b)

    def _of_slice(self, length: Text | None, start: Text | None, stop: Text | None, step: Text | None) -> Text | None:
        """The length of `x[::2]`."""
        known = step is not None and step.text.isdigit()
        if length is None or step is None or not known or stop is not None or start not in (None, Text("0")):
            return None
        return binary("/", summed(length, Text(str(int(step.text) - 1))), step)


def result_names(wanted: Sequence[str], taken: set[str]) -> list[str]:
    """What the pointers to results are called: other names where these are taken."""
    found: list[str] = []
    for base in wanted:
        name, n = base, 2
        while name in taken:
            name, n = f"{base}_{n}", n + 1
        taken.add(name)
        found.append(name)
    return found
