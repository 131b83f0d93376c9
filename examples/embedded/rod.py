"""How well a rod conducts, from its temperatures: the misfit and its gradient as C, called from C and from Fortran.

The rod is heated at one end. `python -m examples.embedded.rod` compiles the C that s2sad wrote into generated/ with
two small programs, and compares what they print with the derivative in Python.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import s2sad

HERE = Path(__file__).parent
GENERATED = HERE.parents[1] / "generated"
COMPILERS = {"main.c": ["cc", "-std=c99"], "main.f90": ["gfortran"]}


def rod_misfit(conductivity, start, measured, dt, steps):
    """The squared distance between the temperatures after some steps and those measured."""
    u = start.copy()
    for _ in range(steps):
        flow = conductivity[:-1] * (u[1:] - u[:-1])
        u[:-1] += dt * flow
        u[1:] -= dt * flow
        u[0] = 1.0
    return np.sum((u - measured) ** 2)


def arguments(n=12):
    """A rod that was cold, and what was measured: the programs in C and in Fortran make the same."""
    k = np.arange(n)
    return 1.0 + 0.05 * k, np.zeros(n), 1.0 / (1.0 + k), 0.2, 40


def printed_by(program):
    """The numbers that a program prints, compiled with the generated C; None where there is no such compiler."""
    command = COMPILERS[program]
    if shutil.which(command[0]) is None or shutil.which("cc") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        kernel, executable = Path(folder, "kernel.o"), Path(folder, "main")
        source = GENERATED / "rod_misfit_value_and_grad.c"
        subprocess.run(["cc", "-std=c99", "-O2", "-c", source, "-o", kernel], check=True)
        rest = [f"-I{GENERATED}", HERE / program, kernel, "-o", executable, "-lm"]
        subprocess.run([*command, *rest], check=True, cwd=folder)
        found = subprocess.run([executable], check=True, capture_output=True, text=True)
    return np.array([float(word) for word in found.stdout.split()])


def expected():
    """The value and the gradient in Python."""
    value, gradient = s2sad.value_and_grad(rod_misfit)(*arguments())
    return np.array([value, *gradient])


if __name__ == "__main__":
    for program in COMPILERS:
        found = printed_by(program)
        if found is None:
            print(f"{program}: there is no {COMPILERS[program][0]}")
        else:
            print(f"{program}: differs by {np.max(np.abs(found - expected())):.1e} from NumPy")
