"""Kernels for tests of what stands around them: straight-line programs of floats, an instruction for each operation."""

from s2sad.backends.native import stages
from s2sad.errors import UnsupportedType
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.types import ContainerType, leaves
from s2sad.ir.values import Apply, Constant

OPERATIONS = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}


def kernel_text(function):
    """The kernel of a program of floats that adds, multiplies and divides."""
    names, lines = {}, []

    def read(o):
        return [f"{float(o.value)!r}"] if isinstance(o, Constant) else names[o]

    parameters = []
    for p in function.parameters:
        names[p] = [f"%p{len(parameters) + k}" for k in range(len(leaves(p.type)))]
        parameters += names[p]
    for number, op in enumerate(function.body.operations):
        if isinstance(op, Apply) and op.primitive is MAKE:
            names[op.result] = [n for o in op.operands for n in read(o)]
        elif isinstance(op, Apply) and op.primitive is EXTRACT:
            t, key = op.operands[0].type, op.static["key"]
            assert isinstance(t, ContainerType)
            at = sum(len(leaves(i)) for i in t.items[: t.keys.index(key)])
            names[op.result] = read(op.operands[0])[at : at + len(leaves(t[key]))]
        else:
            lines.append(f"%v{number} = {_instruction(op, read)}")
            names[op.result] = [f"%v{number}"]
    for k, n in enumerate(read(function.result)):
        lines += [f"%s{k} = getelementptr i8, ptr %slots, i64 {16 * (k + 1)}", f"store double {n}, ptr %s{k}"]
    given = ", ".join([*(f"double {n}" for n in parameters), "ptr %slots"])
    body = "\n".join(lines)
    return f'define internal i32 @"{function.name}.kernel"({given}) {{\n{body}\nret i32 0\n}}\n'


def _instruction(op, read):
    spelling = op.primitive.spelling if isinstance(op, Apply) else None
    own = spelling.split() if isinstance(spelling, str) else []
    if len(own) != 3 or own[1] not in OPERATIONS or any(o.type.rank != 0 for o in op.operands):
        raise UnsupportedType(f"{getattr(op, 'primitive', op)} in native code", "", op.location)
    (a,), (b,) = map(read, op.operands)
    return f"{OPERATIONS[own[1]]} double {a}, {b}"


def use(monkeypatch=None):
    """Let modules have these kernels."""
    if monkeypatch is None:
        stages.kernel_text = kernel_text
    else:
        monkeypatch.setattr(stages, "kernel_text", kernel_text)
