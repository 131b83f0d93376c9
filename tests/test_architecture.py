"""The layers of the package, and the sizes of its modules."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "s2sad").rglob("*.py"))
PACKAGES = [p for p in MODULES if p.name == "__init__.py"]


def test_imports_point_down():
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_say_what_they_are(module):
    text = module.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module begins with what it takes, what it gives and the idea"
