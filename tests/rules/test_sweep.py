"""Every rule at every sample of its own: types, tangents, adjoints; called with numbers, and with expressions."""

from __future__ import annotations

import copy
import itertools
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import s2sad.differentiate.tangents  # noqa: F401  (its primitives)
from s2sad.differentiate.tangents import tangent_type
from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE, MAKE_SLICE
from s2sad.ir.definition import definition_of
from s2sad.ir.matrix_functions import function_of_matrix
from s2sad.ir.primitive import PRIMITIVES, Effect, NotByRule, Primitive, Sample
from s2sad.ir.signature import Signature
from s2sad.ir.types import ContainerType, Type, is_active_type
from s2sad.ir.values import Apply, Operand, Value
from s2sad.rules import everything
from tests.rules.evaluate import (
    ABSTRACTIONS,
    disagreement,
    evaluate,
    is_inexact,
    is_value,
    leaves,
    lengths,
    tree_map,
    value_of,
)

pytestmark = pytest.mark.filterwarnings("ignore")
everything()


def _indices() -> list[Any]:
    rows = np.array([0, 2, 0])
    return [
        1,
        -1,
        slice(1, None),
        (slice(None), 1),
        (0, slice(None, None, 2)),
        (..., None, 0),
        rows,
        (rows, slice(1, 3)),
    ]


def _update_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in _indices():
        x = rng.uniform(1.0, 2.0, (3, 4))
        yield Sample((x, index, rng.uniform(1.0, 2.0, np.shape(x[index]))[()]))


def _set_samples(rng: np.random.Generator) -> Iterator[Sample]:
    return (
        s
        for s in _update_samples(rng)
        if not (isinstance(s.arguments[1], np.ndarray) or "array" in str(s.arguments[1]))
    )


def _item_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in [*_indices(), np.array([True, False, True]), (slice(None), np.array([[0, 1], [1, 3]]))]:
        yield Sample((rng.uniform(1.0, 2.0, (3, 4)), index))


OF_THE_COMPILER: dict[Primitive, Callable[[np.random.Generator], Iterator[Sample]]] = {
    GETITEM: _item_samples,
    INDEX_ADD: _update_samples,
    INDEX_SET: _set_samples,
}
"""Samples for the primitives that are defined outside of the book of rules."""
STRUCTURAL = {MAKE, EXTRACT, MAKE_SLICE}
"""Primitives that each transformation handles by itself."""
CLAIM = function_of_matrix
"""Its derivative is that of the product that it stands behind (tests/differentiate/test_matrix_functions.py)."""


@dataclass(frozen=True)
class Case:
    """A primitive at a point: operands and static keywords, its result, which operands have derivatives."""

    primitive: Primitive
    operands: tuple[Any, ...]
    static: dict[str, Any]
    result: Any

    @property
    def active(self) -> list[bool]:
        if self.primitive.constant:
            return [False for _ in self.operands]
        return [any(map(is_inexact, leaves(x))) for x in self.operands]

    @property
    def is_differentiable(self) -> bool:
        return any(self.active) and any(map(is_inexact, leaves(self.result)))


def number(primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]) -> Any:
    """The result at numbers, by the operation that the compiler would write."""
    builder = Builder()
    values = [Value(ABSTRACTIONS["exact"](Signature(), x)) if is_value(x) else None for x in operands]
    made: list[Operand] = [builder.operand(x) if v is None else v for v, x in zip(values, operands, strict=True)]
    env = {v: x for v, x in zip(values, operands, strict=True) if v is not None}
    return value_of(builder.apply(primitive, made, static), evaluate(builder.operations, env))


def seeded(primitive: Primitive) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(primitive.name.encode()))


@cache
def cases(primitive: Primitive) -> list[Case]:
    found = []
    samples = primitive.samples or OF_THE_COMPILER.get(primitive)
    for sample in samples(seeded(primitive)) if samples else ():
        operands, static = primitive.bind(sample.arguments, sample.keywords)
        result = number(primitive, tuple(operands), static)
        found.append(Case(primitive, tuple(operands), static, result))
    return found


@pytest.fixture(params=sorted(PRIMITIVES), scope="module")
def primitive(request: pytest.FixtureRequest) -> Primitive:
    return PRIMITIVES[request.param]


def differentiable(primitive: Primitive) -> list[Case]:
    return [case for case in cases(primitive) if case.is_differentiable]


# numbers


def random_like(rng: np.random.Generator, x: Any) -> Any:
    """A tangent or cotangent: None for what has none."""

    def one(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return None
        shape, dtype = np.shape(leaf), np.asarray(leaf).dtype
        value = rng.uniform(-1.0, 1.0, shape) + (1j * rng.uniform(-1.0, 1.0, shape) if dtype.kind == "c" else 0.0)
        return np.asarray(value, dtype) if isinstance(leaf, np.ndarray) else dtype.type(value)

    return tree_map(one, x)


SYMMETRIC = {"scipy.linalg.solve_continuous_are": (2, 3), "scipy.linalg.solve_discrete_are": (2, 3)}
"""Operands that have to be symmetric, or Hermitian: the function refuses others."""


TRIANGULAR = {"below_commutator": 0, "below_commutator_back": 0}
"""The operand of which nothing is read below the diagonal, or that is refused with something there."""


def directions(rng: np.random.Generator, case: Case) -> list[Any]:
    """A tangent for each operand."""
    dots = [random_like(rng, x) for x in case.operands]
    for k in SYMMETRIC.get(case.primitive.name, ()):
        dots[k] = dots[k] + dots[k].conj().T
    if case.primitive.name in TRIANGULAR:
        dots[TRIANGULAR[case.primitive.name]] = np.triu(dots[TRIANGULAR[case.primitive.name]])
    return dots


def inner(a: Any, b: Any) -> float:
    """The sum of the products of two cotangents and tangents; None is zero."""
    pairs = leaves(tree_map(lambda p, q: None if p is None or q is None else np.sum(np.multiply(p, q)).real, a, b))
    return float(sum(p for p in pairs if p is not None))


def as_zeros(dot: Any, y: Any) -> Any:
    """A tangent with zeros for None, one array per number of the result."""
    pairs = tree_map(lambda leaf, d: np.zeros(np.shape(leaf)) if d is None else d, y, dot)
    return [np.asarray(p) for p, leaf in zip(leaves(pairs), leaves(y), strict=True) if is_inexact(leaf)]


def moved(x: Any, dot: Any, h: float) -> Any:
    """`x + h * dot`, of the class of `x`."""

    def one(leaf: Any, d: Any) -> Any:
        if d is None:
            return leaf
        return type(leaf)(leaf + h * d) if not isinstance(leaf, np.ndarray) else np.asarray(leaf + h * d)

    return tree_map(one, x, dot)


def numerical_tangent(case: Case, dots: list[Any], step: float = 1e-3) -> list[Any]:
    """Central differences, extrapolated once (Richardson)."""

    def central(h: float) -> list[Any]:
        ahead, behind = (
            number(
                case.primitive, tuple(moved(x, d, s * h) for x, d in zip(case.operands, dots, strict=True)), case.static
            )
            for s in (1.0, -1.0)
        )
        kept = [is_inexact(leaf) for leaf in leaves(case.result)]
        pairs = zip(leaves(ahead), leaves(behind), kept, strict=True)
        return [(np.asarray(a) - np.asarray(b)) / (2.0 * h) for a, b, k in pairs if k]

    return [(4.0 * fine - coarse) / 3.0 for fine, coarse in zip(central(step / 2.0), central(step), strict=True)]


def describe(case: Case) -> str:
    return f"{case.primitive.name}(*{case.operands}, **{case.static}) = {case.result}"


def test_has_samples(primitive: Primitive) -> None:
    module = primitive.type_rule.__module__.removeprefix("s2sad.ir.primitives.")
    of_the_sweeps = module in ("lists", "regions", "refusals")
    if (
        primitive in STRUCTURAL
        or primitive.function is CLAIM
        or of_the_sweeps
        or (primitive.tangent is None and primitive.adjoint is None)
    ):
        return
    assert differentiable(primitive), "a differentiable primitive needs samples"


def test_numbers(primitive: Primitive) -> None:
    """Tangents against differences; adjoints against tangents; each operand alone; inputs unchanged."""
    rng = seeded(primitive)
    for case in differentiable(primitive):
        before = copy.deepcopy(case.operands)
        dots = directions(rng, case)
        g = random_like(rng, case.result)
        y_dot = primitive.tangent(case.result, case.operands, dots, **case.static)  # type: ignore[misc]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = numerical_tangent(case, dots)
        for ours, theirs, leaf in zip(as_zeros(y_dot, case.result), expected, inexact_leaves(case.result), strict=True):
            assert ours.shape == np.shape(leaf), describe(case)
            if in_double(case):
                np.testing.assert_allclose(ours, theirs, rtol=2e-7, atol=2e-8, err_msg=describe(case))
        bars = primitive.adjoint(g, case.result, case.operands, case.active, **case.static)  # type: ignore[misc]
        check_contributions(case, bars)
        forward, backward = inner(g, y_dot), sum(inner(b, d) for b, d in zip(bars, dots, strict=True) if b is not None)
        accuracy = 1e-10 if in_double(case) else 1e-2
        assert forward == pytest.approx(backward, rel=accuracy, abs=accuracy), describe(case)
        check_alone(case, dots, g, y_dot, bars)
        assert_same(case.operands, before)


def complex_cases(primitive: Primitive) -> Iterator[Case]:
    """The samples with complex numbers for all arrays, and for one of them, as far as NumPy takes them."""
    rng = seeded(primitive)
    for case in cases(primitive):
        count = sum(map(is_real_array, leaves(list(case.operands))))
        choices = [{k} for k in range(count)] if count > 1 else []
        for chosen in [set(range(count)), *choices]:
            operands = tuple(with_imaginary_parts(rng, case, chosen))
            try:
                primitive.run(operands, case.static)
                result = number(primitive, operands, case.static)
            except (TypeError, ValueError, UnsupportedType):
                continue
            yield Case(primitive, operands, case.static, result)


def with_imaginary_parts(rng: np.random.Generator, case: Case, chosen: set[int]) -> Iterator[Any]:
    """The operands with complex numbers for the chosen arrays."""
    numbers = itertools.count()

    def one(x: Any) -> Any:
        if not is_real_array(x) or next(numbers) not in chosen:
            return x
        return x + 1j * rng.uniform(0.1, 0.9, np.shape(x))

    return (tree_map(one, x) for x in case.operands)


def is_real_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype == np.float64


UP_TO_A_FACTOR = {
    *("np.linalg.eigh", "np.linalg.svd", "scipy.linalg.eigh", "scipy.linalg.svd", "scipy.linalg.eigh (of some)"),
    "eig_in_complex",
    *("scipy.linalg.null_space", "scipy.linalg.schur"),
    "scipy.linalg.eig_banded (of some)",
}
"""Their vectors are defined up to a factor: tests/api/test_complex.py has what does not depend on it."""
NOT_COMPLEX = {"np.empty_like", "put_along"}
"""Without defined numbers; a helper that is called with operands of one dtype."""


def test_complex_numbers(primitive: Primitive) -> None:
    """What NumPy does with complex numbers is refused or differentiated as such; what is real stays real."""
    rng = seeded(primitive)
    for case in complex_cases(primitive) if primitive.name not in UP_TO_A_FACTOR | NOT_COMPLEX else ():
        kind = primitive.of_complex or primitive
        active = [any(map(is_inexact, leaves(x))) for x in case.operands]
        if not any(active) or not inexact_leaves(case.result) or not in_double(case):
            continue
        dots = directions(rng, case)
        try:
            y_dot = None if kind.constant else kind.tangent(case.result, case.operands, dots, **case.static)  # type: ignore[misc]
        except UnsupportedType:
            continue
        found = as_zeros(y_dot, case.result)
        expected = numerical_tangent(case, dots, 1e-4)
        for ours, theirs, y in zip(found, expected, inexact_leaves(case.result), strict=True):
            assert np.isrealobj(ours) or np.iscomplexobj(y), describe(case)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7, err_msg=describe(case))
        if kind.constant:
            continue
        g = random_like(rng, case.result)
        bars = kind.adjoint(g, case.result, case.operands, active, **case.static)  # type: ignore[misc]
        backward = sum(inner(b, d) for b, d in zip(bars, dots, strict=True) if b is not None)
        assert inner(g, y_dot) == pytest.approx(backward, rel=1e-9, abs=1e-9), describe(case)
        for bar, x in zip(bars, case.operands, strict=True):
            for b, leaf in zip(leaves(bar), leaves(x), strict=True) if bar is not None else ():
                assert b is None or np.isrealobj(b) or np.iscomplexobj(leaf), describe(case)


def test_fresh_results_are_memory_of_their_own(primitive: Primitive) -> None:
    """What is not said to be a view may be updated in place: it shares nothing with the operands."""
    if primitive.effect is not Effect.FRESH:
        return
    for case in differentiable(primitive):
        results = [r for r in leaves(case.result) if isinstance(r, np.ndarray)]
        given = [o for o in leaves(list(case.operands)) if isinstance(o, np.ndarray)]
        for r in results:
            assert r.flags.writeable, describe(case)
            assert not any(np.may_share_memory(r, o) for o in given), describe(case)


def in_double(case: Case) -> bool:
    return all(np.finfo(np.asarray(x).dtype).eps < 1e-12 for x in inexact_leaves([*case.operands, case.result]))


def inexact_leaves(x: Any) -> list[Any]:
    return [leaf for leaf in leaves(x) if is_inexact(leaf)]


def check_contributions(case: Case, bars: Any, active: list[bool] | None = None, exact_dtype: bool = True) -> None:
    """One for each operand, in its shape and dtype."""
    assert len(bars) == len(case.operands), describe(case)
    for x, bar, is_active in zip(case.operands, bars, active or case.active, strict=True):
        if not is_active:
            assert bar is None, describe(case)
            continue
        pairs = [(leaf, None) for leaf in leaves(x)] if bar is None else list(zip(leaves(x), leaves(bar), strict=True))
        for leaf, b in pairs:
            if b is None:
                continue
            assert np.shape(b) == np.shape(leaf), describe(case)
            if exact_dtype and isinstance(leaf, (np.ndarray, np.generic)) and not isinstance(b, (float, complex)):
                assert np.asarray(b).dtype == leaf.dtype, describe(case)
            assert np.isrealobj(b) or np.iscomplexobj(leaf), describe(case)


def check_alone(case: Case, dots: list[Any], g: Any, y_dot: Any, bars: Any) -> None:
    """With one operand active, with one cotangent: the same as with all."""
    primitive, n = case.primitive, len(case.operands)
    total: list[Any] = [0.0 for _ in inexact_leaves(case.result)]
    for k in [k for k in range(n) if case.active[k]]:
        only = [dots[j] if j == k else None for j in range(n)]
        alone = primitive.tangent(case.result, case.operands, only, **case.static)  # type: ignore[misc]
        total = [t + a for t, a in zip(total, as_zeros(alone, case.result), strict=True)]
        one = primitive.adjoint(g, case.result, case.operands, [j == k for j in range(n)], **case.static)  # type: ignore[misc]
        assert all(one[j] is None for j in range(n) if j != k), describe(case)
        assert_close(one[k], bars[k], case)
    for t, y in zip(total, as_zeros(y_dot, case.result), strict=True):
        np.testing.assert_allclose(t, y, rtol=1e-6, atol=1e-9, err_msg=describe(case))
    if isinstance(case.result, tuple):
        parts = [tuple(c if j == k else None for j, c in enumerate(g)) for k in range(len(g)) if g[k] is not None]
        found = [primitive.adjoint(p, case.result, case.operands, case.active, **case.static) for p in parts]  # type: ignore[misc]
        for k, bar in enumerate(bars):
            contributions = [f[k] for f in found if f[k] is not None]
            if bar is not None and contributions:
                assert_close(sum(contributions[1:], contributions[0]), bar, case)


def assert_close(a: Any, b: Any, case: Case) -> None:
    if a is None or b is None:
        assert a is None and b is None, describe(case)
        return
    for p, q in zip(leaves(a), leaves(b), strict=True):
        assert (p is None) == (q is None), describe(case)
        if p is not None:
            np.testing.assert_allclose(p, q, rtol=1e-6, atol=1e-9, err_msg=describe(case))


def assert_same(a: Any, b: Any) -> None:
    for p, q in zip(leaves(a), leaves(b), strict=True):
        assert p is q or (np.array_equal(p, q, equal_nan=is_inexact(p)) if is_value(p) else p == q)


def test_single_precision(primitive: Primitive) -> None:
    """float32 in, float32 out: tangents in the dtype of the result, adjoints in that of the operands."""
    rng = seeded(primitive)
    for case in map(in_single, differentiable(primitive)):
        if case is None:
            continue
        dots = directions(rng, case)
        y_dot = primitive.tangent(case.result, case.operands, dots, **case.static)  # type: ignore[misc]
        for leaf, d in zip(leaves(case.result), leaves(as_tree(y_dot, case.result)), strict=True):
            if d is not None and not isinstance(leaf, (float, complex)):
                assert np.asarray(d).dtype == np.asarray(leaf).dtype, describe(case)
        g = random_like(rng, case.result)
        check_contributions(case, primitive.adjoint(g, case.result, case.operands, case.active, **case.static))  # type: ignore[misc]


def as_tree(dot: Any, y: Any) -> Any:
    return tree_map(lambda leaf, d: d, y, dot)


def in_single(case: Case) -> Case | None:
    """The case with float32 for float64; None where it has none."""

    def one(x: Any) -> Any:
        if not isinstance(x, (np.ndarray, np.generic)) or x.dtype not in (np.float64, np.complex128):
            return x
        return x.astype(np.float32 if x.dtype == np.float64 else np.complex64)

    operands = tuple(tree_map(one, x) for x in case.operands)
    if all(p is q for p, q in zip(leaves(operands), leaves(case.operands), strict=True)):
        return None
    return Case(case.primitive, operands, case.static, number(case.primitive, operands, case.static))


# expressions


@pytest.mark.parametrize("abstraction", ABSTRACTIONS)
def test_expressions(primitive: Primitive, abstraction: str) -> None:
    """The operations that the rules append compute what the rules compute, and the types of all of them hold."""
    rng = seeded(primitive)
    for case in cases(primitive):
        check_expressions(case, abstraction, rng)
        single = in_single(case) if case.is_differentiable else None
        if single is not None:
            check_expressions(single, abstraction, rng)


def check_expressions(case: Case, abstraction: str, rng: np.random.Generator) -> None:
    if abstraction == "unknown" and any(map(np.iscomplexobj, inexact_leaves([*case.operands, case.result]))):
        return  # a number of unknown dtype is taken to be real
    try:
        trial = Trial(case, abstraction)
    except NotByRule:
        assert definition_of(case.primitive.function) is not None or case.primitive.constant, describe(case)
        return
    except UnsupportedType:
        assert abstraction.startswith("unknown"), describe(case)
        return
    trial.check_types()
    for mode in (trial.tangent, trial.adjoint):
        try:
            if case.is_differentiable and any(trial.active):
                mode(rng)
        except UnsupportedType:
            assert abstraction.startswith("unknown"), describe(case)


class Trial:
    """A case in IR: its operands as values of abstract types, and the numbers that they stand for."""

    def __init__(self, case: Case, abstraction: str) -> None:
        self.case, self.abstraction = case, abstraction
        self.signature = Signature()
        self.abstract: Callable[[Any], Type] = lambda x: ABSTRACTIONS[abstraction](self.signature, x)
        self.builder = Builder()
        self.env: dict[Value, Any] = {}
        self.operands = [self.operand(x) for x in case.operands]
        self.active = [a and isinstance(o, Value) for a, o in zip(case.active, self.operands, strict=True)]
        self.result = self.builder.apply(case.primitive, self.operands, case.static)
        evaluate(self.builder.operations, self.env)

    def operand(self, x: Any) -> Operand:
        if self.abstraction == "constants" and isinstance(x, (float, complex)):
            return self.builder.operand(x)
        if is_value(x) and not any(isinstance(leaf, slice) for leaf in leaves(x)):
            return self.value(self.abstract(x), x)
        return self.builder.operand(type(x)(map(self.operand, x)) if isinstance(x, (tuple, list)) else x)

    def value(self, t: Type, x: Any) -> Value:
        new = Value(t)
        self.env[new] = x
        return new

    def number(self, x: Any) -> Any:
        """The numbers of a tree of expressions."""
        if isinstance(x, (tuple, list)):
            return type(x)(map(self.number, x))
        if isinstance(x, Expr):
            return value_of(x.operand, self.env)
        return value_of(x, self.env) if isinstance(x, Value) else x

    def check_types(self) -> None:
        symbols = lengths(self.signature)
        for op in self.builder.operations:
            assert isinstance(op, Apply)
            wrong = disagreement(op.result.type, self.env[op.result], symbols)
            assert wrong is None, f"{op.primitive.name}: {wrong}; in {describe(self.case)}"

    def check_rules(self) -> None:
        """What is built on active values can be differentiated once more, in both modes."""
        for op in self.builder.operations:
            assert isinstance(op, Apply)
            p = op.primitive
            if p in STRUCTURAL or p.constant or not any(is_active_type(o.type) for o in op.operands):
                continue
            assert p.tangent is not None and p.adjoint is not None, f"{p.name} in a rule of {self.case.primitive.name}"

    def run(self) -> None:
        evaluate([op for op in self.builder.operations if op.result not in self.env], self.env)  # type: ignore[union-attr]
        self.check_types()
        self.check_rules()

    def cotangent(self, t: Type, g: Any) -> Any:
        """A cotangent as the reverse sweep hands it over: a tuple for a container, None for zero."""
        if g is None:
            return None
        if isinstance(t, ContainerType):
            return tuple(self.cotangent(item, i) for item, i in zip(t.items, g, strict=True))
        return self.builder.expr(self.value(tangent_type(t), g))

    def tangent(self, rng: np.random.Generator) -> None:
        case = self.case
        xs = [self.builder.expr(o) for o in self.operands]
        dots = [random_like(rng, x) if a else None for x, a in zip(case.operands, self.active, strict=True)]
        shown = [self.cotangent(o.type, d) for o, d in zip(self.operands, dots, strict=True)]
        y = self.builder.expr(self.result)
        ours = case.primitive.tangent(y, xs, shown, **case.static)  # type: ignore[misc]
        self.run()
        theirs = case.primitive.tangent(case.result, case.operands, dots, **case.static)  # type: ignore[misc]
        for a, b in zip(as_zeros(self.number(ours), case.result), as_zeros(theirs, case.result), strict=True):
            self.compare(a, b)

    def adjoint(self, rng: np.random.Generator) -> None:
        case = self.case
        xs = [self.builder.expr(o) for o in self.operands]
        g = random_like(rng, case.result)
        y, shown = self.builder.expr(self.result), self.cotangent(self.result.type, g)
        ours = case.primitive.adjoint(shown, y, xs, self.active, **case.static)  # type: ignore[misc]
        self.run()
        theirs = case.primitive.adjoint(g, case.result, case.operands, self.active, **case.static)  # type: ignore[misc]
        numbers = [None if c is None else self.number(c) for c in ours]
        check_contributions(case, numbers, self.active, exact_dtype=not self.abstraction.startswith("unknown"))
        for a, b in zip(numbers, theirs, strict=True):
            assert (a is None) == (b is None), describe(case)
            for p, q in zip(leaves(a), leaves(b), strict=True):
                assert (p is None) == (q is None), describe(case)
                if p is not None:
                    self.compare(p, q)

    def compare(self, a: Any, b: Any) -> None:
        accuracy = 1e-10 if in_double(self.case) else 1e-3
        np.testing.assert_allclose(a, b, rtol=accuracy, atol=accuracy, err_msg=describe(self.case))
