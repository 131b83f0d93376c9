"""`s2sad graph`: a drawing of a function and of its derivative."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from s2sad.cli.command import Command, WrongUse
from s2sad.cli.targets import add_target, arguments_of, guessing, read_target, with_tangents
from s2sad.view.graph import CARRIED, KEPT, OPERATION, READS, Frame, Graph, graph_of

TEXTS = (".dot", ".gv")
"""The endings of files of the language of Graphviz."""
BOXES = (OPERATION, KEPT)
"""The nodes that are drawn as boxes."""
EDGES = {
    READS: {},
    KEPT: {"style": "dashed"},
    CARRIED: {"style": "dotted", "constraint": "false"},
}
"""How edges are drawn."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_target(parser)
    parser.add_argument("-o", "--output", help="a .dot, .svg, .png or .pdf file; standard output otherwise")


def run(options: argparse.Namespace) -> int:
    """Draw the computational graph and the adjoint graph."""
    try:
        import graphviz
    except ImportError:
        raise WrongUse("graph needs the package graphviz: pip install s2sad[graph]") from None
    path = None if options.output is None else _path(options.output, graphviz.FORMATS)
    target = read_target(options)
    with guessing(target):
        derivative = target.derivative()
        arguments = with_tangents(arguments_of(target), derivative)
        found = graph_of(derivative.lower(*arguments).lines)
    drawing = graphviz.Digraph(derivative.__name__, node_attr={"fontname": "monospace", "fontsize": "10"})
    for frame in found.frames.values():
        if frame.parent is None:
            _draw_frame(drawing, found, frame)
    for edge in found.edges:
        drawing.edge(edge.source, edge.target, **EDGES[edge.kind])
    if path is None:
        print(drawing.source, end="")
        return 0
    try:
        if path.suffix in TEXTS:
            path.write_text(drawing.source, encoding="utf-8")
        else:
            path.write_bytes(drawing.pipe(format=path.suffix[1:]))
    except (OSError, ValueError) as e:
        raise WrongUse(f"-o {options.output}: {e}") from None
    except graphviz.ExecutableNotFound:
        raise WrongUse("the program dot of Graphviz is needed to draw; install it, or write a .dot file") from None
    return 0


def _draw_frame(drawing: Any, found: Graph, frame: Frame) -> None:
    """A function, a loop or one side of a branch as a box with what is in it, the adjoint sweep apart."""
    nodes = [n for n in found.nodes.values() if n.frame == frame.key]
    inner = [f for f in found.frames.values() if f.parent == frame.key]
    has_sweeps = frame.parent is None and any(n.adjoint for n in nodes) and not all(n.adjoint for n in nodes)
    with drawing.subgraph(name=f"cluster_{frame.key}") as part:
        part.attr(label=frame.label, color="gray")
        sweeps = ((False, "computational graph"), (True, "adjoint graph")) if has_sweeps else ((None, ""),)
        for adjoint, label in sweeps:
            with part.subgraph(name=f"cluster_{frame.key}{label[:1]}") as sweep:
                sweep.attr(label=label, color="steelblue" if adjoint else "gray" if has_sweeps else "transparent")
                for node in nodes:
                    if adjoint is None or node.adjoint == adjoint:
                        sweep.node(node.key, node.label, shape="box" if node.role in BOXES else "ellipse")
                for f in inner:
                    if adjoint is None or f.adjoint == adjoint:
                        _draw_frame(sweep, found, f)


def _path(text: str, formats: Iterable[str]) -> Path:
    """The file to write, of which the ending says what it is to be."""
    path = Path(text)
    if path.suffix not in TEXTS and path.suffix[1:] not in formats:
        ending = f"the ending {path.suffix} is unknown" if path.suffix else "the name has no ending"
        raise WrongUse(f"-o {text}: {ending}; write a .svg, .png, .pdf or .dot file")
    if not path.parent.is_dir():
        raise WrongUse(f"-o {text}: there is no folder {path.parent}")
    return path


COMMAND = Command("graph", "draw the computational graph, and the adjoint graph beside it", add_options, run)
