"""Elementary functions as text of C99.

Each is `static inline double s2sad_exp(double x)`. It is meant for a compiler that keeps to the order of operations:
with `-ffp-contract=off` (the pragma says so too, which gcc does not heed), and without `-ffast-math`. Where a * b + c
is no instruction (`FP_FAST_FMA` is not defined) it is two, but for the errors of products, which C's own `fma` gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from s2sad.backends.native.elementary import words
from s2sad.backends.native.elementary.translation import BOOL, FLOAT, INT, Table, Term, signature

TYPES = {FLOAT: "double", INT: "int64_t", BOOL: "bool"}
OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
BITWISE = {"and": "&", "or": "|", "xor": "^"}
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
EXPRESSIONS = {
    **{f"{w}.float": f"({{0}} {s} {{1}})" for w, s in OPERATORS.items()},
    **{f"{w}.int": f"(int64_t)((uint64_t){{0}} {s} (uint64_t){{1}})" for w, s in OPERATORS.items() if w != "div"},
    **{f"{w}.{k}": f"({{0}} {s} {{1}})" for w, s in BITWISE.items() for k in (INT, BOOL)},
    "shl.int": "(int64_t)((uint64_t){0} << {1})",
    "shr.int": "({0} >> {1})",
    **{f"{w}.{k}": f"({{0}} {s} {{1}})" for w, s in COMPARISONS.items() for k in (FLOAT, INT)},
    **{f"choice.{k}": "({0} ? {1} : {2})" for k in TYPES},
    "neg.float": "(-{0})",
    "neg.int": "(int64_t)(0 - (uint64_t){0})",
    "not.bool": "(!{0})",
    "fma": "S2SAD_FMA({0}, {1}, {2})",
    "fused": "fma({0}, {1}, {2})",
    "bits": "s2sad_bits({0})",
    "number": "s2sad_number({0})",
    "rint": "rint({0})",
    "sqrt": "sqrt({0})",
    "abs": "fabs({0})",
    "copysign": "copysign({0}, {1})",
    "float": "(double){0}",
    "int": "(int64_t){0}",
}
PRELUDE = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#ifdef FP_FAST_FMA
#define S2SAD_FMA(a, b, c) fma(a, b, c)
#else
#define S2SAD_FMA(a, b, c) ((a) * (b) + (c))
#endif

static inline int64_t s2sad_bits(double x) {
    int64_t n;
    memcpy(&n, &x, sizeof n);
    return n;
}

static inline double s2sad_number(int64_t n) {
    double x;
    memcpy(&x, &n, sizeof x);
    return x;
}
"""


def symbol(name: str) -> str:
    return "s2sad_" + name.replace(".", "_")


def _result(function: words.Function) -> str:
    """The type of what a function gives: several values are the members of a struct of its own."""
    kinds = signature(function)[1]
    return TYPES[kinds[0]] if len(kinds) == 1 else f"{symbol(function.__name__)}_parts"


class Text:
    """The text of one function while it is written, a name a line; a name that is bound again is another name."""

    for_fused: tuple[words.Function, ...] = ()

    def __init__(self, function: words.Function) -> None:
        self.function = function
        self.lines: list[str] = []
        self.bound: dict[str, int] = {}

    def constant(self, value: float) -> Term:
        if isinstance(value, bool):
            return Term(str(value).lower(), BOOL)
        if isinstance(value, int):
            return Term(str(value) if abs(value) < 1 << 31 else f"INT64_C(0x{value:X})", INT)
        text = "NAN" if math.isnan(value) else "INFINITY" if math.isinf(value) else repr(abs(value))
        return Term(f"-{text}" if math.copysign(1.0, value) < 0.0 else text, FLOAT)

    def apply(self, word: str, kind: str, *operands: Term) -> Term:
        return Term(EXPRESSIONS[word].format(*(t.text for t in operands)), kind)

    def call(self, function: words.Function, kinds: tuple[str, ...], *operands: Term) -> tuple[Term, ...]:
        call = self.called(symbol(function.__name__), operands)
        if len(kinds) == 1:
            return (Term(call, kinds[0]),)
        name = self.fresh("parts")
        self.lines.append(f"const {_result(function)} {name} = {call};")
        return tuple(Term(f"{name}._{i}", k) for i, k in enumerate(kinds))

    def called(self, name: str, operands: Sequence[Term]) -> str:
        return f"{name}({', '.join(t.text for t in operands)})"

    def rare(self, condition: Term, function: words.Function, operands: Sequence[Term], otherwise: Term) -> Term:
        value = Term(self.called(symbol(function.__name__), operands), otherwise.kind)
        return self.apply("choice." + value.kind, value.kind, condition, value, otherwise)

    def element(self, table: Table, place: Term) -> Term:
        return Term(f"(int64_t){symbol(table.name)}[{place.text}]", INT)

    def bind(self, name: str, value: Term) -> Term:
        term = Term(self.fresh(name), value.kind)
        if value.text and name != "_":  # what is not read
            self.lines.append(f"const {TYPES[value.kind]} {term.text} = {value.text};")
        return term

    def fresh(self, name: str) -> str:
        self.bound[name] = self.bound.get(name, 0) + 1
        return name if self.bound[name] == 1 else f"{name}_{self.bound[name]}"

    def definition(self, parameters: Sequence[Term], results: Sequence[Term]) -> str:
        kind = _result(self.function)
        listed = ", ".join(f"{TYPES[p.kind]} {p.text}" for p in parameters)
        values = ", ".join(r.text for r in results)
        lines = []
        if len(results) > 1:
            members = " ".join(f"{TYPES[r.kind]} _{i};" for i, r in enumerate(results))
            lines.append(f"typedef struct {{ {members} }} {kind};")
            values = f"({kind}){{{values}}}"
        lines += [f"/* {line} */" for line in (self.function.__doc__ or "").splitlines()[:1]]
        body = [f"    {line}" for line in (*self.lines, f"return {values};")]
        head = f"static inline {kind} {symbol(self.function.__name__)}({listed}) {{"
        return "\n".join(["", *lines, head, *body, "}", ""])


def table_text(table: Table) -> str:
    values = ", ".join(f"UINT64_C(0x{v:X})" for v in table.values)
    return f"\nstatic const uint64_t {symbol(table.name)}[] = {{{values}}};\n"


def also_text(name: str, function: words.Function) -> str:
    """A function by another name, or the one of float, which is that of double, rounded."""
    kind = "float" if name.endswith(words.SINGLE) else "double"
    places = range(len(signature(function)[0]))
    listed = ", ".join(f"{kind} x{k}" for k in places)
    call = f"{symbol(function.__name__)}({', '.join(f'x{k}' for k in places)})"
    return f"\nstatic inline {kind} {symbol(name)}({listed}) {{\n    return ({kind}){call};\n}}\n"
