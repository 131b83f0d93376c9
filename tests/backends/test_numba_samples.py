"""Every loop rule at a sample of its primitive, for numbers of several dtypes: numba compiles the text, Python runs it.

Both give what the function gives. Left out is what a library computes, and what the rules of types refuse.
"""

import math
import warnings
from functools import partial

import numpy as np
import pytest

pytest.importorskip("numba")

import numba

from s2sad.backends.numba.spelling import NumbaSpelling
from s2sad.emit.flat import emit_flat
from s2sad.errors import Unsupported
from s2sad.ir.primitive import PRIMITIVES
from s2sad.ir.primitives.memory import is_of_library
from s2sad.ir.signature import Signature
from s2sad.ir.values import applied_in, walk
from s2sad.loops import to_loops
from tests.loops.programs import function_of, leaves, run
from tests.loops.test_rules import KINDS, NAMES, NO_INTEGERS, _changed, agree
from tests.rules.evaluate import ABSTRACTIONS
from tests.rules.test_sweep import cases, number

KINDS = {"float64": (lambda v: v, 1e-9)} | KINDS


def compiled(made, text):
    """The function of a text, compiled with its helpers."""
    space = {"math": math, "np": np}
    exec(text, space)
    own = {k: numba.njit(f, error_model="numpy") for k, f in space.items() if getattr(f, "__globals__", None) is space}
    space.update(own)
    return own[made.name]


def is_of_scipy(name):
    """Whether a primitive is SciPy's, or a helper of SciPy's rules, which numba does not compile."""
    return name.startswith("scipy.") or PRIMITIVES[name].function.__module__.startswith("s2sad.rules.scipy")


OWN = [n for n in NAMES if not n.startswith("np.fft.") and not is_of_scipy(n)]
UNKNOWN = {
    *("np.float16", "np.heaviside", "np.i0", "np.frexp", "np.modf", "bessel_i"),
    *(f"math.{n}" for n in ("comb", "factorial", "fsum", "hypot", "isclose", "isqrt", "lcm", "prod", "remainder")),
}
"""What numba does not have, beside comparisons of complex numbers."""


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for k in KINDS for n in OWN if k != "integers" or n not in NO_INTEGERS]
)
@pytest.mark.filterwarnings("ignore")
def test_samples(name, kind):
    primitive, (change, accuracy) = PRIMITIVES[name], KINDS[kind]
    for case in cases(primitive):
        operands = tuple(_changed(list(case.operands), change))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted = case.result if kind == "float64" else number(primitive, operands, case.static)
            function, arguments = function_of(
                primitive, operands, case.static, partial(ABSTRACTIONS["symbolic"], Signature())
            )
            (made,) = to_loops({"f": function}, "f", lambda length: False, blocks=False)
        except (Unsupported, TypeError, ValueError, ArithmeticError, np.linalg.LinAlgError):
            continue
        if any(map(is_of_library, applied_in(walk(made.body)))):
            continue
        text = emit_flat([], [made], NumbaSpelling()).text
        what = f"{name} of {operands} {case.static}\n{text}"
        agree(run((made, text), arguments), wanted, accuracy, what)
        try:
            found = compiled(made, text)(*arguments)
        except (numba.core.errors.NumbaError, NotImplementedError):
            assert name in UNKNOWN or kind == "complex", what
            break
        # of other numbers numba makes numbers of Python's, which the boundary makes those of NumPy again
        pairs = zip(leaves(found), leaves(wanted), strict=True)
        agree([type(b)(a) if isinstance(b, np.generic) else a for a, b in pairs], wanted, accuracy, what)
        break
