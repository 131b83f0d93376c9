"""The worked function of the tutorials: its trace, both derivative programs, the hand calculation, both graphs.

python -m examples.worked_function [picture.svg]
"""

import sys
from pathlib import Path

import numpy as np

import s2sad
from examples.pictures import graph_svg
from s2sad.view.graph import graph_of


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


def draw(path):
    """The computational graph, and the adjoint graph beside it."""
    graph = graph_of(s2sad.grad(L, argnums=(0, 1)).lower(2.0, 3.0).lines)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    nodes = [(n.key, n.label, n.adjoint) for n in graph.nodes.values()]
    Path(path).write_text(graph_svg(nodes, [(e.source, e.target) for e in graph.edges]), encoding="utf-8")
    print(f"picture: {path}")


def main(picture=None):
    w1, w2 = 2.0, 3.0
    gradient = s2sad.grad(L, argnums=(0, 1))
    print("The evaluation trace:", s2sad.trace(L, w1, w2), sep="\n\n", end="\n\n")
    print("The derivative program in reverse mode:", gradient.lower(w1, w2).source, sep="\n\n")
    value, slope = s2sad.jvp(L, (w1, w2), (1.0, 0.0))
    for name, numbers in (
        ("gradient of L at (2, 3)", gradient(w1, w2)),
        ("by hand", by_hand(w1, w2)),
        ("L and its slope along w1", (value, slope)),
    ):
        print(f"{name:26s}", *(f"{x:.12f}" for x in numbers))
    if picture:
        draw(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
