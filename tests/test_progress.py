"""What takes long is told to a terminal, where it is asked for, and nowhere else."""

import io
import sys
import threading
import time

import pytest

import s2sad
from s2sad import progress
from s2sad.progress import Work, compiling, on_terminal, stage


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 0.02)
    monkeypatch.setattr(progress, "_PERIOD", 0.01)
    monkeypatch.delenv("S2SAD_PROGRESS", raising=False)
    monkeypatch.delattr(sys, "ps1", raising=False)

    def install(stream):
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return install


def long_work():
    with compiling("f_grad"), stage("optimising", "f"):
        time.sleep(0.1)


@pytest.fixture
def without_rich(monkeypatch):
    for name in ("rich", "rich.console", "rich.live", "rich.spinner"):
        monkeypatch.setitem(sys.modules, name, None)


def test_with_rich_a_spinner_turns(terminal, monkeypatch):
    pytest.importorskip("rich.live")
    pytest.importorskip("rich.spinner")
    monkeypatch.setenv("TERM", "xterm")
    stream, before = terminal(Terminal()), sys.stdout
    with on_terminal():
        long_work()
    text = stream.getvalue()
    assert "s2sad: f_grad: optimising f (0 s)" in text
    # the cursor is hidden and shown again, the line is taken away
    assert text.count("\033[?25l") == text.count("\033[?25h") == 1
    assert text.rstrip().endswith("\033[2K") and sys.stdout is before


def test_a_line_comes_and_goes(terminal, without_rich):
    stream = terminal(Terminal())
    with on_terminal():
        long_work()
    text = stream.getvalue()
    assert "\r\033[Ks2sad: f_grad: optimising f (0 s)" in text
    assert text.endswith("\r\033[K") and "\n" not in text


def test_what_is_quick_is_not_told(terminal, monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 60.0)
    stream = terminal(Terminal())
    with on_terminal(), compiling("f_grad"):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("asked, ps1, shown", [("", 0, 0), ("1", 0, 1), ("", 1, 1), ("0", 1, 0)])
def test_programs_are_told_nothing_unless_they_ask(terminal, monkeypatch, asked, ps1, shown):
    monkeypatch.setenv("S2SAD_PROGRESS", asked)
    if ps1:
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    stream = terminal(Terminal())
    long_work()
    assert bool(stream.getvalue()) is bool(shown)


def test_what_is_no_terminal_is_told_nothing(terminal):
    stream = terminal(io.StringIO())
    with on_terminal():
        long_work()
    assert stream.getvalue() == ""


def test_an_error_ends_the_line(terminal):
    terminal(Terminal())
    before = threading.active_count()
    with pytest.raises(s2sad.Error), on_terminal():
        s2sad.grad(lambda x: nosuch(x))(1.0)  # noqa: F821
    assert threading.active_count() == before


def test_stages_are_counted_without_those_inside():
    work = Work("f")
    work.enter("outer", "f")
    time.sleep(0.02)
    work.enter("inner", "g")
    assert work.doing == "inner g"
    time.sleep(0.05)
    work.leave()
    work.leave()
    assert work.times["inner"] > work.times["outer"] > 0.0
    assert sum(work.times.values()) == pytest.approx(work.seconds, rel=0.2)
