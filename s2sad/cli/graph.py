"""`s2sad graph`: a drawing of a function and of its derivative."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from s2sad.cli.command import Command, WrongUse
from s2sad.cli.targets import add_target, arguments_of, guessing, read_target, with_tangents
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.emit.graph import graph_of

TEXTS = (".dot", ".gv")
"""The endings of files of the language of Graphviz."""


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
        found = graph_of(Derivative(derivative, Transform("primal")).primal(arguments, {}))
    drawing = graphviz.Digraph(found.name, node_attr={"fontname": "monospace", "fontsize": "10"})
    for adjoint, label in ((False, "computational graph"), (True, "adjoint graph")):
        with drawing.subgraph(name=f"cluster_{label.split()[0]}") as part:
            part.attr(label=label, color="steelblue" if adjoint else "gray")
            for node in found.nodes:
                if node.adjoint == adjoint:
                    part.node(node.key, node.label, shape=node.shape)
    for edge in found.edges:
        drawing.edge(*edge)
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
