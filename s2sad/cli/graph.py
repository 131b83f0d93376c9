"""`s2sad graph`: a drawing of a function and of its derivative."""

from __future__ import annotations

import argparse
from pathlib import Path

from s2sad.cli.command import Command
from s2sad.cli.targets import add_target, arguments_of, read_target
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.emit.graph import graph_of
from s2sad.errors import ArgumentError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_target(parser)
    parser.add_argument("-o", "--output", help="a .dot, .svg, .png or .pdf file; standard output otherwise")


def run(options: argparse.Namespace) -> int:
    """Draw the computational graph and the adjoint graph."""
    try:
        import graphviz
    except ImportError:
        raise ArgumentError("graph needs the package graphviz: pip install s2sad[graph]") from None
    target = read_target(options)
    derivative = Derivative(target.derivative(), Transform("primal"))
    found = graph_of(derivative.primal(arguments_of(target), {}))
    drawing = graphviz.Digraph(found.name, node_attr={"fontname": "monospace", "fontsize": "10"})
    for adjoint, label in ((False, "computational graph"), (True, "adjoint graph")):
        with drawing.subgraph(name=f"cluster_{label.split()[0]}") as part:
            part.attr(label=label, color="steelblue" if adjoint else "gray")
            for node in found.nodes:
                if node.adjoint == adjoint:
                    part.node(node.key, node.label, shape=node.shape)
    for edge in found.edges:
        drawing.edge(*edge)
    if options.output is None:
        print(drawing.source, end="")
        return 0
    path = Path(options.output)
    try:
        if path.suffix in (".dot", ".gv"):
            path.write_text(drawing.source, encoding="utf-8")
        else:
            path.write_bytes(drawing.pipe(format=path.suffix[1:]))
    except (OSError, ValueError) as e:
        raise ArgumentError(f"-o {options.output}: {e}") from None
    except graphviz.ExecutableNotFound:
        raise ArgumentError("the program dot of Graphviz is needed to draw; install it, or write a .dot file") from None
    return 0


COMMAND = Command("graph", "draw the computational graph, and the adjoint graph beside it", add_options, run)
