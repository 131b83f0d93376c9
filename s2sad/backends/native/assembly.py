"""LLVM IR as text, line by line: what the entries are written with."""

from __future__ import annotations

from s2sad.backends.native.outside import Outside


class Assembly:
    """The lines of one function; what it reaches outside goes into the table of its module."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.lines: list[str] = []
        self._count = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def fresh(self, hint: str) -> str:
        """A name that nothing else has: of a value with `%` in front, of a label without."""
        self._count += 1
        return f"{hint}.{self._count}"

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {text}")

    def set(self, text: str, hint: str = "v") -> str:
        """The result of an instruction."""
        name = f"%{self.fresh(hint)}"
        self.do(f"{name} = {text}")
        return name

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    def at(self, base: str, offset: int | str) -> str:
        """The address so many bytes behind another."""
        return base if offset == 0 else self.set(f"getelementptr i8, ptr {base}, i64 {offset}")

    def load(self, kind: str, base: str, offset: int = 0) -> str:
        return self.set(f"load {kind}, ptr {self.at(base, offset)}")

    def store(self, kind: str, value: str, base: str, offset: int = 0) -> None:
        self.do(f"store {kind} {value}, ptr {self.at(base, offset)}")

    def thing(self, name: str) -> str:
        """What is outside under this name."""
        return self.set(f"load ptr, ptr {self.outside.place(name)}")

    def call(self, kind: str, function: str, arguments: str = "") -> str:
        """A call of a function outside; its result, where it has one."""
        text = f"call {kind} {self.thing(function)}({arguments})"
        if kind == "void":
            self.do(text)
            return ""
        return self.set(text)

    def is_same(self, kind: str, a: str, b: str) -> str:
        return self.set(f"icmp eq {kind} {a}, {b}")

    def branch(self, condition: str, then: str, otherwise: str) -> None:
        self.do(f"br i1 {condition}, label %{then}, label %{otherwise}")

    def require(self, condition: str, otherwise: str) -> None:
        """Go on where a condition holds."""
        on = self.fresh("on")
        self.branch(condition, on, otherwise)
        self.label(on)

    def go(self, label: str) -> None:
        self.do(f"br label %{label}")
