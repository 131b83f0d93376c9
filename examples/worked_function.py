"""The worked function of the tutorials: its trace, both derivative programs, the hand calculation, both graphs.

python -m examples.worked_function
"""

import shutil
from pathlib import Path

import numpy as np

import s2sad
from s2sad.cli import main as command_line


def L(w1: float, w2: float):
    return w2 * np.log(w1) + np.sqrt(w2 * np.log(w1))


def by_hand(w1, w2):
    """The gradient as the chain rule gives it on paper."""
    v1 = np.log(w1)
    v2 = w2 * v1
    v3 = np.sqrt(v2)
    v2_bar = 1.0 + 0.5 / v3
    w2_bar = v2_bar * v1
    v1_bar = v2_bar * w2
    w1_bar = v1_bar / w1
    return w1_bar, w2_bar


def draw(folder="output"):
    """The computational graph and the adjoint graph: as DOT, and as a picture where Graphviz is installed."""
    Path(folder).mkdir(exist_ok=True)
    names = [f"{folder}/L.dot", *([f"{folder}/L.svg"] if shutil.which("dot") else [])]
    for name in names:
        command_line(["graph", "examples.worked_function:L", "--argnums", "0,1", "-o", name])
    return names


def main():
    w1, w2 = 2.0, 3.0
    gradient = s2sad.grad(L, argnums=(0, 1))
    print("The evaluation trace:", s2sad.trace(L, w1, w2), sep="\n\n", end="\n\n")
    print("The derivative program in reverse mode:", gradient.lower(w1, w2).source, sep="\n\n")
    print("gradient of L at (2, 3)  ", gradient(w1, w2))
    print("by hand                  ", by_hand(w1, w2))
    value, slope = s2sad.jvp(L, (w1, w2), (1.0, 0.0))
    print("L and its slope along w1 ", (value, slope))
    for picture in draw():
        print("graphs                   ", picture)


if __name__ == "__main__":
    main()
