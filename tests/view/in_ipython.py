"""Cells as people write them, run in the shell of IPython; what each shows, as JSON."""

import json
import os
import sys
from pathlib import Path


def run_all(folder):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    shell.colors = "NoColor"
    saved = 1e9
    tracebacks = []

    def cell(text):
        with capture_output() as printed:
            result = shell.run_cell(text, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        tracebacks.append(printed.stdout if error is not None else "")
        notes = "\n".join(getattr(error, "__notes__", ()))
        return repr(result.result) if error is None else f"{type(error).__name__}: {error}\n{notes}"

    def asked(name, detail=0):
        found = shell.inspector._get_info(shell.user_ns[name], name, detail_level=detail)
        return found["text/plain"]

    def save(text):
        nonlocal saved
        saved += 10.0
        path = Path(folder, "springs_of_a_notebook.py")
        path.write_text(text)
        os.utime(path, (saved, saved))

    shell.push({"asked": asked})
    sys.path.insert(0, folder)
    first, *edits = VERSIONS
    save(first)
    found = {"first": cell(FIRST)}
    for k, text in enumerate(edits, 1):
        save(text)
        found[f"edit {k}"] = cell(AGAIN)
        found[f"differences {k}"] = cell(DIFFERENCES)
    found |= {name: cell(text) for name, text in CELLS.items()}
    cell(CELLS["an error"])
    return found | {"traceback": tracebacks[-1]}


SPRING = "class Spring:\n    k = 3.0\n    def energy(self, x):\n        return self.k * x * x\n"
VERSIONS = [
    "K = 1.0\ndef pull(x):\n    return x\ndef energy(x):\n    return pull(x) * x * K\n" + SPRING,
    "K = 1.0\ndef pull(x):\n    return x\ndef energy(x):\n    return pull(x) * x * x * K\n" + SPRING,
    "K = 1.0\ndef pull(x):\n    return x * x\ndef energy(x):\n    return pull(x) * x * x * K\n" + SPRING,
    "K = 1.0\ndef pull(x):\n    return x * x\ndef energy(x):\n    return pull(x)\n" + SPRING.replace("x * x", "x"),
    "# moved\n\nK = 2.0\ndef pull(x):\n    return x * x\ndef energy(x, n=1):\n    return pull(x) * K * n\n" + SPRING,
]
FIRST = """%load_ext autoreload
%autoreload 2
import numpy as np
import s2sad, springs_of_a_notebook
from springs_of_a_notebook import Spring, energy
method = Spring().energy
force, slope = s2sad.grad(energy), s2sad.grad(method)
force(3.0), slope(3.0), s2sad.grad(springs_of_a_notebook.energy)(3.0)"""
AGAIN = "force(3.0), s2sad.grad(energy)(3.0), s2sad.grad(springs_of_a_notebook.energy)(3.0)"
DIFFERENCES = """now = springs_of_a_notebook.energy
found = [force(3.0), slope(3.0), s2sad.grad(now)(3.0), s2sad.grad(Spring().energy)(3.0)]
functions = [energy, method, now, Spring().energy]
np.allclose(found, [(f(3.0 + 1e-4) - f(3.0 - 1e-4)) / 2e-4 for f in functions], rtol=1e-6)"""
CELLS = {
    "lambda": "s2sad.grad(lambda x: x * x)(3.0)",
    "global": "c = 2.0\ndef q(x):\n    return c * x * x\ndq = s2sad.grad(q)\ndq(1.0)",
    "global changed": "c = 5.0\ndq(1.0)",
    "redefined": "def q(x):\n    return x**5\ndq(1.0), s2sad.grad(q)(1.0)",
    "helper": "def h(x):\n    return x * x\ndef r(x):\n    return h(x)\ndr = s2sad.grad(r)\ndr(1.0)",
    "helper redefined": "def h(x):\n    return x**3\ndr(1.0)",
    "class": "class A:\n    k = 2.0\n    @s2sad.grad(argnums='x')\n    def m(self, x):\n        return self.k * x * x\n"
    "A().m(2.0)",
    "class again": "class A:\n    k = 3.0\n    @s2sad.grad(argnums=1)\n    def m(self, x):\n        return self.k * x\n"
    "A().m(2.0)",
    "%%time of a lambda": "%%time\ns2sad.grad(lambda x: x**3)(2.0)",
    "%%time": "%%time\ndef timed(x):\n    y = c * x\n    return y * x\ndt = s2sad.grad(timed)\ndt(2.0)",
    "%time": "%time s2sad.grad(lambda x: x**4)(2.0)",
    "%%timeit": "%%timeit -n 2 -r 1\ng = lambda x: c * x**5\nassert s2sad.grad(g)(1.0) == 25.0",
    "%timeit": "%timeit -n 2 -r 1 s2sad.grad(lambda x: c * x**6)(2.0)",
    "%%capture": "%%capture out\ndef kept(x):\n    return x * 7.0\nslope_of_kept = s2sad.grad(kept)(1.0)",
    "after it": "slope_of_kept",
    "exec": "exec('made = lambda x: x * 2.0')\ns2sad.grad(made)(1.0)",
    "an error": "def bad(x):\n    y = np.sinn(x)\n    return y\ns2sad.grad(bad)(1.0)",
    "at run time": "def singular(x):\n    return np.sum(np.linalg.inv(x))\ns2sad.grad(singular)(np.zeros((2, 2)))",
    "a magic": "def magic(x):\n    %timeit -n 1 1 + 1\n    return x\ns2sad.grad(magic)(1.0)",
    "a command": "def listed(x):\n    files = !ls\n    return x\ns2sad.grad(listed)(1.0)",
    "dq?": "asked('dq')",
    "dq??": "asked('dq', 1)",
    "pull?": "value, pull = s2sad.vjp(q, 1.0)\nasked('pull')",
    "a method?": "slope_of_a = A().m\nasked('slope_of_a', 1)",
    "many??": "many = s2sad.vmap(s2sad.grad(q))\nasked('many', 1)",
    "mended": "def bad(x):\n    y = np.sin(x)\n    return y\ns2sad.grad(bad)(0.0)",
    "where": "dq._repr_mimebundle_()['text/plain']",
    "stale": "dr._repr_mimebundle_()['text/plain'].count('x: float')",
}

if __name__ == "__main__":
    print(json.dumps(run_all(sys.argv[1])))
