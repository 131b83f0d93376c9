"""Data in objects of libraries, outside the function or as an argument: read as it stands, refused with the way out."""

import functools
import logging
import pickle
import re
import warnings

import numpy as np
import pytest

import s2sad
from s2sad.errors import NotDifferentiable, UnsupportedType

pd = pytest.importorskip("pandas", reason="pandas is not installed")
xr = pytest.importorskip("xarray", reason="xarray is not installed")

X = np.array([1.2, 2.3, 4.1])
TABLE = pd.DataFrame(
    {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "c": ["u", "v", "w"], "n": [1, 2, 3]}, index=[2, 0, 1]
)
FIELD = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("y", "t"), coords={"t": [10, 20, 30]})
FIELDS = xr.Dataset({"v": FIELD})
OTHER = pd.Series([1.0, 2.0, 3.0])
MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # NumPy has arrays instead
    MATRIX = np.matrix([[1.0, 2.0, 3.0]])
RECORDS = np.array([(1.0, 2), (3.0, 4), (5.0, 6)], dtype=[("p", float), ("q", int)])


class Fit:
    def __init__(self, data):
        self.data = data

    def loss(self, x):
        return np.sum((x * self.data["a"] - self.data["b"]) ** 2)


FIT = Fit(TABLE)
PROGRAMS = {
    "a column": lambda x: np.sum((x - TABLE["a"].to_numpy()) ** 2) + np.sum(x * TABLE.b.values),
    "numbers with a series": lambda x: np.sum((x - TABLE["a"]) ** 2) + ((TABLE.a - x) ** 2).mean(),
    "functions of a series": lambda x: np.sum(np.log(TABLE["b"]) * x) + np.sum(np.log(x) * TABLE["b"]),
    "signs, absolute values": lambda x: abs(x - TABLE["a"]).sum() + (-(x * TABLE["a"])).sum(),
    "comparisons": lambda x: np.sum(x * (TABLE["a"] > 1.5)) + np.sum(np.where(x > TABLE["a"], x, 2.0 * x)),
    "rows by a condition": lambda x: np.sum(x[:2] * TABLE[TABLE["a"] > 1.5]["b"].to_numpy()),
    "places": lambda x: np.sum(x * TABLE.loc[:, "a"].to_numpy()) + x[0] * TABLE.iloc[0, 1] + x[1] * TABLE["n"].sum(),
    "several columns": lambda x: np.sum(x * TABLE[["a", "b"]].to_numpy().T) + len(TABLE) + TABLE.shape[1] * x[2],
    "products": lambda x: np.dot(x, TABLE["a"]) + x @ TABLE["a"].values + TABLE["a"] @ x,
    "groups": lambda x: np.sum(x * TABLE.groupby("c")["a"].mean().to_numpy()),
    "dtypes": lambda x: np.sum(x * np.asarray(TABLE["n"], dtype=float)) + np.sum(x * TABLE["n"].astype(float).values),
    "a branch by a text": lambda x: np.sum(x * TABLE["a"]) if TABLE["c"].iloc[0] == "u" else 0.0,
    "labelled arrays": lambda x: float(np.sum((x - FIELD) ** 2)) + np.sum(FIELD.sel(t=20).values * x[:2]),
    "numbers in them": lambda x: FIELD.mean().item() * x[0] + float(FIELD[0, 1]) * x[1],
    "a data set": lambda x: np.sum(x * FIELDS["v"].values) + np.sum(x * FIELDS.v.sum("y").values),
    "a masked array": lambda x: (
        np.sum(x * MASKED.filled(0.0)) + np.sum(x[:2] * MASKED.compressed()) + np.sum(x * MASKED.data * ~MASKED.mask)
    ),
    "a matrix": lambda x: np.sum(np.asarray(MATRIX) @ x) + MATRIX.A1 @ x,
    "records": lambda x: np.sum(x * RECORDS["p"]) + np.sum(x * RECORDS["q"]),
    "a table in an object": lambda x: FIT.loss(x),
    "two columns": lambda x: np.sqrt(((TABLE["b"] - (x[0] * TABLE["a"] + x[1])) ** 2).mean()),
    "an array by a condition": lambda x: np.sum(x[0] * TABLE["a"].values[TABLE["c"] == "u"]),
}


def over_columns(x):
    total = 0.0
    for name in TABLE.columns[:2]:
        total = total + np.sum(x * TABLE[name].to_numpy())
    for u, v in zip(TABLE["a"], TABLE["b"], strict=True):
        total += x[0] * u * v
    return total


LONG = pd.DataFrame({"a": np.linspace(0.0, 1.0, 200), "b": np.arange(200), "c": ["u", "v"] * 100})


def residual(x, row):
    return x[0] * row.a - row.b


def over_rows(x):
    total = 0.0
    for row in LONG[["a", "b"]].itertuples():
        total += residual(x, row) ** 2 if row.a < 0.3 else x[1] * row.Index
    for row in TABLE.itertuples(name="Row"):
        total += x[0] * row.n if row.c == "u" else x[1] * row.Index
    for a, b in LONG[["a", "b"]].itertuples(index=False, name=None):
        total += x[2] * a * b
    return total + sum(x[0] * row[1] for k, row in enumerate(TABLE.itertuples()) if k > 0)


def over_other_things(x):
    total = 0.0
    for _, row in TABLE.iterrows():
        total += x[0] * row["a"] * row.b
    for name, column in TABLE[["a", "b"]].items():
        total += x[1] * column.sum() * len(name)
    for _, group in LONG.groupby("c"):
        total += x[2] * group["a"].mean() * len(group)
    for record in TABLE.to_dict("records"):
        total += x[0] * record["b"]
    for row in LONG.head(0).itertuples():
        total += x[0] * row.a
    return total


def by_place(x):
    total = 0.0
    for k in range(len(LONG)):
        total += x[0] * LONG["a"].iloc[k] * LONG.b.iat[-1 - k]
    return total


def under_a_name(x):
    left = x[0] * LONG["a"] - LONG["b"]
    if left.max() > 5.0:
        return x[1]
    more = left
    more -= x[1]
    kept = [left, more]
    place = np.where(more > 1.0, more, 0.0)
    return (left**2).sum() + np.mean(kept[1] ** 2) + left.values[3] + np.dot(left, left) + place[0]


LOOPS = {f.__name__: f for f in (over_columns, over_rows, over_other_things, by_place, under_a_name)}


@pytest.mark.parametrize("name", [*PROGRAMS, *LOOPS])
def test_data_is_read_as_it_stands(name):
    f = PROGRAMS.get(name) or LOOPS[name]
    s2sad.check_grads(f, (X,), order=1)
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)


def test_what_is_read_is_a_parameter():
    text = s2sad.grad(PROGRAMS["a column"]).lower(X).source
    assert "def lambda__grad(x, table_a, table_b):" in text or "(x, TABLE_a, TABLE_b" in text, text


def test_changes_are_seen():
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "c": ["u", "v", "w"]})
    held = {"table": table}

    def f(x):
        t = held["table"]
        known = 2.0 if t["c"].iloc[0] == "u" else 7.0
        return np.sum(x * t["a"].to_numpy()) + x[0] * t["a"].mean() + x[1] * len(t) + x[2] * known

    df = s2sad.grad(f)

    def right(x):
        t = held["table"]
        known = 2.0 if t["c"].iloc[0] == "u" else 7.0
        expected = t["a"].to_numpy() + np.array([t["a"].mean(), len(t), known])
        np.testing.assert_allclose(df(x), expected)

    right(X)
    table.loc[0, "a"] = 50.0
    right(X)
    table.loc[0, "c"] = "z"
    right(X)
    table.loc[3] = [4.0, "u"]
    held["table"] = table.iloc[1:]
    right(X)


def misfit(w, data, power=2):
    return np.sum((w - data["train"]["a"].to_numpy()) ** power)


def test_tables_among_the_arguments(caplog):
    df = s2sad.grad(misfit)
    other = TABLE * 2
    np.testing.assert_allclose(df(X, {"train": TABLE}), 2 * (X - TABLE["a"].to_numpy()))
    with caplog.at_level(logging.DEBUG, "s2sad"):
        np.testing.assert_allclose(df(X, data={"train": other}), 2 * (X - other["a"].to_numpy()))
    np.testing.assert_allclose(s2sad.grad(functools.partial(misfit, data={"train": TABLE}))(X), df(X, {"train": TABLE}))
    many = s2sad.vmap(df, in_axes=(0, None, None))(np.stack([X, 2 * X]), {"train": TABLE}, 2)
    np.testing.assert_allclose(many[1], df(2 * X, {"train": TABLE}))
    sums = s2sad.grad(lambda w, s: np.sum(w * s))
    assert sums(X, TABLE["a"]).tolist() == [1.0, 2.0, 3.0] and sums(X, s=FIELD[0]).tolist() == [0.0, 1.0, 2.0]


def test_derivatives_of_all_kinds():
    f = PROGRAMS["numbers with a series"]
    again = pickle.loads(pickle.dumps(s2sad.grad(f)))
    assert again is not None
    np.testing.assert_allclose(s2sad.hessian(f)(X), np.diag(np.full(3, 2.0 + 2.0 / 3.0)))
    np.testing.assert_allclose(s2sad.jit(lambda w: np.sum(w * TABLE["a"]), backend=None)(X), X @ TABLE["a"])


def test_changes_in_loops_are_seen():
    table = pd.DataFrame({"a": [1.0, 2.0], "c": ["u", "v"]})

    def f(x):
        total = 0.0
        for row in table.itertuples():
            total += x * row.a
        for _, group in table.groupby("c"):
            total += x * group["a"].sum()
        return total

    df = s2sad.grad(f)
    assert df(1.0) == 6.0
    table.loc[0, "a"] = 5.0
    assert df(1.0) == 14.0
    table.loc[2] = [10.0, "w"]
    assert df(1.0) == 34.0


def _series_under_a_name(x):
    left = x * TABLE["a"]
    return left[0]


def _rows_written_out(x):
    return sum(x[0] * row["a"] for _, row in LONG.iterrows())


def _rows_with_texts(x):
    return sum(x[0] * row.a for row in LONG.itertuples())


def _changed_data(x):
    column = TABLE["a"]
    column *= x[0]
    return column.sum()


REFUSED = {
    "an item under a name": (_series_under_a_name, "an item of a Series.*make an array first"),
    "many rows with texts": (_rows_with_texts, "200 rows of LONG, whose column 'c' holds no numbers.*take the columns"),
    "a column that is changed": (_changed_data, "an augmented assignment changes TABLE_a.*make a new one"),
    "many rows that are series": (_rows_written_out, "a loop over the 200 items of LONG_iterrows.*zip"),
    "an item of what goes by labels": (lambda x: (x * TABLE["a"])[0], "an item of a Series.*make an array first"),
    "a method with another meaning": (lambda x: (x * TABLE["a"]).std(), "the method std of a Series.*to_numpy"),
    "a masked array in a sum": (lambda x: np.sum(x * MASKED), r"write MASKED.filled\(0.0\), or MASKED.data"),
    "a product of matrices": (lambda x: np.sum(MATRIX * x), r"of the class matrix.*np.asarray\(MATRIX\)"),
    "a sum by columns": (lambda x: np.sum(x * TABLE[["a", "b"]].T), r"write TABLE_T.to_numpy\(\)"),
    "a column that is not there": (lambda x: np.sum(x * TABLE["missing"]), "TABLE: KeyError: 'missing'"),
    "a row of run time": (lambda x: x[0] * TABLE["a"].loc[int(x[0])], "what TABLE_a_loc is asked for is not known"),
    "a change": (lambda x: x[0] * TABLE.sort_values("a", inplace=True), "sort_values changes TABLE"),
    "other labels": (lambda x: np.sum(x * TABLE["a"] * OTHER), "OTHER are put together by their labels"),
    "labels in another order": (lambda x: np.sum(x * TABLE["a"] * TABLE["b"][::-1]), "put together by their labels"),
    "series of two tables": (lambda x: x[0] * np.sum(TABLE["a"] * OTHER), "put together by their labels"),
    "a result": (lambda x: x * TABLE["a"], r"numbers with labels are handed on.*make an array first: .to_numpy\(\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_means_another_thing_is_refused(name):
    f, message = REFUSED[name]
    with pytest.raises(UnsupportedType) as e:
        s2sad.grad(f)(X)
    assert re.search(message, str(e.value).replace("\n", " ")), str(e.value)


@pytest.mark.parametrize(
    "value, instead",
    [
        (TABLE["a"], r"pass w.to_numpy\(\)"),
        (TABLE, r"not DataFrame of pandas; pass w.to_numpy\(\)"),
        (FIELD, r"pass w.to_numpy\(\)"),
        ({"w": TABLE["a"]}, r"pass w.to_numpy\(\)"),
        (MASKED, r"pass w.filled\(0.0\)"),
        (MATRIX, r"pass np.asarray\(w\)"),
    ],
)
def test_active_arguments_are_arrays(value, instead):
    def loss(w):
        return np.sum(w * w)

    with pytest.raises(NotDifferentiable, match=instead):
        s2sad.grad(loss)(value)


def decay(x, t):
    return x[0] * np.exp(-x[1] * t)


def test_functions_are_given_what_is_held_and_give_it_back():
    def loss(x):
        return np.sum((decay(x, TABLE["a"]) - TABLE["b"]) ** 2)

    def of_arrays(x):
        return np.sum((decay(x, TABLE["a"].to_numpy()) - TABLE["b"].to_numpy()) ** 2)

    x = np.array([1.5, 0.3])
    np.testing.assert_allclose(s2sad.grad(loss)(x), s2sad.grad(of_arrays)(x), rtol=1e-14)
    s2sad.check_grads(loss, (x,))
