"""A run of an emitted function, watched line by line: what each line made, how long it took, where nan came from.

The function runs as it is, under `sys.settrace`; of what a loop makes the last iteration is kept, and the first with a
nan or an inf, so that the memory is that of one iteration. Whatever is nan or inf has an origin: the first line that
made it of what is finite. It is handed on with the values: what is made of something bad has the origin of that.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from s2sad.ir.values import Apply, Operation
from s2sad.view.graph import KEPT, graph_of
from s2sad.view.iterations import LOOP, Repeated, Repetitions
from s2sad.view.lines import Line
from s2sad.view.values import bad_in, numbers_in, summary

if TYPE_CHECKING:
    from _typeshed import TraceFunction

SMALL = 4096
"""So many numbers of an array are copied at each visit of a line; of more the summary is made at once."""

FEW = 16
"""So many items of a tuple or a list are kept as they are."""
NUMBERS = frozenset([int, bool, np.bool_, np.int64, float, np.float64])
"""The classes of numbers that are met most."""


@dataclass
class Origin:
    """Where nan or inf came from: a line that made it of what is finite, or an argument."""

    found: str
    """`nan` or `inf`."""
    name: str
    """What it is in: the name that the line makes, or the argument."""
    value: object
    line: Line | None = None
    """None: it is in an argument."""
    inputs: Sequence[tuple[str, object]] = ()
    """What the expression of the line is of, with the values that went in."""
    visit: int = 1
    """At which of its visits the line made it."""
    at: Sequence[tuple[str, object]] = ()
    """What the loops around it counted then: `i = 3`."""
    nan: Line | None = None
    """The line that made nan of it first, where it is inf."""
    nan_inputs: Sequence[tuple[str, object]] = ()


@dataclass
class Record:
    """What is known of a line: how often it ran, what it made last, its share of the time."""

    visits: int = 0
    seconds: float = 0.0
    kept: int | None = None
    """The bytes of what it made that the reverse sweep reads."""
    origin: Origin | None = None
    """Where it was the first to make nan or inf."""
    last: dict[str, object] = field(default_factory=dict)
    """By the names that it makes: values, or their summaries."""
    around: Repeated | None = None
    """The loop that it is in, or the function."""
    at: int = 0
    """In which iteration of that it ran last."""
    values: dict[int, dict[str, Any] | None] = field(default_factory=dict)
    """What it made in iterations of that, in short."""

    def note(self, iteration: int, known: bool) -> None:
        """Note what it has made in an iteration."""
        self.at = iteration
        if known:
            self.values[iteration] = first_of(filter(None, map(in_short, self.last.values())))

    def shown(self) -> dict[str, Any] | None:
        """What it made last, in short: that under the first of its names which holds numbers; what is bad goes first.

        Where it was the first to make nan or inf in an earlier iteration, that is told.
        """
        found = first_of(filter(None, map(in_short, self.last.values())))
        if self.origin is not None and not (found and found["bad"]):
            found = in_short(self.origin.value) or found
        return found


@dataclass
class Watched:
    """A run, with a record for each line that ran."""

    records: dict[int, Record]
    result: object = None
    error: BaseException | None = None
    origin: Origin | None = None
    """Where the nan or inf in the result came from."""
    raised: Origin | None = None
    """Where that came from which went into the statement that raised an exception."""
    repeated: Sequence[Repeated] = ()
    """What was gone through more than once."""
    failed: tuple[BaseException, Line, Sequence[tuple[str, object]]] | None = None
    """The last exception, the line that raised it, and what went into that."""

    @property
    def seconds(self) -> float:
        """The time of all lines."""
        return sum(r.seconds for r in self.records.values())


@dataclass(frozen=True, slots=True)
class _Summary:
    data: dict[str, Any] | None


class _Step:
    """A statement, with what is evaluated around it."""

    def __init__(
        self, line: Line, keeps: frozenset[str], counters: Sequence[str], heads: frozenset[int], around: Repeated | None
    ) -> None:
        self.line = line
        self.counters = counters
        """What the loops around it count."""
        self.heads = heads
        """The lines that it is inside of."""
        self.keeps = keeps
        self.record = Record(around=around)
        self.made = [_Said(n, line.written.get(n, n)) for n in line.makes]
        self.is_appended = any(text.endswith("[-1]") for text in line.written.values())
        self.is_blank = any(is_blank(op) for op in line.operations)
        changed = set(line.makes)
        self.said = [_Said(text, text) for text in line.said]
        # what the statement itself changes must be looked at before it
        self.before = [s for s in self.said if changed.intersection(s.names)]


class _Said:
    """An expression that is evaluated around a statement: a name, or a part of an array."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.code = None if text.isidentifier() else compile(text, "<watched>", "eval")
        self.names = (text,) if self.code is None else self.code.co_names

    def value(self, frame: types.FrameType, space: Mapping[str, object]) -> object:
        """Its value in a frame with these variables; nothing where a name is not bound."""
        if self.code is None:
            return space.get(self.text, NOTHING)
        try:
            return eval(self.code, frame.f_globals, space)  # of the emitted text
        except Exception:  # whatever an index that does not fit raises
            return NOTHING


NOTHING = object()
"""The value of what has none."""


@dataclass
class _Frame:
    """A call of an emitted function on its way."""

    step: _Step | None = None
    before: dict[str, tuple[object, bool]] = field(default_factory=dict)
    """What the statement changes, as it was: a value or its summary, and whether it is bad."""
    origins: dict[str, Origin] = field(default_factory=dict)
    """Of the names that hold nan or inf."""
    returned: Origin | None = None
    """The origin of what was returned to the statement that runs."""
    iterations: dict[Repeated, int] = field(default_factory=dict)
    """In which the loops are, and the function itself."""


def watch(function: Callable[..., object], arguments: Sequence[object], lines: Sequence[Line], file: str) -> Watched:
    """Run a function, and watch the functions of one file in it, of which these are the lines.

    An exception of the function is noted, not raised.
    """
    watcher = _Watcher(lines, file)
    before = sys.gettrace()
    sys.settrace(watcher.called)
    try:
        watcher.found.result = function(*arguments)
    except Exception as e:
        watcher.found.error = e
    finally:
        sys.settrace(before)
    return watcher.finished()


class _Watcher:
    def __init__(self, lines: Sequence[Line], file: str) -> None:
        self.file = file
        self.steps: dict[int, _Step] = {}
        keeps = kept_names(lines)
        self.repetitions = Repetitions(lines)
        step = None
        within: dict[int, tuple[list[str], frozenset[int]]] = {}
        for line in lines:
            if line.begins:
                outer, heads = within.get(line.within or 0, ([], frozenset()))
                counts = [n for n in line.makes if line.kind == "loop" and line.types[n].is_scalar]
                within[line.number] = [*outer, *counts], heads | {line.number}
                own, around = keeps.get(line.number, frozenset()), self.repetitions.around.get(line.number)
                step = _Step(line, own, outer, heads, around) if line.kind else None
            if step is not None:
                self.steps[line.number] = step
        self.frames: list[tuple[types.FrameType, _Frame]] = []
        self.found = Watched({})
        self.clock = perf_counter()

    # events

    def called(self, frame: types.FrameType, event: str, arg: object) -> TraceFunction | None:
        """A function is called: one of the file is watched."""
        if frame.f_code.co_filename != self.file or frame.f_code.co_name == "<module>":
            return None
        frame.f_trace_lines = True
        self.charge()
        own = _Frame()
        function = self.repetitions.own.get(frame.f_code.co_firstlineno)
        if function is not None:
            own.iterations[function] = function.begin({})
        caller = self.frames[-1][1] if self.frames else None
        self.given(frame, own, caller)
        self.frames.append((frame, own))
        self.clock = perf_counter()
        return self.traced

    def traced(self, frame: types.FrameType, event: str, arg: Any) -> TraceFunction | None:
        """A line of it begins, or it returns."""
        if not self.frames or self.frames[-1][0] is not frame:
            return self.traced
        own = self.frames[-1][1]
        if event == "line":
            step = self.steps.get(frame.f_lineno)
            if step is not own.step or step is None:
                self.charge()
                space = frame.f_locals
                self.finish(frame, own, space)
                self.begin(frame, own, step, space)
                self.clock = perf_counter()
        elif event == "exception":
            self.found.raised = self.found.raised or self.blamed(frame, own)
            known = self.found.failed
            # the callers of what raises it come later
            if own.step is not None and (known is None or known[0] is not arg[1]):
                self.found.failed = arg[1], own.step.line, self.inputs(frame, own)
        elif event == "return":
            self.charge()
            self.leave(frame, own, arg)
            self.clock = perf_counter()
        return self.traced

    def charge(self) -> None:
        """The time since the last event is that of the statement that runs."""
        step = self.frames[-1][1].step if self.frames else None
        if step is not None:
            step.record.seconds += perf_counter() - self.clock

    # statements

    def given(self, frame: types.FrameType, own: _Frame, caller: _Frame | None) -> None:
        """The origins of what a function is given: that of its caller's, or the argument itself."""
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
        space = frame.f_locals
        for name in names:
            value = space.get(name)
            found = bad_in_value(value)
            if found is not None:
                known = None if caller is None else self.blamed(self.frames[-1][0], caller)
                own.origins[name] = known or Origin(found, name, summarised(value))

    def begin(self, frame: types.FrameType, own: _Frame, step: _Step | None, space: Mapping[str, object]) -> None:
        before, own.step, own.returned = own.step, step, None
        own.before = {}
        if step is not None:
            loop = self.repetitions.first.get(step.line.number)
            # to the head of a loop it comes back from inside
            if loop is not None and loop.kind == LOOP and (before is None or step.line.number not in before.heads):
                own.iterations[loop] = loop.begin({n: space.get(n) for n in step.counters})
            for said in step.before:
                value = said.value(frame, space)
                if value is not NOTHING:
                    own.before[said.text] = (summarised(value), bad_in_value(value) is not None)

    def finish(self, frame: types.FrameType, own: _Frame, space: Mapping[str, object]) -> None:
        """Note what a statement has made."""
        step = own.step
        if step is None:
            return
        step.record.visits += 1
        origin: Origin | None = None
        for said in step.made:
            name, value = said.name, said.value(frame, space)
            if value is NOTHING:
                continue
            if name in step.keeps:
                self.keep(step, name, value)
            if step.is_blank:  # nobody has written into it yet
                continue
            step.record.last[name] = summarised(value)
            found = bad_in_value(value)
            if found is None:
                if own.origins:
                    self.heal(own, name, step, space)
            else:
                # all that one statement makes bad is of one origin
                origin = own.origins[name] = origin or self.origin_of(frame, own, step, name, value, found)
        self.iterated(own, step)

    def iterated(self, own: _Frame, step: _Step) -> None:
        """Note what a statement has made in this iteration."""
        around = step.record.around
        if around is not None and around in own.iterations:
            k = own.iterations[around]
            step.record.note(k, k % around.stride == 0)

    def heal(self, own: _Frame, name: str, step: _Step, space: Mapping[str, object]) -> None:
        """A name that is bound to what is finite; an array of which a part was written may hold nan elsewhere."""
        if name in own.origins and (name not in step.line.written or bad_in_value(space.get(name)) is None):
            del own.origins[name]

    def keep(self, step: _Step, name: str, value: object) -> None:
        size = sum(bytes_of(x, step.is_blank) for x in numbers_in(value))
        if step.is_appended:
            step.record.kept = (step.record.kept or 0) + size
        elif name not in step.line.written:
            step.record.kept = max(step.record.kept or 0, size)

    def origin_of(
        self, frame: types.FrameType, own: _Frame, step: _Step, name: str, value: object, found: str
    ) -> Origin:
        """Where what a statement made comes from: what went in, what was returned to it, or itself."""
        known = self.blamed(frame, own) or own.returned
        if known is not None:
            if found == "nan" and known.found == "inf" and known.nan is None:
                known.nan, known.nan_inputs = step.line, self.inputs(frame, own)
            return known
        visit = step.record.visits
        space = frame.f_locals
        at = [(n, space[n]) for n in step.counters if type(space.get(n)) is int]
        made = Origin(found, name, summarised(value), step.line, self.inputs(frame, own), visit, at)
        step.record.origin = step.record.origin or made
        return made

    def blamed(self, frame: types.FrameType, own: _Frame) -> Origin | None:
        """The origin of the first thing that went into the statement that runs, and is bad."""
        if own.step is None:
            return None
        space = frame.f_locals
        for said in own.step.said:
            if said.text in own.before:
                is_bad = own.before[said.text][1]
            else:
                value = said.value(frame, space)
                is_bad = value is not NOTHING and bad_in_value(value) is not None
            if is_bad:
                known = next((own.origins[n] for n in said.names if n in own.origins), None)
                if known is not None:
                    return known
        return None

    def inputs(self, frame: types.FrameType, own: _Frame) -> list[tuple[str, object]]:
        """What went into the statement that runs."""
        assert own.step is not None
        space = frame.f_locals
        found = [
            (s.text, own.before[s.text][0] if s.text in own.before else s.value(frame, space)) for s in own.step.said
        ]
        return [(text, summarised(value)) for text, value in found if value is not NOTHING]

    def leave(self, frame: types.FrameType, own: _Frame, result: object) -> None:
        """A function returns; None also where it raises."""
        step = own.step
        origin = None
        if step is not None and step.line.kind == "return":
            step.record.visits += 1
            step.record.last["return"] = summarised(result)
            found = bad_in_value(result)
            if found is not None:
                origin = self.origin_of(frame, own, step, "the result", result, found)
            self.iterated(own, step)
        elif step is not None:
            self.finish(frame, own, frame.f_locals)
        self.frames.pop()
        if self.frames:
            self.frames[-1][1].returned = self.frames[-1][1].returned or origin
        else:
            self.found.origin = origin

    def finished(self) -> Watched:
        steps = {step.line.number: step.record for step in self.steps.values()}
        self.found.records = {n: r for n, r in steps.items() if r.visits}
        self.found.repeated = self.repetitions.ended()
        for record in self.found.records.values():
            record.note(record.at, record.around is not None and record.at == record.around.count - 1)
        return self.found


# values


def summarised(value: object) -> object:
    """What is kept of a value: what cannot change as it is, small arrays as copies, others in short."""
    if type(value) is np.ndarray:
        return value.copy() if value.size <= SMALL else _Summary(summary(value))
    if isinstance(value, (tuple, list)) and len(value) <= FEW and all(map(_is_small, value)):
        return tuple(map(summarised, value))
    return _Summary(summary(value)) if isinstance(value, (tuple, list, dict)) else value


def _is_small(item: object) -> bool:
    return type(item) in NUMBERS or (type(item) is np.ndarray and item.size <= SMALL)


def in_short(value: object) -> dict[str, Any] | None:
    """A value that was kept, in short."""
    return value.data if isinstance(value, _Summary) else summary(value)


def first_of(found: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The first of values in short; what is bad goes first."""
    known = list(found)
    return next((s for s in known if s["bad"]), known[0] if known else None)


def plain(value: object) -> object:
    """A value that was kept as users see it: what was kept in short as text."""
    return value if not isinstance(value, _Summary) else None if value.data is None else value.data["text"]


def bad_in_value(value: Any) -> str | None:
    """`nan` or `inf` where a value holds one."""
    # the order is that of how often they are met
    cls = type(value)
    if cls is np.float64 or cls is float:
        return None if value - value == 0.0 else "nan" if value != value else "inf"
    if cls is np.ndarray:
        if value.dtype.kind not in "fc" or np.isfinite(value).all():
            return None
        return "nan" if np.isnan(value).any() else "inf"
    if cls in NUMBERS or value is None or cls is str:
        return None
    if cls is tuple or cls is list:
        found = {bad_in_value(item) for item in value}
        return "nan" if "nan" in found else "inf" if "inf" in found else None
    return bad_in(list(numbers_in(value)))


def bytes_of(value: Any, own: bool) -> int:
    """The memory that a number or an array holds; that of a view is another's, unless its own array has no name."""
    if type(value) is np.ndarray:
        return int(value.nbytes) if own or value.base is None else 0
    return 8


def is_blank(op: Operation) -> bool:
    """Whether an operation makes an array of whatever stood in the memory."""
    return isinstance(op, Apply) and op.primitive.blank and not op.primitive.zeros


def kept_names(lines: Sequence[Line]) -> Mapping[int, frozenset[str]]:
    """For each line of the primal the names of what it makes that the reverse sweep reads."""
    graph = graph_of(lines)
    found: dict[int, set[str]] = {}
    for edge in graph.edges:
        if edge.kind == KEPT:
            source, target = graph.nodes[edge.source].line, graph.nodes[edge.target].line
            found.setdefault(source.number, set()).update(set(source.makes) & set(target.reads))
    return {n: frozenset(names) for n, names in found.items()}
