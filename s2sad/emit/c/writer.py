"""One function of loops as a function of C: its statements.

It returns 0 where all is done, 1 where it was left, 2 where there is no memory. What it allocates is freed at its end,
on every way there: each allocation has a pointer that is NULL before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from s2sad.emit.c import arrays
from s2sad.emit.c.arrays import SMALL, Handle, multiplied
from s2sad.emit.c.calls import into
from s2sad.emit.c.checks import is_checked, wrong_after, wrong_before
from s2sad.emit.c.numbers import Use, number_text
from s2sad.emit.c.rows import Row, again, of
from s2sad.emit.c.text import (
    FALSE,
    TRUE,
    Text,
    binary,
    dtype_of,
    form_of,
    literal,
    negation,
)
from s2sad.emit.c.values import Values
from s2sad.errors import NOWHERE, Unsupported, UnsupportedCall, UnsupportedType
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, INTO, LENGTH, RESHAPED, STORE
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_int,
)

LEAVE = "goto out;"
NO_MEMORY = "{ status = 2; goto out; }"
END = Row("}")


class CWriter(Values):
    """The statements of one function."""

    def block(self, block: Block) -> list[str]:
        self.choose(block)
        lines: list[str] = []
        before = set(self.looked_at)
        for op in block.operations:
            quote = self.quote_of(op)
            try:
                made = self.operation(op)
            except Unsupported as e:
                if e.location != NOWHERE or op.location == NOWHERE:
                    raise
                raise type(e)(e.what, e.instead, op.location) from e
            if made and quote and quote != self.quoted:
                self.quoted = quote
                lines.append(Row(comment(quote)))
            lines += of(op, made)
        self.looked_at = before
        return lines

    def operation(self, op: Operation) -> list[str]:
        match op:
            case Apply():
                return self.apply(op)
            case If():
                return self.branch(op)
            case For():
                return [*self.starts(op.initial, op.carried, op.results), *self.counted(op)]
            case While():
                return [*self.starts(op.initial, op.carried, op.results), *self.conditional(op)]
        raise UnsupportedCall(f"a call of {op.function.name}, which calls itself", "write a loop")

    def apply(self, op: Apply) -> list[str]:
        primitive = op.primitive
        if primitive is LENGTH:
            self.texts[op.result] = self.handle(op.operands[0]).lengths[axis_of(op)]
        elif primitive is RESHAPED:
            handle = self.handle(op.operands[0])
            lengths = tuple(self.lasting(o) for o in op.operands[1:])
            self.handles[op.result] = Handle(handle.pointer, lengths, handle.dtype)
        elif primitive is GUARD:
            return leave_where(negation(self.truth(op.operands[0]), self.is_exact(op.operands[0])))
        elif primitive is ALLOCATE:
            return self.allocate(op)
        elif primitive is STORE:
            return self.store(op)
        elif primitive is INTO:
            return [into(self, op)]
        elif primitive not in (MAKE, EXTRACT) and op.result not in self.inlined:
            return self.number(op)
        return []

    def number(self, op: Apply) -> list[str]:
        checked = is_checked(op, self.is_index)
        if not checked:
            if not self.reads[op.result]:
                return []
            if op.result.type.is_integer:
                self.length_names[self.name(op.result)] = None
            return [f"const {form_of(dtype_of(op.result.type))} {self.name(op.result)} = {self.expression(op)};"]
        use = self.use(op)
        lines = [line for wrong in wrong_before(use, self.is_index) for line in self.left_once(wrong, op)]
        after = wrong_after(use, Text(self.name(op.result)))
        if self.reads[op.result] or after:
            lines.append(f"const {form_of(use.dtype)} {self.name(op.result)} = {number_text(use)};")
        return lines + [line for wrong in after for line in leave_where(wrong)]

    def left_once(self, wrong: Text, op: Apply) -> list[str]:
        """Leave where something is wrong that was not looked at before."""
        fixed = all(o not in self.changing and o not in self.inlined for o in op.operands)
        if fixed and wrong.text in self.looked_at:
            return []
        if fixed:
            self.looked_at.add(wrong.text)
        return leave_where(wrong)

    def store(self, op: Apply) -> list[str]:
        array, *indices, value = op.operands
        handle, dtype = self.handle(array), dtype_of(value.type)
        given = self.read(value)
        if dtype != handle.dtype:
            given = Use(op, (given,), (value.type,), self.note, self.library).converted(given, dtype, handle.dtype)
        return [assignment(self.element(array, indices).text, given)]

    # memory

    def allocate(self, op: Apply) -> list[str]:
        dtype = dtype_of(op.result.type)
        form, name = form_of(dtype), self.name(op.result)
        if op.result in self.given:
            self.handles[op.result] = self.given[op.result]
            return []
        sizes = [self.read(o) for o in op.operands]
        lines: list[str] = []
        lengths: list[Text] = []
        for k, (o, n) in enumerate(zip(op.operands, sizes, strict=True)):
            plain = isinstance(o, Constant) or o in self.texts or (o not in self.inlined and o not in self.changing)
            if not plain and (op.result, k) in self.asked:
                lines.append(f"const int64_t {name}_n{k + 1} = {n};")
                n = Text(f"{name}_n{k + 1}")
            lengths.append(n)
        count = lengths[0] if lengths else Text("1")
        for n in lengths[1:]:
            both = multiplied(count, n)
            simple = both.text.isdigit() or "1" in (count.text, n.text)
            count = both if simple else self.helper("length_product", count, n)
        small = count.text.isdigit() and int(count.text) * dtype.itemsize <= SMALL and op.result not in self.handed
        if small:
            self.handles[op.result] = Handle(name, tuple(lengths), dtype)
            return [*lines, f"{form} {name}[{max(1, int(count.text))}];"]
        return [*lines, *self.owned(op, form, count, tuple(lengths))]

    def owned(self, op: Apply, form: str, count: Text, lengths: tuple[Text, ...]) -> list[str]:
        """Memory that is freed at the end, or where the same statement allocates it anew."""
        name = self.name(op.result)
        dtype = dtype_of(op.result.type)
        if op.result in self.escaping:
            self.keeps = True
            self.handles[op.result] = Handle(name, lengths, dtype)
            made = self.helper("kept_array", Text("&kept"), count, Text(f"sizeof *{name}"))
            return [f"{form} *{name} = {made};", f"if ({name} == NULL) {NO_MEMORY}"]
        pointer, n = name, 2
        while pointer in self.pointers or (pointer != name and pointer in self.taken):
            pointer, n = f"{name}_{n}", n + 1
        self.pointers[pointer] = form
        self.handles[op.result] = Handle(pointer, lengths, dtype)
        made = self.helper("new_array", count, Text(f"sizeof *{pointer}"))
        lines = [f"{pointer} = {made};", f"if ({pointer} == NULL) {NO_MEMORY}"]
        return [f"free({pointer});", *lines] if self.depth else lines

    # what is handed on

    def variable_of(self, value: Value) -> list[tuple[str, str]]:
        """The types and names of the variables that a value is: of an array the pointer and the lengths asked for."""
        name, form = self.name(value), form_of(dtype_of(value.type))
        if not value.type.rank:
            return [(form, name)]
        found = [(f"{form} *" if value in self.written else f"const {form} *", name)]
        lengths: list[Text] = []
        for k, d in enumerate(value.type.shape or ()):
            text = Text(str(d)) if isinstance(d, int) else Text(f"{name}_n{k + 1}")
            if (value, k) in self.asked and not isinstance(d, int):
                found.append(("int64_t ", text.text))
                self.length_names[text.text] = None
            lengths.append(text)
        self.handles[value] = Handle(name, tuple(lengths), dtype_of(value.type))
        return found

    def handed_over(self, target: Value, source: Operand) -> list[Text]:
        """What the variables of a value are given."""
        if not target.type.rank:
            given, dtype, wanted = self.read(source), dtype_of(source.type), dtype_of(target.type)
            if dtype == wanted or not isinstance(source, Constant):
                return [given]
            return [literal(source.value, wanted)]
        if not source.type.rank:
            # an array that is not bound yet, and not read
            zeros = tuple(Text("0") for _ in target.type.shape or ())
            handle = Handle("NULL", zeros, dtype_of(target.type))
        else:
            handle = self.handle(source)
        asked = [
            n
            for k, (n, d) in enumerate(zip(handle.lengths, target.type.shape or (), strict=True))
            if (target, k) in self.asked and not isinstance(d, int)
        ]
        return [Text(handle.pointer), *asked]

    def assigned(self, targets: Sequence[Value], given: Sequence[Operand]) -> list[str]:
        """What is handed on, put into the variables that receive it."""
        pairs: list[tuple[str, str, Text]] = []
        for target, source in zip(targets, given, strict=True):
            forms = self.variable_of(target)
            pairs += [(f, n, x) for (f, n), x in zip(forms, self.handed_over(target, source), strict=True)]
        pairs = [(f, n, x) for f, n, x in pairs if x.text != n]
        names = [n for _, n, _ in pairs]
        before: list[str] = []
        lines: list[str] = []
        last: list[str] = []
        for k, (form, name, x) in enumerate(pairs):
            if not any(mentions(y.text, name) for _, _, y in pairs[k + 1 :]):
                lines.append(assignment(name, x))
                continue
            # the old value is read once more
            if any(mentions(x.text, n) for n in names):
                next_ = self.fresh(f"{name}_next")
                before.append(declaration(form if "*" in form else f"const {form}", next_, x))
                x = Text(next_)
            last.append(assignment(name, x))
        return before + lines + last

    def starts(self, initial: Sequence[Operand], carried: Sequence[Value], results: Sequence[Value]) -> list[str]:
        lines = []
        for p, r, first in zip(carried, results, initial, strict=True):
            given = self.handed_over(p, first)
            forms = self.variable_of(p)
            lines += [declaration(form, name, x) for (form, name), x in zip(forms, given, strict=True)]
            if p in self.handles:
                self.handles[r] = self.handles[p]
        return lines

    # control

    def branch(self, op: If) -> list[str]:
        test = self.truth(op.predicate)
        variables = [(r, self.variable_of(r)) for r in op.results]
        # what a branch hands on as it is has the variable of what it becomes
        own = [forms for r, forms in variables if r not in self.variable]
        lines = [declaration(form, name, None) for forms in own for form, name in forms]
        quoted = self.quoted
        then = [*self.block(op.then), *self.assigned(op.results, op.then.results)]
        self.quoted = quoted
        orelse = [*self.block(op.orelse), *self.assigned(op.results, op.orelse.results)]
        if not then and not orelse:
            return []
        if not then:
            test, then, orelse = negation(test, self.is_exact(op.predicate)), orelse, []
        lines += [Row(f"if ({test}) {{", op, head=True), *indented(of(op, then))]
        orelse = [*of(op, orelse)]
        if len(orelse) > 1 and orelse[0].startswith("if (") and orelse[-1] == "}" and is_one_branch(orelse):
            return [*lines, again(orelse[0], f"}} else {orelse[0]}"), *orelse[1:]]
        return [*lines, Row("} else {"), *indented(orelse), END] if orelse else [*lines, END]

    def counted(self, op: For) -> list[str]:
        if op.scanned or len(op.body.results) > len(op.initial) + op.breaks:
            raise UnsupportedType("lists in a loop of C", "use arrays")
        i = self.name(op.index)
        before: list[str] = []
        start, stop = self.bound(op.start, f"{i}_start", before), self.bound(op.stop, f"{i}_stop", before)
        inner: list[str] = []
        if is_int(op.step, 1):
            if op.reverse:
                last = binary("-", stop, Text("1")) if not stop.text.isdigit() else Text(str(int(stop.text) - 1))
                head = f"for (int64_t {i} = {last}; {i} >= {start}; {i}--)"
            else:
                head = f"for (int64_t {i} = {start}; {i} < {stop}; {i}++)"
        elif is_int(op.step, -1) and op.reverse:
            first = Text("0") if stop.text == "-1" else binary("+", stop, Text("1"))
            head = f"for (int64_t {i} = {first}; {i} <= {start}; {i}++)"
        elif isinstance(op.step, Constant) and not op.reverse:
            step = int(op.step.value)  # type: ignore[call-overload]
            sign, move = ("<", f"{i} += {step}") if step > 0 else (">", f"{i} -= {-step}" if step < -1 else f"{i}--")
            head = f"for (int64_t {i} = {start}; {i} {sign} {stop}; {move})"
        else:
            head, inner = self.in_steps(op, i, start, stop, before)
        self.depth += 1
        body = [*inner, *self.block(op.body), *self.ends(op)]
        self.depth -= 1
        return [*before, Row(f"{head} {{", op, head=True), *indented(of(op, body)), END]

    def in_steps(self, op: For, i: str, start: Text, stop: Text, before: list[str]) -> tuple[str, list[str]]:
        """A loop whose steps are counted: they may go up or down, or come from the last to the first."""
        step = self.bound(op.step, f"{i}_step", before)
        if not isinstance(op.step, Constant):
            before += leave_where(binary("==", step, Text("0")))
        count, k = f"{i}_count", f"{i}_step_number"
        before.append(declaration("const int64_t", count, self.helper("range_length", start, stop, step)))
        way = f"{k} = {count} - 1; {k} >= 0; {k}--" if op.reverse else f"{k} = 0; {k} < {count}; {k}++"
        index = arrays.summed(start, multiplied(Text(k), step))
        inner = [f"const int64_t {i} = {index};"] if self.reads[op.index] else []
        return f"for (int64_t {way})", inner

    def bound(self, operand: Operand, name: str, before: list[str]) -> Text:
        """An end of a loop: what may change while it runs is computed before."""
        text = self.read(operand)
        simple = isinstance(operand, Constant) or operand in self.texts or re.fullmatch(r"\w+", text.text)
        if simple and operand not in self.changing:
            return text
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        before.append(f"const int64_t {name} = {text};")
        return Text(name)

    def ends(self, op: For | While) -> list[str]:
        carried = op.carried
        stop = self.read(op.body.results[-1]) if op.breaks else FALSE
        given = self.assigned(carried, op.body.results[: len(carried)])
        if stop == FALSE:
            return given
        if any(mentions(stop.text, self.name(v)) for v in carried):
            last = self.fresh("stop")
            return [f"const bool {last} = {stop};", *given, f"if ({last}) break;"]
        return [*given, f"if ({stop}) break;"]

    def conditional(self, op: While) -> list[str]:
        for t, p in zip(op.test.parameters, op.carried, strict=True):
            if p in self.handles:
                self.handles[t] = self.handles[p]
        self.depth += 1
        tested = self.block(op.test)
        test = self.truth(op.test.results[0])
        body = [*self.block(op.body), *self.ends(op)]
        self.depth -= 1
        if not tested:
            return [Row(f"while ({test}) {{", op, head=True), *indented(of(op, body)), END]
        leave = f"if ({negation(test, self.is_exact(op.test.results[0]))}) break;"
        return [Row("while (true) {", op, head=True), *indented(of(op, [*tested, leave, *body])), END]


# lines


def indented(lines: Iterable[str]) -> list[str]:
    return [again(line, f"    {line}") for line in lines]


def axis_of(op: Apply) -> int:
    axis = op.static["axis"]
    assert isinstance(axis, int)
    return axis


def comment(text: str) -> str:
    """A line of a comment: what would go on in the next line, or is another sign of old, is taken apart."""
    text = text.replace("??", "? ?")
    return f"// {text} ." if text.endswith("\\") else f"// {text}"


def is_one_branch(lines: Sequence[str]) -> bool:
    """Whether lines are one statement `if`."""
    return sum(1 for line in lines if not line.startswith((" ", "}"))) == 1


def leave_where(wrong: Text) -> list[str]:
    if wrong == FALSE:
        return []
    return [LEAVE] if wrong == TRUE else [f"if ({wrong}) {LEAVE}"]


def mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def declaration(form: str, name: str, value: Text | None) -> str:
    space = "" if form.endswith(("*", " ")) else " "
    return f"{form}{space}{name};" if value is None else f"{form}{space}{name} = {value};"


def assignment(target: str, value: Text) -> str:
    """`x = v;`, `x += v;` for `x = x + v`."""
    if value.parts is not None and value.parts[0] in ("+", "-", "*", "/") and value.parts[1].text == target:
        sign, _, rest = value.parts
        return f"{target} {sign}= {rest};"
    return f"{target} = {value};"


def unused(names: Iterable[str], lines: Iterable[str]) -> list[str]:
    """The names that no line mentions."""
    words: set[Any] = {w for line in lines for w in re.findall(r"\w+", line.partition("//")[0])}
    return [n for n in names if n not in words]


def without_unread(lines: Sequence[str], names: Iterable[str]) -> list[str]:
    """The lines without integers that nothing reads: what was computed of them is known without."""
    found = list(lines)
    for name in names:
        own = re.compile(rf" *((const )?int64_t )?{re.escape(name)}( = .*)?;")
        kept = [line for line in found if not own.fullmatch(line)]
        if not any(mentions(line.partition("//")[0], name) for line in kept):
            found = kept
    return found if len(found) == len(lines) else without_unread(found, names)
