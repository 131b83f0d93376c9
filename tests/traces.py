"""Functions as text, for tests: `same(f, g)`, `stages()` records what the compiler makes, `run(...)` tries a pass.

run(simplify, '''
    f(x: float64[n]):
        y = x * 1.0
        return y
''')
"""

import contextlib
import textwrap
from dataclasses import replace

import s2sad.compiler.checked as checked
import s2sad.compiler.pipeline as pipeline
from s2sad.ir.complete_text import complete_text
from s2sad.ir.dims import Size
from s2sad.ir.parser import parse
from s2sad.ir.primitives.snapshots import Snapshots
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, SliceType, SparseType
from s2sad.ir.values import Apply, Call, Constant, For, If, Value, While
from s2sad.ir.verifier import verify


def read(text, sweep=False, **objects):
    """The function of a text that stands indented in a test; in a `sweep` all operations belong to a derivative."""
    function = verify(parse(dedented(text), objects))
    return replace(function, body=in_sweep(function.body)) if sweep else function


def in_sweep(block):
    """The block with each operation as one that belongs to the derivative of another one."""
    return replace(block, operations=tuple(replace(map_blocks(op, in_sweep), about=(op,)) for op in block.operations))


def run(change, text, sweep=False, **objects):
    """What a stage makes of a function, as text without types; where it makes several functions, one below another."""
    made = change(read(text, sweep, **objects))
    return "\n".join(map(shown, made if isinstance(made, tuple) else (made,)))


def shown(function):
    """A function as text without the types that follow from the operands."""
    return complete_text(verify(function), types=False)


def dedented(text):
    """A text that stands indented in a test."""
    return textwrap.dedent(text).strip()


def gives(change, text, expected, sweep=False, **objects):
    """Assert that a stage makes of a function what is expected."""
    assert run(change, text, sweep, **objects) == dedented(expected)


def keeps(change, text, sweep=False, **objects):
    """Assert that a stage leaves a function as it is."""
    gives(change, text, shown(read(text, **objects)), sweep, **objects)


def same(f, g):
    """Whether two functions are equal but for the identity of their values and symbols, places and comments."""
    pairs = Pairs()
    facts = (f.name, f.doc, f.takes) == (g.name, g.doc, g.takes)
    return facts and pairs.block(f.body, g.body)


class Pairs:
    """Compares two functions; each value, and each symbol, has one partner."""

    def __init__(self):
        self.partners = {}
        self.taken = {}

    def partner(self, a, b):
        return self.partners.setdefault(a, b) is b and self.taken.setdefault(b, a) is a

    def every(self, compare, a, b):
        return len(a) == len(b) and all(map(compare, a, b))

    def block(self, a, b):
        return (
            self.every(self.operand, a.parameters, b.parameters)
            and self.every(self.operation, a.operations, b.operations)
            and self.every(self.operand, a.results, b.results)
        )

    def operation(self, a, b):
        if type(a) is not type(b) or not self.every(self.operand, a.operands, b.operands):
            return False
        if not (self.every(self.block, a.blocks, b.blocks) and self.every(self.operand, a.results, b.results)):
            return False
        match a:
            case Apply():
                return a.primitive is b.primitive and self.static(dict(a.static), dict(b.static))
            case Call():
                f, g = a.function, b.function
                return (f.name, f.own, f.takes) == (g.name, g.own, g.takes) and self.type(f.result, g.result)
            case If():
                return True
            case For():
                facts = [(o.reverse, o.breaks, o.snapshots, len(o.initial)) for o in (a, b)]
                orders = [[o.is_ascending(k) for k in range(len(o.scanned))] for o in (a, b)]
                return facts[0] == facts[1] and orders[0] == orders[1]
            case While():
                return a.breaks == b.breaks

    def operand(self, a, b):
        if type(a) is not type(b) or not self.type(a.type, b.type):
            return False
        if isinstance(a, Constant):
            return a.text == b.text and self.static(a.value, b.value)
        assert isinstance(a, Value)
        return (a.hint, a.loose) == (b.hint, b.loose) and self.partner(a, b)

    def static(self, a, b):
        if type(a) is not type(b):
            return False
        if isinstance(a, (tuple, list)):
            return self.every(self.static, a, b)
        if isinstance(a, dict):
            return [*a] == [*b] and self.every(self.static, [*a.values()], [*b.values()])
        if isinstance(a, (ArrayType, ContainerType, SequenceType)):
            return self.type(a, b)
        return a is b or repr(a) == repr(b)

    def type(self, a, b):
        if type(a) is not type(b):
            return False
        match a:
            case ArrayType():
                if (a.dtype, a.kind, a.shape is None) != (b.dtype, b.kind, b.shape is None):
                    return False
                return self.every(self.dim, a.shape or (), b.shape or ()) and self.dim(a.size, b.size)
            case ContainerType():
                return a.cls is b.cls and a.keys == b.keys and self.every(self.type, a.items, b.items)
            case SequenceType():
                return self.type(a.item, b.item) and self.dim(a.length, b.length)
            case SparseType():
                facts = [(t.numbers, t.format, t.is_spmatrix) for t in (a, b)]
                return facts[0] == facts[1] and self.every(self.dim, (*a.dims, a.count), (*b.dims, b.count))
            case SliceType():
                return all(self.type(getattr(a, k), getattr(b, k)) for k in ("start", "stop", "step"))
            case Snapshots():
                return a.name == b.name and self.type(a.item, b.item)
        return a == b

    def dim(self, a, b):
        if not isinstance(a, Size):
            return a == b
        if not isinstance(b, Size) or a.offset != b.offset or len(a.terms) != len(b.terms):
            return False
        by_name = [sorted(d.terms, key=lambda t: (t[0].name, t[1])) for d in (a, b)]
        known = [t for t in a.terms if t[0] in self.partners]
        others = {(self.partners[s], c) for s, c in known}
        if not others <= b.terms:
            return False
        rest = [[t for t in terms if t not in used] for terms, used in zip(by_name, (known, others), strict=True)]
        return all(c == d and self.symbol(s, t) for (s, c), (t, d) in zip(*rest, strict=True))

    def symbol(self, s, t):
        return (s.name, s.least, s.varies) == (t.name, t.least, t.varies) and self.partner(s, t)


@contextlib.contextmanager
def stages(functions):
    """Collects all functions that the optimiser takes and gives while programs are compiled, and those of modules."""
    optimized, together = checked.run_passes, pipeline.together

    def recorded(function, anchors=None):
        made = optimized(function, anchors)
        functions.extend((function, made))
        return made

    def recorded_module(program, entries):
        made = together(program, entries)
        functions.extend(made)
        return made

    checked.run_passes, pipeline.together = recorded, recorded_module
    try:
        yield functions
    finally:
        checked.run_passes, pipeline.together = optimized, together
