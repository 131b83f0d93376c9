"""What the documentation shows is run: the Python blocks in order, and what a block prints is the block after it.

A Python block with a title is a file of that name, which the blocks after it import. A block of the kind `py` is
written for another library, and run where that is installed.
"""

import contextlib
import importlib.util
import io
import linecache
import logging
import re
import shlex
import shutil
import sys
import warnings
from pathlib import Path

import pytest

import s2sad
from s2sad import backends, errors
from s2sad.cli import main as command_line
from s2sad.frontend import lower, meanings
from s2sad.ir import batch_rule, definition, marks, primitive
from s2sad.ir.definition import DEFINITIONS
from s2sad.ir.primitive import PRIMITIVES
from s2sad.optimize.identities.registry import IDENTITIES
from s2sad.rules import everything
from website.navigation import ENTRY, completed, sections

assert lower, "it fills the table of meanings"
ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
everything()
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NEEDS = {"add-a-backend": "cc", "embed-in-c": "cc"}
"""Programs that a page calls, without which it is skipped."""
OTHERS = {
    **{"from-autograd": "autograd", "from-jax": "jax", "from-pytorch": "torch"},
    **{"torch": "torch", "jax": "jax", "pymc": "pytensor", "scale-out": "distributed"},
}
"""The packages that a page is about: its blocks of the kind `py` are run where there is one."""
TABLES = [
    *(PRIMITIVES, primitive._BY_FUNCTION, DEFINITIONS, definition._BY_FUNCTION, batch_rule.RULES),
    *(getattr(meanings, name).entries for name in ("_FUNCTIONS", "_METHODS", "_SUBSCRIPTS", "_KEYWORDS", "_PURE")),
    *(marks._OF_FUNCTIONS, marks._OF_CLASSES, IDENTITIES, backends.ELSEWHERE),
]
"""All that something can be registered in."""


def blocks(page):
    """The blocks of a page: the kind, the name of the file that it is, and the text."""
    return [(m[1], m[2], m[3]) for m in BLOCK.finditer(page.read_text(encoding="utf-8"))]


@pytest.fixture
def forgotten(tmp_path, monkeypatch):
    """What a page registers, and the modules that it writes into the folder, are gone after it."""
    before = [{k: list(v) if isinstance(v, list) else v for k, v in table.items()} for table in TABLES]
    imported = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    loggers = [logging.getLogger(), logging.getLogger("s2sad")]
    logged = [(x.level, x.handlers[:]) for x in loggers]
    yield tmp_path
    for logger, (level, handlers) in zip(loggers, logged, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)
    for name in set(sys.modules) - imported:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(b[0] in ("python", "py") for b in blocks(p))], ids=lambda p: p.stem
)
def test_blocks_print_what_the_page_says(page, forgotten, cache_folder, golden_update):
    if page.stem in NEEDS and shutil.which(NEEDS[page.stem]) is None:
        pytest.skip(f"there is no {NEEDS[page.stem]}")
    space = {"__name__": page.stem}
    there = page.stem in OTHERS and importlib.util.find_spec(OTHERS[page.stem]) is not None
    found = blocks(page)
    shown = False
    for number, (kind, title, text) in enumerate(found):
        if title is not None:
            (forgotten / title).parent.mkdir(parents=True, exist_ok=True)
            (forgotten / title).write_text(text, encoding="utf-8")
            continue
        if kind == "py" and page.stem in OTHERS and not there:
            shown = True
            continue
        if shown or kind not in (("python", "py") if there else ("python",)):
            shown = False
            continue
        file = f"{page.stem}-{number}.py"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        with contextlib.redirect_stdout(io.StringIO()) as out, warnings.catch_warnings():
            if kind == "py":
                warnings.simplefilter("ignore")  # what other libraries say of themselves
            exec(compile(text, file, "exec"), space)
        if out.getvalue():
            if golden_update:
                said, text = found[number + 1][2].strip("\n"), page.read_text(encoding="utf-8")
                assert said, "the block has to say something that can be found"
                page.write_text(text.replace(said, out.getvalue().strip("\n"), 1), encoding="utf-8")
                shown = True
                continue
            assert out.getvalue().strip() == found[number + 1][2].strip()
            shown = True


def commands(text):
    """The commands of a console block, and what each prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, said = part.partition("\n")
        yield shlex.split(command), said


@pytest.mark.parametrize("page", [p for p in PAGES if any(b[0] == "console" for b in blocks(p))], ids=lambda p: p.stem)
def test_commands_print_what_the_page_says(page, forgotten, cache_folder, monkeypatch):
    monkeypatch.chdir(forgotten)
    for kind, title, text in blocks(page):
        if title is not None:
            (forgotten / title).write_text(text, encoding="utf-8")
        for (program, *words), said in commands(text) if kind == "console" else ():
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
                assert program == "s2sad" and command_line(words) in (0, 1, 2)
            assert out.getvalue().replace(str(cache_folder), "CACHE") == said


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index(golden_update):
    docs = ROOT / "docs"
    index = docs / "index.md"
    text = index.read_text(encoding="utf-8")
    titles = {}
    for page in sorted([*docs.glob("*/*.md"), *docs.glob("*/*.ipynb")]):
        heading = re.search(r'^(?:\s*")?# (.+?)(?:\\n)?"?,?$', page.read_text(encoding="utf-8"), re.MULTILINE)
        titles[page.relative_to(docs).as_posix()] = heading[1]
    if golden_update:
        index.write_text(completed(text, titles), encoding="utf-8")
        return
    assert {p for listed in sections(text).values() for p in listed} == set(titles), "--golden-update adds them"
    assert len(ENTRY.findall(text)) == len(titles), "one is listed twice"


def test_an_index_is_completed():
    text = "# All\n\n## One\n\n- [B](one/b.md): two lines,\n  the second\n\n## Two\n\n- [C](two/c.md)\n"
    found = completed(text, {"one/b.md": "B", "two/c.md": "C", "one/a.md": "A", "two/d.ipynb": "D", "more/e.md": "E"})
    assert sections(found) == {
        "One": {"one/b.md": "B", "one/a.md": "A"},
        "Two": {"two/c.md": "C", "two/d.ipynb": "D"},
        "More": {"more/e.md": "E"},
    }
    assert "  the second\n- [A](one/a.md)\n\n## Two" in found
    assert completed(found, {"one/b.md": "B"}) == found


@pytest.mark.parametrize("name", [n for n in s2sad.__all__ if n != "__version__"])
def test_every_public_name_has_an_example(name):
    assert ">>> " in getattr(s2sad, name).__doc__


def test_every_error_is_documented():
    text = (ROOT / "docs/reference/errors.md").read_text()
    for name, cls in vars(errors).items():
        if isinstance(cls, type) and issubclass(cls, errors.Error) and name not in ("Error", "Unsupported"):
            assert f"`{name}`" in text, name
