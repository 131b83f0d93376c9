"""The data of a small derivative, written by hand: what the page is given, in all its forms."""

SOURCE = ["def power(x, n):", "    y = np.sqrt(x)", "    for i in range(n):", "        y = y * x", "    return y"]

TEXT = """\
import numpy as np


def power_grad(x, n):
    # evaluation trace
    y = np.sqrt(x)
    ys = np.empty(n)
    y_2 = y
    for i in range(n):
        ys[i] = y_2
        y_2 = y_2 * x
    # adjoint sweep
    x_bar, y_bar = 0.0, 1.0
    for i in reversed(range(n)):
        # y = y * x
        x_bar += y_bar * ys[i]
        y_bar = y_bar * x
    x_bar += y_bar * 0.5 / y  # "</script> & <b>"
    return x_bar
"""


def number(text, bad=None):
    return {"text": text, "shape": [], "bad": bad}


def line(key, k, text, sweep="other", source=None, **more):
    """A line; what is not said of it is not known."""
    known = {"partners": [], "makes": [], "reads": [], "of": {}, "active": True}
    known |= dict.fromkeys(["type", "value", "kept", "time", "why", "rule"])
    place = source and {"in": 0, "line": source, "to": source}
    return {"id": f"{key}{k}", "number": k, "text": text, "sweep": sweep, "source": place} | known | more


def rule(name, formula):
    return {"name": name, "formula": formula, "mode": "reverse", "source": "Griewank & Walther, table 3.1"}


BARS = {"x_bar": "x", "y_bar": "y", "y_2": "y"}
FACTS = {
    6: dict(sweep="primal", source=12, makes=["y"], reads=["x"], type="float64", value=number("1.41")),
    7: dict(sweep="primal", makes=["ys"], reads=["n"], type="float64[n]", kept=24, active=False, why="only memory"),
    8: dict(sweep="primal", source=12, makes=["y_2"], reads=["y"], type="float64"),
    9: dict(sweep="primal", source=13, makes=["i"], reads=["n"]),
    10: dict(sweep="primal", source=14, makes=["ys"], reads=["y_2"], kept=24),
    11: dict(
        sweep="primal", source=14, makes=["y_2"], reads=["y_2", "x"], type="float64", value=number("5.66"), time=0.25
    ),
    13: dict(sweep="adjoint", makes=["x_bar", "y_bar"]),
    14: dict(sweep="adjoint", source=13, makes=["i"]),
    15: dict(sweep="adjoint", source=14),
    16: dict(
        sweep="adjoint",
        source=14,
        makes=["x_bar"],
        reads=["y_bar", "ys"],
        value=number("3.1"),
        time=0.5,
        rule=rule("*", "a_bar += y_bar * b"),
    ),
    17: dict(sweep="adjoint", source=14, makes=["y_bar"], reads=["y_bar", "x"], value=number("2.8")),
    18: dict(
        sweep="adjoint",
        source=12,
        makes=["x_bar"],
        reads=["y_bar", "y"],
        value=number("nan", "nan"),
        rule=rule("np.sqrt", "x_bar += y_bar * 0.5 / y"),
    ),
    19: dict(reads=["x_bar"], value=number("nan", "nan")),
}
LOOPS = [
    {"id": "r9", "kind": "loop", "label": "for i in range(n)", "within": None, "count": 3, "back": None},
    {"id": "r14", "kind": "loop", "label": "for i in reversed(range(n))", "within": None, "count": 3, "back": "r9"},
]
LOOPS = [loop | {"at": [0, 1, 2]} for loop in LOOPS]
LOOPS[0]["says"], LOOPS[1]["says"] = (["i = 0", "i = 1", "i = 2"], ["i = 2", "i = 1", "i = 0"])
FACTS[11]["values"] = {"loop": "r9", "text": ["2.83", "4", "5.66"], "bad": [None, None, None]}
FACTS[16]["values"] = {"loop": "r14", "text": ["3.1", "3.2", None]}
FACTS[17]["values"] = {"loop": "r14", "text": ["2.8", "2.9", "3"]}
V1 = dict(makes=["v1"], reads=["x"], type="float64", value=number("1.41"))
V2 = dict(makes=["v2"], reads=["v1", "x"], values=FACTS[11]["values"], value=number("5.66"))
TRACE = [
    line("t", 1, "v1 = np.sqrt(x)", "primal", 12, partners=["r6", "r18"], of={"v1": "y"}, **V1),
    line("t", 2, "for i in range(n):", "primal", 13, partners=["r9", "r14"], makes=["i"], reads=["n"]),
    line("t", 3, "    v2 = v1 * x", "primal", 14, partners=["r11", "r16", "r17"], of={"v1": "y", "v2": "y"}, **V2),
]


def lines(key):
    return [line(key, k, text, of=BARS, **FACTS.get(k, {})) for k, text in enumerate(TEXT.split("\n")[:-1], 1)]


def node(key, label, role="operation", **more):
    """A node; what is not said of it is as with most."""
    known = {"type": "float64", "frame": None, "adjoint": False, "active": True, "lines": [], "of": key}
    return {"id": key, "label": label, "role": role} | known | more


GRAPH = {
    "frames": [
        {"id": "there", "label": "for i in range(n)", "parent": None, "kind": "loop", "lines": ["t2", "r9"]},
        {"id": "back", "label": "for i in reversed(range(n))", "parent": None, "kind": "loop", "lines": ["r14"]},
    ],
    "nodes": [
        node("x", "x", "argument"),
        node("n", "n", "argument", active=False),
        node("y", "y = np.sqrt(x)", lines=["t1", "r6"]),
        node("y_2", "y_2 = y_2 * x", frame="there", lines=["t3", "r11"], of="y"),
        node("x_bar", "x_bar += y_bar * ys[i]", frame="back", adjoint=True, lines=["r16"], of="x"),
        node("y_bar", "y_bar = y_bar * x", frame="back", adjoint=True, lines=["r17"], of="y"),
        node("result", "x_bar += y_bar * 0.5 / y", "result", adjoint=True, lines=["r18"], of="x"),
    ],
    "edges": [
        {"from": a, "to": b, "kind": kind}
        for a, b, kind in [
            ("x", "y", "reads"),
            ("y", "y_2", "reads"),
            ("x", "y_2", "reads"),
            ("y_2", "y_2", "carried"),
            ("y_2", "x_bar", "kept"),
            ("x_bar", "result", "reads"),
            ("y_bar", "result", "reads"),
            ("y", "result", "kept"),
        ]
    ],
}
DATA = {
    "title": "power_grad",
    "function": "power",
    "about": "gradient of power by x",
    "version": "0",
    "arguments": [
        {"name": "x", "type": "float64", "value": number("2.0")},
        {"name": "n", "type": "int", "value": number("2")},
    ],
    "sources": [{"file": "power.py", "name": "power", "first": 11, "lines": SOURCE}],
    "trace": TRACE,
    "tabs": [
        {"key": "reverse", "title": "Gradient", "lines": lines("r"), "text": TEXT, "loops": LOOPS},
        {"key": "forward", "title": "Forward", "lines": lines("f"), "text": TEXT.replace("bar", "dot")},
        {"key": "c", "title": "C", "reason": "C is for arguments of known types"},
    ],
    "graph": GRAPH,
    "checked": {"ok": True, "text": "the largest difference is 3e-11"},
}
