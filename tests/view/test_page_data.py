"""The data of a page: partners by operation, rules with formulas, the graph; complete, and plain JSON."""

import json

import numpy as np
import pytest

import s2sad
from s2sad.dispatch.exploring import explored
from tests.view.programs import PROGRAMS, growth, product, stored

CACHE = {}


def data_of(name):
    if name not in CACHE:
        function, arguments = PROGRAMS[name]
        CACHE[name] = explored(s2sad.grad(function), arguments, {})
    return CACHE[name]


def by_text(lines, text):
    return next(line for line in lines if line["text"].strip() == text)


def kept_slopes(y, p, n):
    for _ in range(n):
        k1 = growth(y, p)
        k2 = growth(y + 0.1 * k1, p)
        y = y + k1 * k2
    return np.sum(y)


LINE = {
    *("id", "number", "text", "sweep", "source", "partners", "makes", "reads", "of", "type", "value", "kept", "time"),
    *("active", "why", "rule", "values"),
}


def long_way(x, n):
    """A way of 4 n steps, in two loops."""
    y = 0.1
    for i in range(n):
        for k in range(4):
            y = np.sin(y + x * k) + i
    return y


@pytest.mark.parametrize("name", PROGRAMS)
def test_data_is_plain_and_closed(name):
    """Each identity that is named somewhere is that of a line, a node or a frame."""
    data = json.loads(json.dumps(data_of(name)))
    tabs = {tab["key"]: tab for tab in data["tabs"]}
    assert list(tabs) == ["reverse", "forward", "hvp", "native", "c"]
    lines = [*data["trace"], *(line for tab in data["tabs"] for line in tab["lines"])]
    assert all(set(line) == LINE for line in lines)
    ids = [line["id"] for line in lines]
    assert len(set(ids)) == len(ids)
    assert {p for line in lines for p in line["partners"]} <= set(ids)
    for tab in data["tabs"]:
        assert "\n".join(line["text"] for line in tab["lines"]) == tab["text"].rstrip("\n") or tab.get("reason")
    for line in lines:
        if line["source"] is not None:
            source = data["sources"][line["source"]["in"]]
            assert source["first"] <= line["source"]["line"] < source["first"] + len(source["lines"])
    graph = data["graph"]
    nodes, frames = {n["id"] for n in graph["nodes"]}, {f["id"] for f in graph["frames"]}
    assert {x for n in graph["nodes"] for x in n["lines"]} <= set(ids)
    assert {n["frame"] for n in graph["nodes"]} <= frames
    assert {f["parent"] for f in graph["frames"]} <= {*frames, None}
    assert {x for e in graph["edges"] for x in (e["from"], e["to"])} <= nodes
    assert {e["kind"] for e in graph["edges"]} <= {"reads", "kept", "carried"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_partners_are_so_both_ways(name):
    data = data_of(name)
    lines = {line["id"]: line for line in [*data["trace"], *(line for t in data["tabs"] for line in t["lines"])]}
    for line in lines.values():
        for p in line["partners"]:
            assert line["id"] in lines[p]["partners"], (line["text"], lines[p]["text"])


def test_partners_are_of_one_operation_not_of_one_line():
    """`x[1:]` and `x[:-1]` stand in one statement, and each has its own adjoint."""
    data = data_of("stored")
    trace, reverse = data["trace"], data["tabs"][0]["lines"]
    first, second = by_text(trace, "x_part = x_2[1:]"), by_text(trace, "x_part_2 = x_2[:-1]")
    of_first = by_text(reverse, "x_bar[1:] += x_prod_bar * x_part_2")
    of_second = by_text(reverse, "x_bar[:-1] += x_prod_bar * x_part")
    assert of_first["id"] in first["partners"] and of_second["id"] not in first["partners"]
    assert of_second["id"] in second["partners"] and of_first["id"] not in second["partners"]


def test_what_an_adjoint_reads_of_a_loop_is_no_partner_of_its_own():
    """Each call's adjoint belongs to that call alone; the loop's lines come from its head."""
    data = explored(s2sad.grad(kept_slopes), (np.array([2.0, 1.0]), np.full(4, 0.5), 3), {}, run=False)
    calls = [line for line in data["trace"] if "growth(" in line["text"] and "=" in line["text"]]
    back = [line for line in data["tabs"][0]["lines"] if "growth_reverse(" in line["text"] and "=" in line["text"]]
    assert len(calls) == len(back) == 2
    found = [[c["text"].strip()[:2] for c in calls if c["id"] in line["partners"]] for line in back]
    assert found == [["k2"], ["k1"]]
    loops = [line for line in data["tabs"][0]["lines"] if line["text"].strip().startswith("for ")]
    assert all(line["source"]["line"] == line["source"]["to"] for line in loops)


def test_rules_are_rows_of_the_book():
    data = data_of("product")
    adjoint = by_text(data["tabs"][0]["lines"], "y_bar = 1.0 + 0.5 / v1")
    assert adjoint["rule"] == {
        "name": "np.sqrt",
        "formula": "x_bar += y_bar * (0.5 / y)",
        "mode": "reverse",
        "source": None,
    }
    tangent = by_text(data["tabs"][1]["lines"], "v1_dot = y_dot * (0.5 / v1)")
    assert (tangent["rule"]["name"], tangent["rule"]["formula"]) == ("np.sqrt", "y_dot = x_dot * (0.5 / y)")
    stores = by_text(data_of("stored")["tabs"][0]["lines"], "x_prod_bar, x_bar[0] = x_bar[0], 0.0")
    assert stores["rule"]["formula"] == "b_bar += a_bar[0]; a_bar[0] = 0.0"


def nearest(p):
    import scipy.optimize

    found = scipy.optimize.minimize(lambda x: np.sum((x - p) ** 2) + np.sum(x**4), np.zeros(2))
    return np.sum(found.x**2)


def decays(y, k):
    import scipy.integrate

    path = scipy.integrate.solve_ivp(lambda t, y: -k * y, (0.0, 1.0), y, rtol=1e-6)
    return np.sum(path.y[:, -1])


@pytest.mark.parametrize(
    ("function", "arguments", "name", "theorem", "author"),
    [
        (nearest, (0.7,), "minimize", "at df/dx = 0 the implicit function theorem", "Nocedal & Wright"),
        (decays, (np.array([1.0, 2.0]), 0.5), "solve_ivp", "reverse by the adjoint equation", "Hairer"),
    ],
)
def test_lines_of_a_rule_come_from_the_call_of_the_solver(function, arguments, name, theorem, author):
    data = explored(s2sad.grad(function), arguments, {})
    called = next(t for t in data["trace"] if f".{name}(" in t["text"])
    assert called["active"] and called["why"] is None
    lines = data["tabs"][0]["lines"]
    first = next(k for k, line in enumerate(lines) if line["text"].startswith(f"def {name}_vjp("))
    last = next(k for k, line in enumerate(lines) if k > first and line["text"].strip().startswith("return"))
    of_rule = [line for line in lines[first : last + 1] if line["sweep"] != "head" and line["text"].strip()]
    assert len(of_rule) > 5 and all(line["source"] == called["source"] for line in of_rule)
    rules = [line["rule"] for line in of_rule if line["rule"] and name in line["rule"]["name"]]
    assert rules and all(theorem in r["formula"] and r["source"].startswith(author) for r in rules)
    sweep = next(line for line in lines if f" = {name}_vjp(" in line["text"])
    assert called["id"] in sweep["partners"] or name == "minimize"
    parts = {p for line in of_rule if line["rule"] in rules for p in line["partners"]}
    assert sweep["id"] in parts


def test_rules_of_matrices_name_their_source():
    def solved(a, b):
        q, r = np.linalg.qr(a)
        return np.sum(np.linalg.solve(a, b) * q[0] * r[0]) + np.linalg.det(a)

    a = np.array([[2.0, 0.3], [0.1, 1.5]])
    data = explored(s2sad.grad(solved), (a, np.array([1.0, 2.0])), {}, run=False)
    rules = {line["rule"]["name"]: line["rule"]["source"] for line in data["trace"] if line["rule"]}
    assert rules["np.linalg.solve"] == rules["np.linalg.det"] and rules["np.linalg.solve"].startswith("M. B. Giles")
    assert rules["np.linalg.qr"].startswith("S. F. Walter") and rules["np.sum"] is None


def test_formulas_are_right():
    """The formula of an elementwise function, carried out, is the derivative that differences give."""
    from s2sad.compiler.transform import Transform
    from s2sad.dispatch.derivative import Derivative
    from s2sad.ir.values import walk
    from s2sad.view.formulas import rule_of

    def all_of_them(x):
        return np.sin(x) + np.exp(x) + np.sqrt(x) + np.tanh(x) + np.log1p(x) + np.arctan(x) + np.cosh(x) + x**3

    x, h, checked = 0.7, 1e-6, 0
    for op in walk(Derivative(all_of_them, Transform("primal")).primal((x,), {}).body):
        rule = rule_of(op, "reverse")
        if len(op.operands) != 1 and op.primitive.function is not np.power:
            continue
        f = op.primitive.function if len(op.operands) == 1 else lambda x: x**3
        assert rule["formula"].startswith("x_bar += ")
        found = eval(rule["formula"].removeprefix("x_bar += "), {"np": np, "x": x, "y": f(x), "y_bar": 2.0})
        assert found == pytest.approx(2.0 * (f(x + h) - f(x - h)) / (2.0 * h), rel=1e-8), rule
        checked += 1
    assert checked == 8


def test_what_is_inactive_says_why():
    def partly(x, n, c):
        steps = n + 2
        scale = np.exp(c)
        floor = np.floor(x)
        return np.sum(x * scale) * steps + floor

    data = explored(s2sad.grad(partly), (0.3, 2, 1.5), {})
    why = {t["makes"][0]: t["why"] for t in data["trace"][1:] if t["makes"]}
    assert why["scale"] == "inactive: does not depend on x"
    assert why["floor"] == "inactive: a step function, its slope is 0"


def test_graph_of_a_loop():
    graph = data_of("stored")["graph"]
    nodes = {n["label"]: n for n in graph["nodes"]}
    frames = {f["id"]: f for f in graph["frames"]}
    taken = nodes["total_exp = np.exp(x)"]
    path = []
    frame = taken["frame"]
    while frame is not None:
        path.append(frames[frame]["label"])
        frame = frames[frame]["parent"]
    assert path == ["if x_0 > 0.5", "for _ in range(n)", "stored_grad(a, n)"]
    edges = {(e["from"], e["to"]): e["kind"] for e in graph["edges"]}
    store, read = nodes["x[1:] = x_part * x_part_2"], nodes["x_part = x[1:].copy()"]
    assert edges[(store["id"], read["id"])] == "carried"
    assert edges[(nodes["x = a.copy()"]["id"], read["id"])] == "reads"
    assert edges[(store["id"], taken["id"])] == "reads" and (taken["id"], store["id"]) not in edges
    log = {n["label"]: n for n in data_of("product")["graph"]["nodes"]}
    assert log["v1 = np.sqrt(y)"]["role"] == "kept" and log["w1"]["role"] == "argument"
    assert log["y_bar = 1.0 + 0.5 / v1"]["adjoint"] and log["y_bar = 1.0 + 0.5 / v1"]["of"] == "y"


@pytest.mark.parametrize(
    "derivative",
    [s2sad.value_and_grad(product, (0, 1)), s2sad.grad(np.sum), s2sad.grad(product, backend="native")],
    ids=["value", "library", "native"],
)
def test_other_derivatives(derivative):
    arguments = (2.0, 3.0) if derivative.__name__.startswith("product") else (np.ones(3),)
    data = explored(derivative, arguments, {})
    assert data["tabs"][0]["lines"] and data["title"] == derivative.__name__


def test_iterations_are_known_evenly():
    """Of a loop of many iterations the first, the last and some in between; in the way back they are the same."""
    x, n = 0.3, 40
    data = explored(s2sad.grad(long_way), (x, n), {})
    lines = {line["id"]: line for line in data["tabs"][0]["lines"]}
    loops = {loop["label"]: loop for loop in data["tabs"][0]["loops"]}
    outer, inner = loops["for i in range(n)"], loops["for k in range(4)"]
    assert (outer["count"], outer["at"]) == (n, [*range(n)]) and outer["says"][3] == "i = 3"
    assert inner["count"] == 4 * n and inner["within"] == outer["id"] and inner["back"] is None
    assert inner["at"] == [*range(0, 4 * n, 4), 4 * n - 1] and inner["says"][-1] == f"i = {n - 1}, k = 3"
    back = loops["for k in reversed(range(4))"]
    assert back["back"] == inner["id"] and back["says"][0] == inner["says"][-1]
    y, by_step, steps = 0.1, [], []
    for i, k in ((i, k) for i in range(n) for k in range(4)):
        y = np.sin(y + x * k) + i
        by_step.append(y)
        steps.append((y - i, x * k))
    made = by_text([*lines.values()], "y = np.sin(y_sum) + i")["values"]
    assert made["loop"] == inner["id"] and "bad" not in made
    assert [float(t) for t in made["text"]] == pytest.approx([by_step[k] for k in inner["at"]], rel=1e-5)
    # the slope of a step is the cosine of what went in: it is known backward, of the same steps
    bars = by_text([*lines.values()], "y_bar *= np.cos(y_sums[i, k])")["values"]
    before = [0.1, *by_step[:-1]]
    bar, expected = 1.0, []
    for step in reversed(range(4 * n)):
        bar *= np.cos(before[step] + x * (step % 4))
        expected.append(bar)
    assert [float(t) for t in bars["text"]] == pytest.approx([expected[k] for k in back["at"]], rel=1e-5)
    assert by_text(data["trace"], "y_3 = y_sin + i")["values"] == made


def test_iterations_of_calls_and_branches():
    data = data_of("tree")
    (calls,) = data["tabs"][0]["loops"]
    assert (calls["kind"], calls["count"], calls["says"][0]) == ("calls", 7, "call 1")
    sine = by_text(data["tabs"][0]["lines"], "v7 = np.sin(x)")["values"]
    leaves = [k for k, text in enumerate(sine["text"]) if text is not None]
    assert sine["loop"] == calls["id"] and leaves == [2, 3, 5, 6]  # the depth is 0 in half of the calls
    x = 0.3
    points = [x * 1.1 * 1.1, x * 1.1 + 0.1, (x + 0.1) * 1.1, x + 0.2]
    assert [float(sine["text"][k]) for k in leaves] == pytest.approx(np.sin(points), rel=1e-5)


def test_lines_of_c_stand_for_operations():
    """C has the partners that the loops have, its names, and the rules of what it calculates backward."""
    data = data_of("stored")
    (c,) = (tab["lines"] for tab in data["tabs"] if tab["key"] == "c")
    power, first = by_text(c, "total_exp_2[i] = exp(x[i]);"), by_text(c, "const double v_10 = x[0];")
    assert (power["makes"], power["reads"], power["sweep"]) == (["total_exp_2"], ["x", "i"], "primal")
    assert by_text(data["trace"], "total_exp = np.exp(x_3)")["id"] in power["partners"]
    # it is stored only where x is written: it is of the statement that computes it all the same
    assert power["source"]["line"] == first["source"]["line"] + 1 == data["sources"][0]["first"] + 6
    zeros = [line for line in c if line["text"].strip() == "a_bar[0] = 0.0;"]
    assert [line["sweep"] for line in zeros] == ["adjoint"]
    assert zeros[0]["rule"]["formula"] == "b_bar += a_bar[0]; a_bar[0] = 0.0"
    assert {line["sweep"] for line in c if line["text"].strip() in ("out:", "return status;")} == {"other"}
    given = next(line for line in data_of("product")["tabs"][-1]["lines"] if "*w1_bar =" in line["text"])
    assert given["reads"] == ["w1", "w2", "y_bar"] and given["partners"]


def test_each_text_is_compiled_once(monkeypatch):
    from s2sad.compiler import pipeline

    compiled, whole = [], pipeline.compile_derivative

    def counted(target, transform, parameters, name, *rest):
        compiled.append((name, rest[2].backend.name))
        return whole(target, transform, parameters, name, *rest)

    monkeypatch.setattr(pipeline, "compile_derivative", counted)

    def fresh(x):
        return np.sin(x) * x

    explored(s2sad.grad(fresh), (0.7,), {})
    names = {"fresh_grad": 3, "fresh_jvp": 1, "fresh_hvp": 1}
    assert {n: [k for k, _ in compiled].count(n) for n in dict(compiled)} == names and len(set(compiled)) == 5


def test_of_a_text_that_cannot_be_had():
    import scipy.optimize

    def solved(a):
        return scipy.optimize.brentq(lambda x: x**3 - a, 0.0, 10.0)

    tabs = {tab["key"]: tab for tab in explored(s2sad.grad(solved), (2.0,), {})["tabs"]}
    assert tabs["reverse"]["lines"] and "reason" not in tabs["reverse"]
    assert tabs["c"]["reason"] and not tabs["c"]["lines"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([1.0, 3.0, np.nan]), "min 1, mean 2, max 3, 1 of 3 nan"),
        (np.array([1.0, np.nan, np.inf, -np.inf]), "min 1, mean 1, max 1, 1 nan and 2 inf of 4"),
        (np.array([np.nan, np.nan]), "all nan"),
        (np.array([np.inf, -np.inf]), "all inf"),
        (np.array([np.inf, np.nan]), "1 nan and 1 inf of 2"),
        (np.array([1j, np.nan]), "min 1, mean 1, max 1, 1 of 2 nan"),
        (np.array([True, False]), "min 0, mean 0.5, max 1"),
        (np.array([-0.0, -0.0]), "min 0, mean 0, max 0"),
        (np.float64("nan"), "nan"),
        (np.zeros(0), "empty"),
        ([1.0, 2.0, 6.0], "min 1, mean 3, max 6"),
        ((1.5, np.array([0.0, 1.0])), "1.5; min 0, mean 0.5, max 1"),
        ({"a": 1, "b": {"c": 2.0}}, "a: 1; b.c: 2"),
        ([np.ones(1)] * 5, "1; 1; 1; \u2026"),
    ],
)
def test_values_in_short(value, text):
    from s2sad.view.values import summary

    assert summary(value)["text"] == text


def sliding(x, k):
    n = len(x) - len(k) + 1
    out = np.zeros(n)
    for i in range(n):
        out[i] = np.dot(x[i : i + len(k)], k)
    half = x[::2]
    return np.sum(out[1:] ** 2) * np.sum(half[:2])


def test_lengths_have_the_users_names():
    """A length is called by an integer of the user's, or by the argument that has it."""
    data = explored(s2sad.grad(sliding), (np.linspace(0.0, 1.0, 9), np.array([1.0, 2.0, 0.5])), {})
    types = {line["text"].strip().partition(" = ")[2]: line["type"] for line in data["trace"]}
    assert types["np.zeros(n)"] == "float64[n]" and types["x[::2]"] == "float64[len(x[::2])]"
    assert types["x[i:(i + len(k))]"] == "float64[len(k)]"
    assert "float64[n - 1]" in types.values()
    loop = next(line for line in data["trace"] if line["text"].strip().startswith("for i"))
    assert loop["type"] == "int"
    reverse = {line["text"].strip(): line["type"] for line in data["tabs"][0]["lines"]}
    assert reverse["x_bar = np.zeros_like(x)"] == "float64[len(x)]"
    node = next(n for n in data["graph"]["nodes"] if n["label"] == "out = np.zeros(n)")
    assert node["type"] == "float64[n]"


def test_lengths_within_arguments():
    from s2sad.ir.signature import Signature
    from s2sad.view.types import Lengths

    signature, lengths = Signature(), Lengths()
    own = {"w": np.ones((3, 4)), "b": [np.ones(5), 2.0]}
    lengths.give("p", t := signature.type_of(own))
    assert lengths.text(t) == "dict[w: float64[len(p['w']), p['w'].shape[1]], b: list[float64[len(p['b'][0])], float]]"
    assert lengths.text(signature.type_of(np.ones(7))) == "float64[?]"
    assert lengths.text(signature.type_of(None)) is None


def test_where_a_run_stopped():
    def refused(x):
        total = 0.0
        for k in range(3):
            if x[k] > 1.0:
                raise ValueError(f"too large: {k}")
            total = total + x[k] ** 2
        return total

    data = explored(s2sad.grad(refused), (np.array([0.5, 2.0, 0.5]),), {})
    lines = {line["id"]: line["text"].strip() for line in data["tabs"][0]["lines"]}
    assert data["error"] == "ValueError: too large: 1" and lines[data["error_at"]].startswith("raise ValueError")
    fine = explored(s2sad.grad(refused), (np.array([0.5, 0.5, 0.5]),), {})
    assert fine["error"] is None and fine["error_at"] is None


def test_arguments():
    assert [a["value"] for a in explored(s2sad.grad(stored), (np.array([1.0, np.nan]), 1), {})["arguments"]] == [
        {"text": "min 1, mean 1, max 1, 1 of 2 nan", "shape": [2], "bad": "nan"},
        {"text": "1", "shape": [], "bad": None},
    ]


def test_a_page_without_llvmlite_says_why_it_has_no_loops(monkeypatch):
    def check(self):
        raise s2sad.errors.ArgumentError("backend 'native' needs llvmlite")

    monkeypatch.setattr("s2sad.backends.native.runner.NativeRunner.check", check)
    tabs = {tab["key"]: tab for tab in explored(s2sad.grad(product), (2.0, 3.0), {})["tabs"]}
    assert tabs["native"]["reason"] == "backend 'native' needs llvmlite"
    assert tabs["reverse"]["lines"]


def test_a_value_is_known_in_the_trace_whatever_its_lengths_are_called():
    """They are called by the arguments there, and by the integers that the text has in the derivative."""
    from examples.kernels.lstm import sequence_loss

    weights = [np.full(s, 0.1) for s in ((8, 3), (8, 2), 8, (4, 3), (4, 2))]
    data = explored(s2sad.grad(sequence_loss), weights, {})
    line = next(t for t in data["trace"] if t["text"].strip().startswith("z = "))
    same = next(x for x in data["tabs"][0]["lines"] if x["text"].strip().startswith("z = "))
    assert line["type"] != same["type"]
    assert line["value"] == same["value"] and line["values"]["text"] == same["values"]["text"]
