"""s2sad trace, show, check, graph, generate."""

import io
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import s2sad
from s2sad.cli import main
from s2sad.cli.signatures import examples

ROOT = Path(__file__).parents[2]

MODULE = '''
import numpy as np


def energy(x, k=2.0):
    """A spring."""
    return 0.5 * k * np.sum(x * x)


def product(x: float, y: float):
    return x * np.sin(y)


def kinked(x: float):
    return np.clip(x, 0.0, 1.0)


def matrix(A, x):
    return np.sum(A @ x)


def ranked(x):
    return np.sum(np.diff(x))


LIMIT = 3


def refused(x):
    yield x
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "springs.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield "springs.py"
    sys.modules.pop("springs", None)


def test_trace(module, capsys):
    assert main(["trace", f"{module}:product"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "product(x: float, y: float):"
    assert "v1 = np.sin(y)" in out


def test_show_is_python(module, capsys):
    assert main(["show", f"{module}:product", "--argnums", "x,1"]) == 0
    space = {}
    exec(capsys.readouterr().out, space)
    assert space["product_grad"](2.0, 0.5) == pytest.approx((np.sin(0.5), 2.0 * np.cos(0.5)))


@pytest.mark.parametrize(
    "mode, name", [("forward", "product_jvp"), ("pullback", "product_reverse"), ("value", "product_value_and_grad")]
)
def test_show_modes(module, capsys, mode, name):
    assert main(["show", "springs:product", "--mode", mode]) == 0
    assert f"def {name}(" in capsys.readouterr().out


def test_show_for_a_signature(module, capsys):
    assert main(["show", "springs:energy", "--signature", "float64[n]"]) == 0
    assert "# energy_grad(x: float64[n1], k: float)" in capsys.readouterr().out


def test_a_signature_has_sums_and_products_of_lengths():
    given = examples("float64[4*h, d], float64[h], float64[d + h - 1]")
    (gates, d), (h,), (more,) = (x.shape for x in given)
    assert (gates, more) == (4 * h, d + h - 1)
    assert h != d


def test_check(module, capsys):
    assert main(["check", "springs:energy", "--at", "np.ones(3), 2.0", "--order", "2"]) == 0
    assert "agree" in capsys.readouterr().out
    assert main(["check", "springs:product"]) == 0
    assert main(["check", "springs:product", "--at", "LIMIT + 0.5, np.pi"]) == 0
    assert main(["check", "springs:kinked", "--at", "0.0"]) == 1
    assert "wrong" in capsys.readouterr().err


def test_a_text_for_any_types_that_needs_some_asks_for_a_signature(module, capsys):
    assert main(["show", "springs:ranked"]) == 1
    assert 'say theirs by --signature, as "float64[n, 3], float"' in capsys.readouterr().err
    assert main(["show", "springs:ranked", "--signature", "float64[n]"]) == 0


def test_graph(module, capsys, tmp_path):
    assert main(["graph", "springs:product", "--argnums", "0,1"]) == 0
    text = capsys.readouterr().out
    assert "computational graph" in text and "adjoint graph" in text
    assert "= np.sin(y)" in text and "_bar" in text
    assert main(["graph", "springs:product", "-o", "product.dot"]) == 0
    assert (tmp_path / "product.dot").read_text().startswith("digraph")


def test_generate_and_check(module, capsys, tmp_path):
    arguments = ["generate", "springs:product", "--argnums", "0,1", "--folder", "out"]
    assert main([*arguments, "--check"]) == 1
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    file = tmp_path / "out" / "product_grad.py"
    file.write_text(file.read_text() + "\n")
    assert main([*arguments, "--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_generate_refuses_two_targets_of_one_name(module, capsys):
    assert main(["generate", "springs:product", "springs:product", "--folder", "out"]) != 0
    assert "product_grad" in capsys.readouterr().err


def test_generate_from_pyproject(module, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.s2sad.generate]\nfolder = "made"\ntargets = [{ target = "springs:product", mode = "forward" }]\n'
    )
    assert main(["generate"]) == 0
    assert "def product_jvp(x, y, x_dot):" in (tmp_path / "made" / "product_jvp.py").read_text()


def test_generate_c(module, capsys, tmp_path):
    arguments = ["generate", "springs:energy", "--signature", "float64[n]", "--folder", "out", "--language", "c"]
    assert main([*arguments, "--check"]) == 1
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    text = (tmp_path / "out" / "energy_grad.c").read_text()
    assert "int energy_grad(const double *restrict x, int64_t x_n1, double k, double *restrict x_bar)" in text
    header = tmp_path / "out" / "energy_grad.h"
    assert "int energy_grad(const double *x, int64_t x_n1, double k, double *x_bar);" in header.read_text()
    header.unlink()
    assert main([*arguments, "--check"]) == 1
    assert "energy_grad.h is out of date" in capsys.readouterr().err


def test_a_length_of_the_signature_is_a_number_in_c(module, tmp_path):
    arguments = ["generate", "springs:energy", "--folder", "out", "--language", "c", "--signature"]
    assert main([*arguments, "float64[n, 3]"]) == 0
    text = (tmp_path / "out" / "energy_grad.c").read_text()
    assert "int energy_grad(const double *restrict x, int64_t x_n1, double k, double *restrict x_bar)" in text
    assert "< 3;" in text


def test_both_languages_from_pyproject(module, tmp_path):
    target = 'target = "springs:product", signature = "float, float"'
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.s2sad.generate]\nfolder = "made"\ntargets = [{{ {target} }}, {{ {target}, language = "c" }}]\n'
    )
    assert main(["generate"]) == 0
    assert {p.name for p in (tmp_path / "made").iterdir()} == {"product_grad.py", "product_grad.c", "product_grad.h"}


NO = [
    (["show", "springs:refused"], "generator"),
    (["check", "springs:product", "--at", "'a', 2.0"], "product at these arguments: "),
    (["check", "springs:product", "--at", "1.0, 2.0", "--order", "9"], "order is a number"),
    (["trace", "springs:matrix"], 'A float, x float; say their types by --signature, as "float64[n, 3], float"'),
    (["graph", "springs:matrix"], "taken for the arguments: A float, x float"),
    (["check", "springs:matrix"], "taken for the arguments: A float, x float"),
]
WRONG = [
    (["shwo", "springs:product"], "did you mean show?"),
    (["show", "springs:missing"], "no function"),
    (["show", "springs:prodct"], "did you mean product?"),
    (["show", "springs.py:LIMIT"], "that is 3"),
    (["show", "nowhere:f"], "cannot be imported"),
    (["show", "sprigns.py:f"], "there is no file sprigns.py, did you mean springs.py?"),
    (["show", "numpy.py:sin"], "there is no file numpy.py"),
    (["show", "notes.txt:f"], "notes.txt is no Python file"),
    (["show", "failing.py:f"], "failing.py:2: LIMIT / 0"),
    (["show", "malformed.py:f"], "malformed.py:1: def f(:"),
    (["show", "springs"], "module:function"),
    (["show", "springs:product", "--argnums", "7"], "argnums"),
    (["show", "springs:energy", "--argnums", "xs"], "has the parameters x, k"),
    (["show", "springs:product", "--argnums", "0,x"], "named twice"),
    (["show", "springs:product", "--mode", "revers"], "did you mean reverse?"),
    (["show", "springs:product", "--mode", "itself"], "product is no derivative"),
    (["show", "springs:product", "--signature", "quaternion, float"], "signature"),
    (
        ["show", "springs:product", "--signature", "float, float, float"],
        "3 arguments; product(x: float, y: float): ",
    ),
    (["show", "springs:product", "--signature", "float64[n"], "does not match opening parenthesis"),
    (["show", "springs:product", "--signature", "float64[n]"], "missing a required argument: 'y'"),
    (["trace", "springs:product", "--at", "1.0, 2.0, 3.0"], "too many positional arguments"),
    (["check", "springs:product", "--at", "1.0"], "missing a required argument: 'y'"),
    (["check", "springs:product", "--at", "1/0"], "ZeroDivisionError"),
    (["check", "springs:product", "--at", "1.0, ("], "SyntaxError"),
    (["check", "springs:product", "--at", "NOWHERE, 2.0"], 'in which np is NumPy, as "2.0, np.ones(3)"'),
    (["check", "springs:product", "--order", "x"], "--order: invalid int value"),
    (["graph", "springs:product", "-o", "nowhere/at/all.dot"], "there is no folder nowhere/at"),
    (["graph", "springs:product", "-o", "product.htm"], "the ending .htm is unknown; write a .svg, .png, .pdf or .dot"),
    (["graph", "springs:product", "-o", "product"], "the name has no ending"),
    (["generate"], "no target"),
    (["generate", "springs:product", "--folder", "springs.py"], "cannot be written"),
    (["generate", "springs:product", "--language", "c"], "give a signature"),
    (["cache", "--limit", "5TB"], "a number of modules, such as 200, or a size, such as 50MB"),
    (["cache", "--clear", "--info"], "not allowed with"),
    (["cache", "--older-than", "3"], "--clear"),
    ([], "the following arguments are required: command"),
]


@pytest.mark.parametrize("status, arguments, message", [(1, *c) for c in NO] + [(2, *c) for c in WRONG])
def test_what_is_wrong_is_told_without_a_traceback(module, capsys, tmp_path, status, arguments, message):
    (tmp_path / "failing.py").write_text("LIMIT = 3\nLIMIT / 0\n")
    (tmp_path / "malformed.py").write_text("def f(:\n")
    (tmp_path / "notes.txt").write_text("")
    try:
        found = main(arguments)
    except SystemExit as e:
        found = e.code
    told = capsys.readouterr()
    assert message in told.err and "error: " in told.err and "Traceback" not in told.err
    assert (found, told.out) == (status, "")


def test_tangents_are_those_of_defaults_too(module, capsys):
    assert main(["show", "springs:energy", "--at", "np.ones(3)", "--mode", "hvp"]) == 0
    assert "energy_hvp(x: float64[n1], k: float, x_dot: float64[n1])" in capsys.readouterr().out
    assert main(["graph", "springs:energy", "--at", "np.ones(3)", "--mode", "forward"]) == 0
    assert "x_dot" in capsys.readouterr().out


def test_a_fault_is_told_as_such(module, capsys, monkeypatch):
    monkeypatch.setattr("s2sad.trace", lambda *_: 1 // 0)
    monkeypatch.delenv("S2SAD_TRACEBACK", raising=False)
    assert main(["trace", "springs:product"]) == 1
    assert "ZeroDivisionError: integer division or modulo by zero" in (told := capsys.readouterr().err)
    assert "S2SAD_TRACEBACK=full" in told
    monkeypatch.setenv("S2SAD_TRACEBACK", "full")
    with pytest.raises(ZeroDivisionError):
        main(["trace", "springs:product"])


def test_the_version(capsys):
    with pytest.raises(SystemExit) as e:
        main(["--version"])
    assert e.value.code == 0
    assert capsys.readouterr().out.startswith(f"s2sad {s2sad.__version__} (Python {platform.python_version()}, NumPy ")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colours_on_a_terminal_that_wants_them(module, monkeypatch):
    pytest.importorskip("pygments")
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["show", "springs:product"]) == 0 and main(["show", "springs:prodct"]) == 2
    assert "\033[" in sys.stdout.getvalue()
    assert sys.stderr.getvalue().startswith("\033[1;31merror: \033[0msprings has no function prodct")


@pytest.mark.parametrize("variable, value", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_they_are_not_wanted(module, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert main(["show", "springs:product"]) == 0
    assert "def product_grad(" in sys.stdout.getvalue() and "\033[" not in sys.stdout.getvalue()


def test_signatures():
    # n is none of the lengths that stand there in numbers
    x, a, b, pair, n, text = examples("float, float32[n, 2], int64[n], (float, [float64[3]]), 5, 'text'")
    assert isinstance(x, float)
    assert a.shape == (4, 2) and a.dtype == np.float32
    assert b.shape == (4,) and b.dtype == np.int64
    assert isinstance(pair[0], float) and pair[1][0].shape == (3,)
    assert (n, text) == (5, "text")
    assert examples("float") == examples("float")


def test_as_a_program():
    command = [sys.executable, "-m", "s2sad", "trace", "examples/worked_function.py:L"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "v2 = w2 * v1" in done.stdout
