"""The table of constructs in docs/reference/language.md, made from the conformance suite.

python -m tests.language.table      writes it
"""

from pathlib import Path

from tests.language import classes, control_flow, data, functions
from tests.language.cases import CASES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "language.md"
BEGIN, END = "<!-- made by tests/language/table.py -->\n", "<!-- end -->\n"
MODULES = [control_flow, functions, data, classes]


def table():
    """The rows, a table for each part of the language."""
    lines = []
    for module in MODULES:
        title = module.case.title
        lines += [f"### {title}", "", "| Construct | Forward | Reverse | Example |", "|---|---|---|---|"]
        rows = {}
        for case in CASES:
            if case.section == title:
                note = f"; {case.note}" if case.note else ""
                file = f"../../tests/language/{Path(module.__file__).name}"
                rows.setdefault(case.construct, f"[`{case.name}`]({file}){note}")
        lines += [f"| {construct} | yes | yes | {example} |" for construct, example in rows.items()]
        lines.append("")
    return "\n".join(lines)


def page(text):
    """The page with the table of now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
