"""A process of its own: takes derivatives of the functions of many packages, and prints what they are.

python -m tests.dependencies.runner folder backend package ...
"""

import json
import sys
from pathlib import Path

import s2sad
from tests.dependencies.changing import X, afresh, close, compilations, difference, import_package, outcome


def result(derivative, module, texts):
    """What a derivative is, what it should be, what had to be compiled; if it is wrong, what it is if made afresh."""
    given = getattr(module, "given", ())
    expected = difference(module.f, X, *given)
    with compilations() as compiled:
        found = outcome(derivative, X, *given)
    return found, expected, len(compiled), None if close(found, expected) or not texts else afresh(texts)


def results(folder, package, backend):
    """That of a package; where it is native code, also with another value in the same process."""
    texts = {p.stem: p.read_text() for p in (folder / package).glob("*.py")}
    module = import_package(folder, package, {})
    derivative = s2sad.grad(module.f, backend=backend)
    yield package, result(derivative, module, lambda p: {n: t.replace(package, p) for n, t in texts.items()})
    if backend == "numba":
        module.put(module.first())
        yield f"{package} replaced", result(derivative, module, None)


if __name__ == "__main__":
    where, native, *packages = sys.argv[1:]
    print(json.dumps({k: v for p in packages for k, v in results(Path(where), p, native or None)}))
