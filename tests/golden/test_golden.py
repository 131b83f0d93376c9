"""Emitted text of central programs, equal to the files in tests/golden/emitted. `--golden-update` writes them anew."""

from pathlib import Path

import pytest

import s2sad
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.ir.signature import Signature
from s2sad.ir.types import is_active_type
from tests.golden.programs import PROGRAMS

FOLDER = Path(__file__).parent / "emitted"


def emitted(f, args, mode):
    signature = Signature()
    active = tuple(k for k, a in enumerate(args) if is_active_type(signature.type_of(a)))
    if mode == "grad of grad":
        return s2sad.grad(s2sad.grad(f)).lower(*args).source
    if mode == "jvp":
        return Derivative(f, Transform("jvp", active)).lower(*args, *(args[k] for k in active)).source
    return Derivative(f, Transform(mode, active, len(active) == 1)).lower(*args).source


@pytest.mark.parametrize("f, args, mode", PROGRAMS, ids=[f"{f.__name__} {m}" for f, _, m in PROGRAMS])
def test_emitted_text(f, args, mode, golden_update):
    file = FOLDER / f"{f.__name__}_{mode.replace(' ', '_')}.py"
    text = emitted(f, args, mode)
    if golden_update:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "read the difference; --golden-update if it is meant"


def test_no_golden_file_is_left_over():
    expected = {f"{f.__name__}_{m.replace(' ', '_')}.py" for f, _, m in PROGRAMS}
    assert {p.name for p in FOLDER.glob("*.py")} == expected


@pytest.mark.parametrize(
    "f, args, mode", [p for p in PROGRAMS if p[2] == "grad"], ids=lambda v: getattr(v, "__name__", "")
)
def test_the_programs_derivatives_are_right(f, args, mode):
    s2sad.check_grads(f, args, order=2)
