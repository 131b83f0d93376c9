"""What the examples draw with: figures of Matplotlib that are files, and graphs as SVG."""

import contextlib
import html
from pathlib import Path

BLUE, ORANGE = "#2f7fd6", "#d9700f"
"""The function, and its adjoint: what is given, and what is found."""


@contextlib.contextmanager
def figure(path, columns=1, size=(6.0, 4.0), **options):
    """The axes of a figure that is written to a file when it is done."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots(1, columns, figsize=size, layout="constrained", **options)
    yield axes
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=110)
    plt.close(drawn)
    print(f"picture: {path}")


ROW, LETTER, GAP = 64, 7.4, 56
"""Between two rows of nodes; the width of a letter; between two nodes of a row."""


def graph_svg(nodes, edges):
    """A graph of `(key, label, adjoint)` and `(source, target)`: the function downwards, beside it its adjoint upwards.

    A node stands below (the adjoint: above) all that it reads on its side, near the middle of these. What the adjoint
    reads of the function is a dashed line.
    """
    side = {key: adjoint for key, _, adjoint in nodes}
    reads = {key: [s for s, t in edges if t == key and side[s] == side[key]] for key in side}
    width = {key: LETTER * len(label) + 20 for key, label, _ in nodes}
    depth = {}
    for key in side:
        depth[key] = 1 + max((depth[s] for s in reads[key]), default=-1)
    rows = 1 + max(depth.values())
    row = {key: rows - 1 - d if side[key] else d for key, d in depth.items()}
    x = {}
    for adjoint in (False, True):
        for level in range(rows):
            _place([k for k in side if side[k] == adjoint and depth[k] == level], reads, width, x)
    of_function = [k for k in side if not side[k]]
    shift = max(x[k] + width[k] / 2 for k in of_function) - min(x[k] - width[k] / 2 for k in side if side[k]) + 2 * GAP
    for key in side:
        x[key] += shift if side[key] else 0.0
    left = min(x[k] - width[k] / 2 for k in side) - GAP
    right = max(x[k] + width[k] / 2 for k in side) + GAP
    at = {key: (x[key] - left, 40 + ROW * row[key]) for key in side}
    parts = [_edge(at[s], at[t], width[s], width[t], side[s], side[t]) for s, t in edges]
    parts += [_node(label, *at[key], width[key], adjoint) for key, label, adjoint in nodes]
    size = f'width="{right - left:.0f}" height="{ROW * rows + 16}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="12">\n{STYLE}' + (
        "\n".join(parts) + "\n</svg>\n"
    )


STYLE = (
    '<rect width="100%" height="100%" fill="white"/>\n<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
    'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>\n'
)


def _place(keys, reads, width, x):
    """Nodes of one row side by side, each as near to the middle of what it reads as the others let it."""
    wanted = {k: sum(x[s] for s in reads[k]) / len(reads[k]) if reads[k] else 0.0 for k in keys}
    keys = sorted(keys, key=wanted.get)
    end = None
    for k in keys:
        x[k] = wanted[k] if end is None else max(wanted[k], end + GAP + width[k] / 2)
        end = x[k] + width[k] / 2
    if keys:
        too_far = sum(x[k] - wanted[k] for k in keys) / len(keys)
        for k in keys:
            x[k] -= too_far


def _edge(start, end, start_width, end_width, from_adjoint, to_adjoint):
    (x1, y1), (x2, y2) = start, end
    if from_adjoint != to_adjoint:
        x1, x2 = x1 + start_width / 2, x2 - end_width / 2
        bend, dash = f"C{x1 + 30:.0f} {y1} {x2 - 30:.0f} {y2}", ' stroke-dasharray="4 3"'
    else:
        step = -13 if to_adjoint else 13
        y1, y2 = y1 + step, y2 - step
        bend, dash = f"C{x1:.0f} {y1 + 1.4 * step:.0f} {x2:.0f} {y2 - 1.4 * step:.0f}", ""
    path = f"M{x1:.0f} {y1} {bend} {x2:.0f} {y2}"
    return f'<path d="{path}" fill="none" stroke="#555"{dash} marker-end="url(#tip)"/>'


def _node(label, x, y, width, adjoint):
    colour, fill = (ORANGE, "#fdf1e4") if adjoint else (BLUE, "#eaf3fc")
    box = f'<rect x="{x - width / 2:.0f}" y="{y - 13}" width="{width:.0f}" height="26" rx="5"'
    text = f'<text x="{x:.0f}" y="{y + 4}" text-anchor="middle">{html.escape(label)}</text>'
    return f'{box} fill="{fill}" stroke="{colour}"/>{text}'
