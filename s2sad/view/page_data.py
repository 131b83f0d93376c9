"""All that a page shows of a derivative, as plain data: the user's code, the trace, the texts, and the graph.

Lines that stand for one operation are partners. An operation is told by its place in the user's source and by what it
applies; one of a derivative is of the operations that it is `about`. Each line has an identity of its own: `t3` in the
trace, `r12` in the reverse mode.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from s2sad.analysis.activity import useful_values, varied_values
from s2sad.errors import NOWHERE, Location
from s2sad.ir.containers import EXTRACT
from s2sad.ir.printer import Printer, TraceLine
from s2sad.ir.trace_names import as_text, is_of_trace
from s2sad.ir.types import Type, is_active_type
from s2sad.ir.values import (
    Apply,
    Call,
    Constant,
    Function,
    Operation,
    Value,
    bound_in,
    given_functions,
    values_in,
    walk,
)
from s2sad.version import __version__
from s2sad.view.formulas import rule_of
from s2sad.view.graph import Graph, graph_of, labels_of
from s2sad.view.iterations import LOOP
from s2sad.view.lines import ADJOINT, PRIMAL, TANGENT, Line
from s2sad.view.rule_lines import place_rules
from s2sad.view.types import Lengths
from s2sad.view.values import summary
from s2sad.view.watch import Record, Watched

Data: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[object, ...]
"""What tells an operation."""


@dataclass(frozen=True)
class Tab:
    """A text of the page: its lines, or the reason why there are none."""

    key: str
    title: str
    lines: Sequence[Line] = ()
    text: str = ""
    reason: str = ""
    watched: Watched | None = None
    """What was seen of a run, where there was one."""


@dataclass(frozen=True)
class Argument:
    """An argument of the derivative: its name, its type, and the value where there is one."""

    name: str
    type: str
    value: object = None


@dataclass(frozen=True)
class Subject:
    """What a page is of."""

    title: str
    function: str
    about: str
    arguments: Sequence[Argument]
    functions: Sequence[Any]
    """The user's functions, that which the derivative is of in front."""
    programs: Sequence[Function]
    """The same as they were lowered, with the functions that they call."""
    asked: Sequence[str]
    """The parameters by which derivatives are taken."""
    tabs: Sequence[Tab] = ()


def page_data(subject: Subject) -> Data:
    """The data of the page."""
    sources = Sources(subject.functions, subject.programs)
    trace = _Trace(subject, sources)
    tabs = [_tab(tab, sources, trace) for tab in subject.tabs]
    for tab in tabs:
        _make_partners(trace, tab["lines"])
        _note_ways_back(tab["loops"], tab["lines"])
    _note_values(trace.lines, tabs[0]["lines"] if tabs else [])
    first = next((t for t in subject.tabs if t.lines), None)
    graph = graph_of(first.lines) if first else Graph()
    _note_unwritten(trace, tabs[0]["lines"] if tabs else [])
    for line in [*trace.lines, *(line for tab in tabs for line in tab["lines"])]:
        del line["keys"], line["form"]
    return {
        "title": subject.title,
        "function": subject.function,
        "about": subject.about,
        "version": __version__,
        "arguments": [{"name": a.name, "type": a.type, "value": summary(a.value)} for a in subject.arguments],
        "sources": sources.data,
        "trace": trace.lines,
        "tabs": tabs,
        "graph": _graph(graph, first.key[0] if first else "", trace, tabs[0]["lines"] if tabs else []),
        "checked": None,
        "error": _error(subject.tabs[0]) if subject.tabs else None,
        "error_at": _stopped(subject.tabs[0]) if subject.tabs else None,
    }


def _error(tab: Tab) -> str | None:
    """The exception of the run, if it raised one."""
    error = tab.watched.error if tab.watched else None
    return None if error is None else f"{type(error).__name__}: {error}"


def _stopped(tab: Tab) -> str | None:
    """The line at which it was raised."""
    failed, error = (tab.watched.failed, tab.watched.error) if tab.watched else (None, None)
    return f"{tab.key[0]}{failed[1].number}" if failed and failed[0] is error else None


# the user's code


class Sources:
    """The user's functions, and the places in them."""

    def __init__(self, functions: Sequence[Any], programs: Sequence[Function]) -> None:
        blocks = [op.location for f in programs for op in walk(f.body) if op.blocks]
        # what comes from a loop comes from its first line, not from all that is in it
        self.blocks = {(at.file, at.line, at.end_line) for at in blocks}
        self.data: list[Data] = []
        self.spans: list[tuple[str, int, int]] = []
        for f in functions:
            try:
                lines, first = inspect.getsourcelines(f)
                file = inspect.getsourcefile(f) or f.__code__.co_filename
            except (OSError, TypeError):
                continue
            if (f.__code__.co_filename, first, first + len(lines)) in self.spans:
                continue
            self.spans.append((f.__code__.co_filename, first, first + len(lines)))
            own = [line.rstrip("\n") for line in lines]
            self.data.append({"file": file, "name": f.__name__, "first": first, "lines": own})

    def place(self, at: Location) -> Data | None:
        """Where a location is among them: in the smallest that has it."""
        around = [
            (last - first, k)
            for k, (f, first, last) in enumerate(self.spans)
            if f == at.file and first <= at.line < last
        ]
        if not around:
            return None
        last = at.line if (at.file, at.line, at.end_line) in self.blocks else max(at.line, at.end_line)
        return {"in": min(around)[1], "line": at.line, "to": last}


# partners


def keys_of(op: Operation) -> list[Key]:
    """What tells the operations that one stands for: those that it is about, or itself."""
    if op.about:
        return [key for about in op.about for key in keys_of(about)]
    at = op.location
    if at == NOWHERE:
        return []
    what = op.primitive.name if isinstance(op, Apply) else type(op).__name__
    # two operations of one expression differ in what is known of them: `x[1:] * x[:-1]`
    known = tuple(repr(o) for o in op.operands if isinstance(o, Constant)) if isinstance(op, Apply) else ()
    return [(at.file, at.line, at.column, at.end_line, at.end_column, what, known)]


def _make_partners(trace: _Trace, lines: Sequence[Data]) -> None:
    """Note for each line of a text the lines of the trace and of the text that stand for one operation with it."""
    of_key: dict[Key, list[Data]] = {}
    for line in lines:
        # what a rule of forward mode appends is of other primitives than its operation: the place tells it
        line["keys"] = list(dict.fromkeys(k for key in line["keys"] for k in trace.nearest(key, line)))
        for key in line["keys"]:
            of_key.setdefault(key, []).append(line)
    for line in lines:
        same = [p for key in line["keys"] for p in (*trace.of_key.get(key, ()), *of_key[key])]
        line["partners"] = list(dict.fromkeys(p["id"] for p in same if p is not line))
        for p in same:
            if p["id"].startswith("t") and line["id"] not in p["partners"]:
                p["partners"].append(line["id"])


# the trace


class _Trace:
    """The lines of the trace, and what tells their operations."""

    def __init__(self, subject: Subject, sources: Sources) -> None:
        self.lines: list[Data] = []
        self.of_key: dict[Key, list[Data]] = {}
        self.of_place: dict[Key, list[Key]] = {}
        self.operations: dict[Key, Operation] = {}
        for k, function in enumerate(subject.programs):
            activity = _Activity(function, subject.asked if k == 0 else None)
            printer = Printer(function)
            lengths = Lengths()
            for p in function.parameters:
                lengths.give(printer.names[p], p.type)
            for v in bound_in(function.body):
                if v.hint is not None:
                    lengths.call(v.hint, v.type)
            for made in printer.lines():
                self.add(made, printer, activity, sources, lengths)

    def add(self, made: TraceLine, printer: Printer, activity: _Activity, sources: Sources, lengths: Lengths) -> None:
        op = made.op
        # what a loop or a branch hands on is of nobody's operation
        ops = [] if op is None or (op.blocks and not made.heads) else _calculated(op, printer)
        why = None if op is None else activity.why_not(op)
        line = {
            "id": f"t{len(self.lines) + 1}",
            "number": len(self.lines) + 1,
            "text": made.text,
            "sweep": PRIMAL if op is not None else "other",
            "source": None if op is None else sources.place(op.location),
            "partners": [],
            "makes": [printer.names[v] for v in made.bound if v in printer.names],
            "reads": list(dict.fromkeys(printer.names[v] for v in values_in(made.read) if v in printer.names)),
            "of": _users_names(made, printer),
            "type": lengths.text(made.bound[0].type) if op is not None and len(made.bound) == 1 else None,
            **_blank(),
            "active": why is None,
            "why": why,
            "rule": rule_of(ops[-1], "reverse") if why is None and isinstance(op, Apply | Call) else None,
            "keys": [key for o in ops for key in keys_of(o)],
            "form": _form(made.bound[0].type) if len(made.bound) == 1 else None,
        }
        self.lines.append(line)
        for key, one in ((key, o) for o in ops for key in keys_of(o)):
            self.of_key.setdefault(key, []).append(line)
            for place in (key[:-1], key[:-2]):
                self.of_place.setdefault(place, []).append(key)
            self.operations.setdefault(key, one)

    def of_call(self, key: Key) -> list[Key]:
        """What tells the calls of solvers at the place of an operation: of what they give parts have derivatives."""
        near = self.of_place.get(key[:-2], ())
        return [k for k in near if k != key and given_functions(self.operations[k])]

    def nearest(self, key: Key, line: Data) -> list[Key]:
        """The key of an operation of the trace that one stands for."""
        if key in self.of_key:
            return [key]
        near = list(dict.fromkeys(self.of_place.get(key[:-1]) or self.of_place.get(key[:-2]) or ()))
        wanted = {*line["of"].values(), *line["makes"]}
        named = [k for k in near if any(wanted & set(t["makes"]) for t in self.of_key[k])]
        return named or near or [key]


def _calculated(op: Operation, printer: Printer) -> list[Operation]:
    """The operations of a line: where it is a part of what has no name, `np.linalg.qr(a)[0]`, that too."""
    if not isinstance(op, Apply) or op.primitive is not EXTRACT or not isinstance(op.operands[0], Value):
        return [op]
    whole = printer.definition.get(op.operands[0])
    return [op] if whole is None or whole.result in printer.names else [op, *_calculated(whole, printer)]


def _users_names(line: TraceLine, printer: Printer) -> dict[str, str]:
    """What the user calls the values of a line that have numbers: `x` for `x_2`."""
    values = [v for v in (*line.bound, *values_in(line.read)) if v in printer.names and v.hint]
    hints = {printer.names[v]: as_text(v.hint) for v in values if v.hint and not is_of_trace(v.hint)}
    return {name: hint for name, hint in hints.items() if name != hint}


class _Activity:
    """Which operations carry derivatives, and why others do not. `asked` are the parameters; None: any may be."""

    def __init__(self, function: Function, asked: Sequence[str] | None) -> None:
        starts = [p for p in function.parameters if asked is None or p.hint in asked]
        self.asked = asked
        self.varied = varied_values(function, [p for p in starts if is_active_type(p.type)])
        self.useful = useful_values(function)

    def why_not(self, op: Operation) -> str | None:
        """Why an operation has no derivative; None where it has one."""
        if any(r in self.varied and r in self.useful for r in op.results) or not op.results:
            return None
        if isinstance(op, Apply) and not is_active_type(op.result.type):
            kind = getattr(op.result.type.dtype, "kind", "")
            return f"inactive: {_KINDS.get(kind, 'no floats')}"
        if not any(r in self.varied for r in op.results):
            names = ", ".join(self.asked) if self.asked else "its parameters"
            moved = isinstance(op, Apply) and op.primitive.constant and any(o in self.varied for o in op.operands)
            # what a solver gives moves where its parts are read
            if moved and given_functions(op):
                return None
            return "inactive: a step function, its slope is 0" if moved else f"inactive: does not depend on {names}"
        return "inactive: the result does not depend on it"


_KINDS = {"i": "integer", "u": "integer", "b": "truth values"}


def _note_values(trace: Sequence[Data], lines: Sequence[Data]) -> None:
    """Say of the lines of the trace what the lines of the text made that calculate the same."""
    by_id = {line["id"]: line for line in lines}
    for t in trace:
        names = {t["of"].get(n, n) for n in t["makes"]}
        same = [by_id[p] for p in t["partners"] if p in by_id]
        found = (x for x in same if x["sweep"] == PRIMAL and names & {x["of"].get(n, n) for n in x["makes"]})
        # `v2` may be another value there, calculated for the same operation
        found = (x for x in found if None in (t["form"], x["form"]) or t["form"] == x["form"])
        made = next((x for x in found if x["value"] is not None), None)
        if made is not None:
            t["value"], t["values"] = made["value"], made["values"]


def _form(t: Type) -> tuple[str, int | None]:
    """What the types of one value have in common, whatever its lengths are called: it may be Python's or NumPy's."""
    return type(t).__name__ if t.dtype is None else t.dtype.kind, t.rank


def _note_unwritten(trace: _Trace, lines: Sequence[Data]) -> None:
    """Say of the lines of the trace that no line of the derivative stands for why there is none."""
    present = {p for line in lines if line["sweep"] != "head" for p in line["partners"]}
    for t in trace.lines if lines else ():
        # a call whose statements were put in its place is there as these
        is_call = bool(t["keys"]) and isinstance(trace.operations.get(t["keys"][0]), Call)
        if t["keys"] and t["id"] not in present and t["active"] and not is_call:
            t["why"] = "no line of its own: its value is not needed, and its slope stands in other lines"


# texts


def _blank() -> Data:
    """What is known of a run, before there is one."""
    return {"value": None, "values": None, "kept": None, "time": None}


def _tab(tab: Tab, sources: Sources, trace: _Trace) -> Data:
    data: Data = {"key": tab.key, "title": tab.title, "lines": [], "text": tab.text}
    if tab.reason:
        data["reason"] = tab.reason
    lengths = lengths_in(tab.lines)
    data["lines"] = [_line(line, tab.key[0], sources, trace, lengths[line.function]) for line in tab.lines]
    place_rules(tab.lines, data["lines"], keys_of)
    for line in data["lines"]:
        line["keys"] += [k for key in [*line["keys"]] for k in trace.of_call(key) if k not in line["keys"]]
    data["loops"] = []
    if tab.watched is not None:
        _note_run(data["lines"], tab.lines, tab.watched)
        data["loops"] = _loops(tab)
    return data


def lengths_in(lines: Sequence[Line]) -> dict[str, Lengths]:
    """What the lengths are called in the functions of a text."""
    found: dict[str, Lengths] = {}
    for line in lines:
        own = found.setdefault(line.function, Lengths())
        for name, t in line.types.items():
            if line.kind == "function":
                own.give(name, t)
            else:
                own.call(name, t)
    return found


def _loops(tab: Tab) -> list[Data]:
    """What a run went through more than once."""
    repeated = tab.watched.repeated if tab.watched else ()
    labels = labels_of(tab.lines)
    return [
        {
            "id": f"{tab.key[0]}{r.line.number}",
            "kind": r.kind,
            "label": labels[r.line.number].removeprefix("def "),
            "within": f"{tab.key[0]}{r.outer.line.number}" if r.outer is not None and r.outer in repeated else None,
            "count": r.count,
            "at": sorted(r.says),
            "says": [r.says[k] for k in sorted(r.says)],
            "back": None,
        }
        for r in repeated
    ]


def _note_ways_back(loops: Sequence[Data], lines: Sequence[Data]) -> None:
    """Say of the loops of the sweep back which loop they go through from its end."""
    by_id = {line["id"]: line for line in lines}
    forward = [loop["id"] for loop in loops if by_id[loop["id"]]["sweep"] == PRIMAL]
    for loop in loops:
        head = by_id[loop["id"]]
        if loop["kind"] == LOOP and head["sweep"] == ADJOINT:
            loop["back"] = next((k for k in forward if k in head["partners"]), None)


def _note_run(data: Sequence[Data], lines: Sequence[Line], watched: Watched) -> None:
    """Say of the lines what a run made of them."""
    total = watched.seconds or 1.0
    letter = data[0]["id"][0] if data else ""
    for found, line in zip(data, lines, strict=True):
        record = watched.records.get(line.number) if line.begins else None
        if record is not None:
            found["value"] = record.shown()
            found["kept"], found["time"] = record.kept, record.seconds / total
            if record.around in watched.repeated and line.kind != "loop":
                found["values"] = _by_iteration(record, letter)


def _by_iteration(record: Record, letter: str) -> Data | None:
    """What a line made in the iterations that are known."""
    around = record.around
    assert around is not None
    made = [record.values.get(k) for k in sorted(around.says)]
    if not any(made):
        return None
    found: Data = {"loop": f"{letter}{around.line.number}", "text": [m and m["text"] for m in made]}
    bad = [m and m["bad"] for m in made]
    return {**found, "bad": bad} if any(bad) else found


def standing_for(line: Line) -> list[Operation]:
    """The operations that a line stands for: a loop or a branch for that of its head alone.

    An adjoint stands for what it is the adjoint of; what is kept and read there stands for nothing.
    """
    found = [op for op in line.operations if line.kind in ("loop", "branch") or not _is_of_blocks(op)]
    about = [op for op in found if op.about]
    return about if line.sweep == ADJOINT and about else found


def _is_of_blocks(op: Operation) -> bool:
    return bool(op.blocks) or any(about.blocks for about in op.about)


def _line(line: Line, letter: str, sources: Sources, trace: _Trace, lengths: Lengths) -> Data:
    keys = list(dict.fromkeys(k for op in standing_for(line) for k in keys_of(op)))
    found: Data = {
        "id": f"{letter}{line.number}",
        "number": line.number,
        "text": line.text,
        "sweep": line.sweep,
        "source": sources.place(line.location),
        "partners": [],
        "makes": list(line.makes),
        "reads": list(line.reads),
        "of": dict(line.of),
        "type": lengths.text(next(iter(line.types.values())))
        if len(line.types) == 1 and line.operations and line.begins
        else None,
        **_blank(),
        "active": True,
        "why": None,
        "rule": None,
        "keys": keys,
        "form": _form(next(iter(line.types.values()))) if len(line.types) == 1 else None,
    }
    found["rule"] = _rule(line, found, trace)
    if line.sweep == PRIMAL and keys:
        same = [t for key in keys[:1] for t in trace.of_key.get(key, ())]
        found["active"] = not same or any(t["active"] for t in same)
        found["why"] = None if found["active"] else same[0]["why"]
    return found


def _rule(line: Line, found: Data, trace: _Trace) -> Data | None:
    """The rules of an adjoint or of a tangent; those of several operations in the order in which they are applied."""
    if line.sweep == ADJOINT:
        abouts = [op.about[0] for op in reversed(standing_for(line)) if op.about]
        return _together([rule_of(op, "reverse") for op in dict.fromkeys(abouts)])
    if line.sweep == TANGENT and found["keys"]:
        near = [trace.operations[k] for k in trace.nearest(found["keys"][0], found) if k in trace.operations]
        return _together([rule_of(op, "forward") for op in near[:1]])
    return None


def _together(rules: Sequence[Data]) -> Data | None:
    """Several rules as one: a formula on a line each."""
    apart = [*{(r["name"], r["formula"]): r for r in rules}.values()]
    if not apart:
        return None
    names = ", ".join(dict.fromkeys(r["name"] for r in apart))
    formula = "\n".join(r["formula"] for r in apart if r["formula"]) or None
    source = "; ".join(dict.fromkeys(r["source"] for r in apart if r["source"])) or None
    return {**apart[0], "name": names, "formula": formula, "source": source}


# the graph


def _graph(graph: Graph, letter: str, trace: _Trace, lines: Sequence[Data]) -> Data:
    by_number: Mapping[int, Data] = {line["number"]: line for line in lines}
    lengths = lengths_in([node.line for node in graph.nodes.values()])
    nodes = []
    for node in graph.nodes.values():
        line = by_number.get(node.line.number, {})
        is_argument = node.role == "argument"
        type_ = node.line.types.get(node.label if is_argument else next(iter(node.line.makes), ""))
        own = [line["id"]] if line else []
        partners = [] if is_argument else [p for p in line.get("partners", ()) if p.startswith("t")]
        nodes.append(
            {
                "id": node.key,
                "label": node.label,
                "type": None if type_ is None else lengths[node.line.function].text(type_),
                "frame": node.frame,
                "adjoint": node.adjoint,
                "active": line.get("active", True),
                "role": node.role,
                "lines": [*own, *partners],
                "of": node.of,
            }
        )
    frames = [
        {"id": f.key, "label": f.label, "parent": f.parent, "lines": [f"{letter}{n}" for n in f.lines]}
        for f in graph.frames.values()
    ]
    edges = [{"from": e.source, "to": e.target, "kind": e.kind} for e in graph.edges]
    return {"frames": frames, "nodes": nodes, "edges": edges}
