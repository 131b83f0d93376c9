"""Files outside `docs/` that a page links to: each is a page of its own, so that no link leaves the site."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINK = re.compile(r"^(`{3,}).*?^\1$|(?<=\]\()([^)\s:#]+)(#[^)\s]*)?(?=\))", re.MULTILINE | re.DOTALL)
"""A link, or a block of code, in which there is none."""
KINDS = {".py": "python", ".c": "c", ".h": "c", ".f90": "fortran", ".toml": "toml", ".csv": "text"}
HIDDEN = "---\nsearch:\n  exclude: true\n---\n"
"""Front matter: sources are not searched, as each word of a page would be found in all of them."""


@dataclass(frozen=True)
class Elsewhere:
    """The files that the pages of a folder link to, and theirs."""

    root: Path
    docs: Path

    def links(self, page: Path) -> Iterator[tuple[str, Path]]:
        """The links of a page to files outside the folder: as they are written, and where they lead."""
        for _, target, _ in LINK.findall(page.read_text(encoding="utf-8")):
            found = (page.parent / target).resolve()
            if target and found.exists() and found.is_relative_to(self.root) and not found.is_relative_to(self.docs):
                yield target, found

    def found_from(self, pages: list[Path]) -> list[Path]:
        """All files that are reached from some pages."""
        reached: dict[Path, None] = {}
        waiting = list(pages)
        while waiting:
            page = waiting.pop()
            for _, found in self.links(page):
                if found not in reached:
                    reached[found] = None
                    waiting += [found] if found.suffix == ".md" else []
                    inside = sorted(f for f in found.iterdir() if f.suffix in KINDS) if found.is_dir() else []
                    reached |= dict.fromkeys(inside)
        return list(reached)

    def uri(self, file: Path) -> str:
        """The place of a file's page in the site, as that of a source."""
        if file.is_relative_to(self.docs):
            return file.relative_to(self.docs).as_posix()
        name = file.relative_to(self.root).as_posix()
        return f"files/{name.removesuffix('.md')}.md"

    def text(self, file: Path) -> str:
        """The page of a file: its text as it is, or as code; of a folder the list of what is in it."""
        if file.suffix == ".md":
            return file.read_text(encoding="utf-8")
        name = file.relative_to(self.root).as_posix()
        if file.is_dir():
            inside = sorted(f.name for f in file.iterdir() if f.suffix in KINDS and f.name != "__init__.py")
            return f"{HIDDEN}# {name}/\n\n" + "".join(f"- [{n}]({file.name}/{n}.md)\n" for n in inside)
        code = file.read_text(encoding="utf-8")
        return f'{HIDDEN}# {file.name}\n\n```{KINDS.get(file.suffix, "text")} title="{name}"\n{code.rstrip()}\n```\n'

    def relinked(self, text: str, file: Path) -> str:
        """The text of a page with its links led to the pages of the site."""
        here = posixpath.dirname(self.uri(file))

        def led(match: re.Match[str]) -> str:
            found = (file.parent / (match[2] or "")).resolve()
            if match[2] is None or not found.exists() or not found.is_relative_to(self.root):
                return match[0]
            if file.is_relative_to(self.docs) and found.is_relative_to(self.docs):
                return match[0].replace(".ipynb", ".md")
            return posixpath.relpath(self.uri(found).replace(".ipynb", ".md"), here) + (match[3] or "")

        return LINK.sub(led, text)
