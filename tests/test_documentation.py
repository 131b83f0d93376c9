"""What the documentation shows is run: the Python blocks in order, and what a block prints is the block after it."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import pytest

from s2sad import errors
from s2sad.ir.definition import DEFINITIONS
from s2sad.ir.primitive import PRIMITIVES
from s2sad.rules import everything

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
everything()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return [(m[1], m[2]) for m in BLOCK.finditer(page.read_text(encoding="utf-8"))]


@pytest.fixture
def kept_rules():
    """Rules that a page adds are gone after it."""
    everything()
    before = dict(PRIMITIVES)
    yield
    for name in set(PRIMITIVES) - set(before):
        del PRIMITIVES[name]


@pytest.mark.parametrize("page", [p for p in PAGES if any(k == "python" for k, _ in blocks(p))], ids=lambda p: p.stem)
def test_blocks_print_what_the_page_says(page, kept_rules, cache_folder):
    space = {"__name__": page.stem}
    found = blocks(page)
    shown = False
    for number, (kind, text) in enumerate(found):
        if shown or kind != "python":
            shown = False
            continue
        file = f"{page.stem}-{number}.py"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(text, file, "exec"), space)
        if out.getvalue():
            assert out.getvalue().strip() == found[number + 1][1].strip()
            shown = True


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_error_is_documented():
    text = (ROOT / "docs/reference/errors.md").read_text()
    for name, cls in vars(errors).items():
        if isinstance(cls, type) and issubclass(cls, errors.Error) and name not in ("Error", "Unsupported"):
            assert f"`{name}`" in text, name


def test_every_rule_is_listed():
    text = (ROOT / "docs/reference/language.md").read_text().partition("## Functions with rules")[2]
    public = {n for n in PRIMITIVES if " " not in n and not PRIMITIVES[n].helper}
    of_libraries = {n for n in public if n.startswith(("np.", "scipy."))}
    names = {re.sub(r"(scipy\.stats\.\w+)\.\w+", r"\1", n) for n in of_libraries | set(DEFINITIONS)}
    listed = set()
    for module, functions in re.findall(r"^of ([\w.]+)[^:]*:\n\n(.*?)\.\n$", text, re.DOTALL | re.MULTILINE):
        listed |= {f"{module.replace('NumPy', 'np')}.{n}" for n in re.findall(r"`([\w.]+)`", functions)}
    assert names <= listed, sorted(names - listed)
    assert listed <= names, sorted(listed - names)
