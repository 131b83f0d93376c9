"""Elementary functions as LLVM's text.

Each is `define internal double @"s2sad.exp"(double %x)`, always inlined. A rare function is behind a branch, which
would keep a loop from being vectorised: so it has a variant for vectors, told to LLVM by the attribute of its calls
(`vector-function-abi-variant`). That one looks whether it is wanted for any element. It is inlined after a loop has
been vectorised, if `always-inline` is run once more; without that it is a call per vector.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from s2sad.backends.native.elementary import words
from s2sad.backends.native.elementary.double_double import fused_in_parts
from s2sad.backends.native.elementary.translation import BOOL, FLOAT, INT, Table, Term, signature

TYPES = {FLOAT: "double", INT: "i64", BOOL: "i1"}

FUSED = "call double @llvm.fma.f64(double {0}, double {1}, double {2})"
INSTRUCTIONS = {
    **{f"{w}.float": f"f{w} double {{0}}, {{1}}" for w in ("add", "sub", "mul", "div")},
    **{f"{w}.int": f"{w} i64 {{0}}, {{1}}" for w in ("add", "sub", "mul", "and", "or", "xor", "shl")},
    "shr.int": "ashr i64 {0}, {1}",
    **{f"{w}.bool": f"{w} i1 {{0}}, {{1}}" for w in ("and", "or", "xor")},
    **{f"{w}.float": f"fcmp o{w} double {{0}}, {{1}}" for w in ("lt", "le", "gt", "ge", "eq")},
    "ne.float": "fcmp une double {0}, {1}",
    **{f"{w}.int": f"icmp s{w} i64 {{0}}, {{1}}" for w in ("lt", "le", "gt", "ge")},
    **{f"{w}.int": f"icmp {w} i64 {{0}}, {{1}}" for w in ("eq", "ne")},
    **{f"choice.{k}": f"select i1 {{0}}, {t} {{1}}, {t} {{2}}" for k, t in TYPES.items()},
    "neg.float": "fneg double {0}",
    "neg.int": "sub i64 0, {0}",
    "not.bool": "xor i1 {0}, true",
    "fma": FUSED,
    "fused": FUSED,
    "bits": "bitcast double {0} to i64",
    "number": "bitcast i64 {0} to double",
    "rint": "call double @llvm.rint.f64(double {0})",
    "sqrt": "call double @llvm.sqrt.f64(double {0})",
    "abs": "call double @llvm.fabs.f64(double {0})",
    "copysign": "call double @llvm.copysign.f64(double {0}, double {1})",
    "float": "sitofp i64 {0} to double",
    "int": "fptosi double {0} to i64",
}
# A rare function is compiled quickly rather than well: it would take longer than all others together.
INLINED = "alwaysinline nounwind willreturn memory(none)"
CALLED = "noinline optnone cold nounwind willreturn memory(none)"
VARIANT = "alwaysinline cold minsize optsize nounwind willreturn memory(none)"


@dataclass(frozen=True)
class Target:
    """What of the machine is seen in the text: whether a * b + c is one instruction, and how long its vectors are."""

    fma: bool = True
    lanes: tuple[int, ...] = (2, 4, 8)

    @staticmethod
    def of(triple: str, features: str) -> Target:
        """The one of this triple and these features, as LLVM has them: `+fma,+avx2,-avx512f`."""
        if not triple.startswith(("x86_64", "i386", "i686")):
            return Target(lanes=(2,))
        has = set(features.split(","))
        wide = (4, 8) if "+avx512f" in has else (4,) if has & {"+avx", "+avx2"} else (2,)
        return Target("+fma" in has, wide)


def _wrapped(value: int) -> int:
    """The int of the same 64 bits, with their sign."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def symbol(name: str) -> str:
    return f'@"s2sad.{name}"'


def _name(function: words.Function) -> str:
    return symbol(function.__name__)


def _result(kinds: Sequence[str]) -> str:
    parts = ", ".join(TYPES[k] for k in kinds)
    return parts if len(kinds) == 1 else f"{{{parts}}}"


def _list(terms: Sequence[Term]) -> str:
    return ", ".join(f"{TYPES[t.kind]} {t.text}" for t in terms)


class Text:
    """The text of one function while it is written, an instruction a line."""

    def __init__(self, function: words.Function, target: Target) -> None:
        self.function = function
        self.target = target
        self.lines: list[str] = []
        self.block = "entry"
        self.count = 0
        self.for_fused = () if target.fma else (fused_in_parts,)

    def new(self, instruction: str, kind: str) -> Term:
        self.count += 1
        self.lines.append(f"  %.{self.count} = {instruction}")
        return Term(f"%.{self.count}", kind)

    def constant(self, value: float) -> Term:
        if isinstance(value, bool):
            return Term(str(value).lower(), BOOL)
        if isinstance(value, int):
            return Term(str(_wrapped(value)), INT)
        return Term(f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}", FLOAT)

    def apply(self, word: str, kind: str, *operands: Term) -> Term:
        if not self.target.fma and word == "fma":
            return self.apply("add.float", kind, self.apply("mul.float", kind, *operands[:2]), operands[2])
        if not self.target.fma and word == "fused":
            return self.call(fused_in_parts, (kind,), *operands)[0]
        return self.new(INSTRUCTIONS[word].format(*(t.text for t in operands)), kind)

    def call(self, function: words.Function, kinds: tuple[str, ...], *operands: Term) -> tuple[Term, ...]:
        result = self.new(f"call {_result(kinds)} {_name(function)}({_list(operands)})", _result(kinds))
        if len(kinds) == 1:
            return (Term(result.text, kinds[0]),)
        return tuple(self.new(f"extractvalue {result.kind} {result.text}, {i}", k) for i, k in enumerate(kinds))

    def rare(self, condition: Term, function: words.Function, operands: Sequence[Term], otherwise: Term) -> Term:
        before, self.block = self.block, f"after{self.count}"
        self.lines.append(f"  br i1 {condition.text}, label %rare{self.count}, label %{self.block}")
        self.lines.append(f"rare{self.count}:")
        names = ",".join(f"_ZGV_LLVM_M{n}{'v' * len(operands)}_{_plain(function, n)}" for n in self.target.lanes)
        block, after, kind = f"rare{self.count}", self.block, otherwise.kind
        attribute = f' "vector-function-abi-variant"="{names}"' if names else ""
        value = self.new(f"call {TYPES[kind]} {_name(function)}({_list(operands)}){attribute}", kind)
        self.lines += [f"  br label %{after}", f"{after}:"]
        return self.new(f"phi {TYPES[kind]} [{otherwise.text}, %{before}], [{value.text}, %{block}]", kind)

    def element(self, table: Table, place: Term) -> Term:
        address = self.new(f"getelementptr i64, ptr {symbol(table.name)}, i64 {place.text}", "")
        return self.new(f"load i64, ptr {address.text}", INT)

    def bind(self, name: str, value: Term) -> Term:
        return value if value.text else Term("%" + name, value.kind)

    def definition(self, parameters: Sequence[Term], results: Sequence[Term]) -> str:
        kind = _result([r.kind for r in results])
        last = results[0].text
        if len(results) > 1:
            last = "poison"
            for i, r in enumerate(results):
                last = self.new(f"insertvalue {kind} {last}, {TYPES[r.kind]} {r.text}, {i}", kind).text
        how = CALLED if self.function in words.RARE else INLINED
        head = f"define internal {kind} {_name(self.function)}({_list(parameters)}) {how} {{"
        text = "\n".join([head, "entry:", *self.lines, f"  ret {kind} {last}", "}", ""])
        if self.function in words.RARE:
            text += "".join(_for_vectors(self.function, n) for n in self.target.lanes)
        return text


def _plain(function: words.Function, lanes: int) -> str:
    """A variant in the attribute of a call: the name that is called, and the one that is for vectors."""
    return f"s2sad.{function.__name__}(s2sad.{function.__name__}.{lanes})"


FOR_VECTORS = """\
define weak_odr hidden <{n} x double> {vector}({parameters}, <{n} x i1> %wanted) {how} {{
entry:
  %any = call i1 @llvm.vector.reduce.or.v{n}i1(<{n} x i1> %wanted)
  br i1 %any, label %loop, label %none
none:
  ret <{n} x double> zeroinitializer
loop:
  %i = phi i64 [0, %entry], [%j, %next]
  %y = phi <{n} x double> [zeroinitializer, %entry], [%y1, %next]
  %here = extractelement <{n} x i1> %wanted, i64 %i
  br i1 %here, label %one, label %next
one:
{elements}
  %v = call double {scalar}({operands})
  %y0 = insertelement <{n} x double> %y, double %v, i64 %i
  br label %next
next:
  %y1 = phi <{n} x double> [%y, %loop], [%y0, %one]
  %j = add i64 %i, 1
  %more = icmp ult i64 %j, {n}
  br i1 %more, label %loop, label %end
end:
  ret <{n} x double> %y1
}}
"""


def _for_vectors(function: words.Function, lanes: int) -> str:
    count = len(signature(function)[0])
    return FOR_VECTORS.format(
        n=lanes,
        vector=symbol(f"{function.__name__}.{lanes}"),
        scalar=_name(function),
        how=VARIANT,
        parameters=", ".join(f"<{lanes} x double> %x{k}" for k in range(count)),
        elements="\n".join(f"  %e{k} = extractelement <{lanes} x double> %x{k}, i64 %i" for k in range(count)),
        operands=", ".join(f"double %e{k}" for k in range(count)),
    )


def table_text(table: Table) -> str:
    values = ", ".join(f"i64 {_wrapped(v)}" for v in table.values)
    return f"{symbol(table.name)} = private unnamed_addr constant [{len(table.values)} x i64] [{values}]\n"


def also_text(name: str, function: words.Function) -> str:
    """A function by another name, or the one of float32, which is that of float64, rounded."""
    single = name.endswith(words.SINGLE)
    kind = "float" if single else "double"
    places = range(len(signature(function)[0]))
    lines = [f"  %d{k} = fpext float %x{k} to double" for k in places if single]
    operands = ", ".join(f"double %{'d' if single else 'x'}{k}" for k in places)
    lines.append(f"  %y = call double {_name(function)}({operands})")
    lines += ["  %r = fptrunc double %y to float", "  ret float %r"] if single else ["  ret double %y"]
    head = f"define internal {kind} {symbol(name)}({', '.join(f'{kind} %x{k}' for k in places)}) {INLINED} {{"
    return "\n".join([head, *lines, "}", ""])
