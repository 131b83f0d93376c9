"""The order of the pages: that of `docs/index.md`, by sections; what it does not list comes behind its neighbours."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

ENTRY = re.compile(r"^- \[([^\]]*)\]\(([^)#:]+\.(?:md|ipynb))\)", re.MULTILINE)


def sections(index: str) -> dict[str, dict[str, str]]:
    """The pages that the index lists under each heading, with what they are called there."""
    parts = re.split(r"^## (.+)$", index, flags=re.MULTILINE)[1:]
    found = {
        heading: {page: title for title, page in ENTRY.findall(text)}
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {heading: pages for heading, pages in found.items() if pages}


def with_all(index: str, pages: Iterable[str]) -> dict[str, list[str]]:
    """The sections, with each further page behind those of its folder, or in a section of its folder's name."""
    order = {heading: list(listed) for heading, listed in sections(index).items()}
    homes = {folder(p): heading for heading, listed in reversed(order.items()) for p in reversed(listed)}
    for page in sorted(set(pages) - {p for listed in order.values() for p in listed}):
        heading = homes.setdefault(folder(page), folder(page).replace("-", " ").capitalize())
        order.setdefault(heading, []).append(page)
    return order


def completed(index: str, titles: dict[str, str]) -> str:
    """The index with an entry for each page that it does not list. `titles` are those of all pages."""
    before = sections(index)
    for heading, pages in with_all(index, titles).items():
        known = list(before.get(heading, {}))
        new = "".join(f"- [{titles[p]}]({p})\n" for p in pages[len(known) :])
        if known:
            last = next(m for m in ENTRY.finditer(index) if m[2] == known[-1])
            following = re.compile(r"\n(?! )|\Z").search(index, last.end())
            index = index[: following.end()] + new + index[following.end() :]
        else:
            index = f"{index.rstrip()}\n\n## {heading}\n\n{new}"
    return index


def folder(page: str) -> str:
    return str(PurePosixPath(page).parent)
