"""Products of arrays: matmul, dot, inner, outer, tensordot, einsum, kron, trace, cross."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_dims, broadcast_shapes
from s2sad.ir.builder import Expr, call, rank_of, shape_of
from s2sad.ir.dims import Dim, Shape, dim_product, may_be_one
from s2sad.ir.primitive import Effect, NotByRule, Sample
from s2sad.ir.types import ArrayType, Type, array, promote
from s2sad.rules.contributions import conjugated, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear, rule
from s2sad.rules.promotion import array_types


def transposed(x: Any) -> Any:
    """The last two axes exchanged: `x.T` for a matrix."""
    rank = rank_of(x)
    if rank is None:
        raise UnsupportedType("the derivative of a matrix product needs the ranks of its operands", "annotate them")
    return np.transpose(x) if rank == 2 else np.swapaxes(x, -1, -2)


def ranks_of(x: Any, y: Any, what: str) -> tuple[int, int]:
    m, n = rank_of(x), rank_of(y)
    if m is None or n is None:
        raise UnsupportedType(f"the derivative of {what} needs the ranks of its operands", "annotate them")
    return m, n


def bilinear_tangent(function: Any) -> Any:
    """The product rule."""

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        terms = [call(function, dots[0], xs[1], **static)] if dots[0] is not None else []
        terms += [call(function, xs[0], dots[1], **static)] if dots[1] is not None else []
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    return tangent


# matmul and dot


def matmul_shape(a: Shape | None, b: Shape | None) -> Shape | None:
    """The shape of `a @ b`."""
    if a is None or b is None:
        return None
    if not a or not b:
        raise ValueError("matmul of a scalar: use *")
    left, right = a[-2:-1], b[-1:] if len(b) > 1 else ()
    inner: tuple[Dim, Dim] = (a[-1], b[-2] if len(b) > 1 else b[-1])
    if isinstance(inner[0], int) and isinstance(inner[1], int) and inner[0] != inner[1]:
        raise ValueError(f"matmul: the inner dimensions {inner[0]} and {inner[1]} differ")
    batch = broadcast_shapes(a[:-2], b[:-2])
    return None if batch is None else (*batch, *left, *right)


def products_fit(a: Type, b: Type) -> bool:
    """Whether the last axis of `a` is known to be as long as the one of `b` that it is summed with."""
    if not a.shape or not b.shape:
        return True
    return a.shape[-1] == b.shape[-2 if len(b.shape) > 1 else -1]


def last_axes_fit(a: Type, b: Type) -> bool:
    """Whether the last axes are known to be of one length."""
    if not a.shape or not b.shape:
        return True
    return a.shape[-1] == b.shape[-1]


def _matmul_type(x1: Type, x2: Type, /) -> Type:
    a, b = array_types("np.matmul", [x1, x2])
    return array(promote(a, b), matmul_shape(a.shape, b.shape))


def _matmul_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    x, w = xs
    m, n = ranks_of(x, w, "a matrix product")
    x_bar = _matmul_left(g, x, w, m, n) if active[0] else None
    w_bar = _matmul_right(g, x, w, m, n) if active[1] else None
    return (x_bar, w_bar)


def _matmul_left(g: Any, x: Any, w: Any, m: int, n: int) -> Any:
    if m == 1 and n == 1:
        return fit(g * w, x)
    if n == 1:
        return fit(np.expand_dims(g, -1) * w, x) if m != 2 else fit(np.outer(g, w), x)
    if m == 1:
        return fit(w @ g, x) if n == 2 else fit(np.squeeze(w @ np.expand_dims(g, -1), axis=-1), x)
    return fit(g @ transposed(w), x)


def _matmul_right(g: Any, x: Any, w: Any, m: int, n: int) -> Any:
    if m == 1 and n == 1:
        return fit(g * x, w)
    if n == 1:
        return fit(x.T @ g, w) if m == 2 else fit(np.expand_dims(g, -1) * x, w)
    if m == 1:
        return fit(np.outer(x, g), w) if n == 2 else fit(np.expand_dims(x, -1) * np.expand_dims(g, -2), w)
    return fit(transposed(x) @ g, w)


def _matmul_samples(rng: np.random.Generator) -> Iterable[Sample]:
    shapes = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((4, 2, 3), (4, 3, 2)),
        ((4, 2, 3), (3, 2)),
    ]
    shapes += [((2, 3), (4, 3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((1, 2, 3), (4, 3, 2))]
    for a, b in shapes:
        yield Sample((REAL(rng, a), REAL(rng, b)))


rule(
    np.matmul,
    _matmul_type,
    tangent=bilinear_tangent(np.matmul),
    called_as="product",
    adjoint=_matmul_adjoint,
    spelling="_0 @ _1",
    fits=products_fit,
    contracts=True,
    samples=_matmul_samples,
)


def _dot_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.dot", [a, b])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    if not s.shape or not t.shape:
        return array(promote(s, t), s.shape + t.shape)
    contracted = t.shape[:-2] + t.shape[-1:] if len(t.shape) > 1 else ()
    return array(promote(s, t), s.shape[:-1] + contracted)


def _dot_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    x, w = xs
    m, n = ranks_of(x, w, "np.dot")
    if m == 0 or n == 0:
        return (fit(g * w, x) if active[0] else None, fit(g * x, w) if active[1] else None)
    if m > 2 or n > 2:
        return _tensordot_adjoint(g, y, xs, active, axes=((m - 1,), (max(n - 2, 0),)))
    return _matmul_adjoint(g, y, xs, active)


rule(
    np.dot,
    _dot_type,
    tangent=bilinear_tangent(np.dot),
    called_as="product",
    adjoint=_dot_adjoint,
    fits=products_fit,
    contracts=True,
    samples=lambda rng: [
        Sample((REAL(rng, a), REAL(rng, b)))
        for a, b in [
            *[((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((), (3,)), ((2, 2), ())],
            *[((4, 2, 3), (3,)), ((3,), (2, 3, 4)), ((2, 3), (4, 3, 2)), ((2, 4, 3), (3, 2)), ((2, 4, 3), (5, 3, 2))],
        ]
    ],
)


def _vdot_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.vdot", [a, b])
    return array(promote(s, t), ())


def _vdot_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    """The first operand is conjugated, its adjoint with it."""
    a, b = xs
    a_bar = fit(conjugated(g * np.reshape(b, shape_of(a))), a) if active[0] else None
    return a_bar, fit(g * conjugated(np.reshape(a, shape_of(b))), b) if active[1] else None


rule(
    np.vdot,
    _vdot_type,
    fits=last_axes_fit,
    tangent=bilinear_tangent(np.vdot),
    adjoint=_vdot_adjoint,
    samples=lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (3,)))), Sample((REAL(rng, (2, 3)), REAL(rng, (2, 3))))],
)


def _inner_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.inner", [a, b])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    if not s.shape or not t.shape:
        return array(promote(s, t), s.shape + t.shape)
    return array(promote(s, t), s.shape[:-1] + t.shape[:-1])


def _inner_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    x, w = xs
    m, n = ranks_of(x, w, "np.inner")
    if m == 0 or n == 0 or m == n == 1:
        return (fit(g * w, x) if active[0] else None, fit(g * x, w) if active[1] else None)
    left = call(np.tensordot, g, w, axes=(tuple(range(m - 1, m + n - 2)), tuple(range(n - 1)))) if active[0] else None
    right = call(np.tensordot, g, x, axes=(tuple(range(m - 1)), tuple(range(m - 1)))) if active[1] else None
    return (left, right)


rule(
    np.inner,
    _inner_type,
    tangent=bilinear_tangent(np.inner),
    adjoint=_inner_adjoint,
    fits=last_axes_fit,
    samples=lambda rng: [
        Sample((REAL(rng, a), REAL(rng, b)))
        for a, b in [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((3,), (2, 3))]
    ],
)


def _outer_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.outer", [a, b])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    return array(promote(s, t), (dim_product(s.shape), dim_product(t.shape)))


rule(
    np.outer,
    _outer_type,
    tangent=bilinear_tangent(np.outer),
    adjoint=lambda g, y, xs, active: (
        np.reshape(g @ np.ravel(xs[1]), shape_of(xs[0])) if active[0] else None,
        np.reshape(np.ravel(xs[0]) @ g, shape_of(xs[1])) if active[1] else None,
    ),
    samples=lambda rng: [Sample((REAL(rng, (2,)), REAL(rng, (3,)))), Sample((REAL(rng, (2, 2)), REAL(rng, (3,))))],
)


# tensordot and einsum


def _pairs(axes: Any, m: int, n: int) -> tuple[list[int], list[int]]:
    """The contracted axes of both operands."""
    if isinstance(axes, (int, np.integer)):
        return list(range(m - int(axes), m)), list(range(int(axes)))
    left, right = ([a] if isinstance(a, (int, np.integer)) else list(a) for a in axes)
    return [int(a) % m for a in left], [int(b) % n for b in right]


def _tensordot_type(a: Type, b: Type, /, axes: Any = 2) -> Type:
    s, t = array_types("np.tensordot", [a, b])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    left, right = _pairs(axes, len(s.shape), len(t.shape))
    shape = [d for k, d in enumerate(s.shape) if k not in left] + [d for k, d in enumerate(t.shape) if k not in right]
    return ArrayType(promote(s, t), tuple(shape), "array")


def _pairs_fit(a: Type, b: Type, axes: Any = 2) -> bool:
    """Whether the axes that are summed over are known to be of one length."""
    if a.shape is None or b.shape is None:
        return True
    left, right = _pairs(axes, len(a.shape), len(b.shape))
    return all(a.shape[j] == b.shape[k] for j, k in zip(left, right, strict=True))


def _tensordot_adjoint(g: Any, y: Any, xs: Any, active: Any, axes: Any = 2) -> tuple[Any, ...]:
    m, n = ranks_of(xs[0], xs[1], "np.tensordot")
    left, right = _pairs(axes, m, n)
    kept_left = [k for k in range(m) if k not in left]
    kept_right = [k for k in range(n) if k not in right]
    rest = len(kept_left)
    x_bar = w_bar = None
    if active[0]:
        # What is left of `g` over the axes of the other operand stands in the order in which that has its contracted
        # axes; the permutation brings them to where this operand has its own.
        product = call(np.tensordot, g, xs[1], axes=(tuple(range(rest, rest + len(kept_right))), tuple(kept_right)))
        order = kept_left + [a for _, a in sorted(zip(right, left, strict=True))]
        x_bar = _permuted(product, order)
    if active[1]:
        product = call(np.tensordot, xs[0], g, axes=(tuple(kept_left), tuple(range(rest))))
        order = [b for _, b in sorted(zip(left, right, strict=True))] + kept_right
        w_bar = _permuted(product, order)
    return (x_bar, w_bar)


def _permuted(x: Any, order: list[int]) -> Any:
    """The axis k of `x` moved to `order[k]`."""
    if order == list(range(len(order))):
        return x
    return np.transpose(x, tuple(int(k) for k in np.argsort(order)))


rule(
    np.tensordot,
    _tensordot_type,
    fits=_pairs_fit,
    tangent=bilinear_tangent(np.tensordot),
    adjoint=_tensordot_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)), REAL(rng, (3, 4))), {"axes": 1}),
        Sample((REAL(rng, (2, 3, 4)), REAL(rng, (4, 3, 2))), {"axes": ((1, 2), (1, 0))}),
        Sample((REAL(rng, (2, 3)), REAL(rng, (2, 3)))),
        Sample((REAL(rng, (2,)), REAL(rng, (3,))), {"axes": 0}),
    ],
)


def parse_subscripts(subscripts: str, ranks: list[int | None]) -> tuple[list[str], str]:
    """The labels of the operands and of the result."""
    text = _without_ellipsis(subscripts.replace(" ", ""), ranks)
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if not arrow:
        labels = left.replace(",", "")
        right = "".join(sorted(c for c in set(labels) if labels.count(c) == 1))
    if len(terms) != len(ranks) or any(r is not None and len(t) != r for t, r in zip(terms, ranks, strict=True)):
        raise ValueError(f"einsum: {subscripts!r} does not fit its operands")
    return terms, right


def _without_ellipsis(text: str, ranks: list[int | None]) -> str:
    """The subscripts with labels of their own for the axes that `...` stands for, aligned at their end."""
    if "..." not in text:
        return text
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if any(r is None for r in ranks) or len(terms) != len(ranks):
        raise UnsupportedType("np.einsum with an ellipsis needs the ranks of its operands", "write the labels out")
    # `...` has three characters, which are no labels.
    counts = [(r or 0) - len(t) + 3 if "..." in t else 0 for t, r in zip(terms, ranks, strict=True)]
    fresh = [c for c in string.ascii_letters if c not in text][: max(counts)]
    spelled = [t.replace("...", "".join(fresh[len(fresh) - n :])) for t, n in zip(terms, counts, strict=True)]
    if not arrow:
        labels = left.replace(",", "").replace(".", "")
        right = "..." + "".join(sorted(c for c in set(labels) if labels.count(c) == 1))
    return f"{','.join(spelled)}->{right.replace('...', ''.join(fresh))}"


def _labels_fit(*operands: Type, subscripts: str, optimize: Any = False) -> bool:
    """Whether all axes with one label are known to be of one length, or of length 1."""
    terms, _ = parse_subscripts(subscripts, [t.rank for t in operands])
    lengths: dict[str, Dim] = {}
    for term, t in zip(terms, operands, strict=True):
        for label, d in zip(term, t.shape or (), strict=False):
            if d not in (1, lengths.get(label, d)):
                return False
            if d != 1:
                lengths[label] = d
    return True


def _einsum_type(subscripts: str, *operands: Type, optimize: Any = False) -> Type:
    arrays = array_types("np.einsum", list(operands))
    terms, right = parse_subscripts(subscripts, [t.rank for t in arrays])
    lengths: dict[str, Dim] = {}
    for term, t in zip(terms, arrays, strict=True):
        for label, d in zip(term, t.shape or (), strict=False):
            lengths[label] = broadcast_dims(lengths.get(label, 1), d)
    if any(t.shape is None for t in arrays):
        return array(promote(*arrays), None if right else ())
    return array(promote(*arrays), tuple(lengths[label] for label in right))


def _einsum_tangent(y: Any, xs: Any, dots: Any, subscripts: str, **optimize: Any) -> Any:
    total = None
    for k, d in enumerate(dots):
        if d is not None:
            term = call(np.einsum, subscripts, *(d if j == k else x for j, x in enumerate(xs)), **optimize)
            total = term if total is None else total + term
    return total


def _einsum_adjoint(g: Any, y: Any, xs: Any, active: Any, subscripts: str, **optimize: Any) -> tuple[Any, ...]:
    terms, right = parse_subscripts(subscripts, [rank_of(x) for x in xs])
    return tuple(_einsum_operand(g, xs, terms, right, k, optimize) if a else None for k, a in enumerate(active))


def _stretched(product: Any, x: Any) -> Any:
    """A cotangent repeated along the axes in which the operand met others of length 1."""
    own, other = (v.type.shape if isinstance(v, Expr) else np.shape(v) for v in (x, product))
    if own is None or other is None or not any(m != n and may_be_one(m) for m, n in zip(other, own, strict=True)):
        return product
    return np.broadcast_to(product, shape_of(x))


def _einsum_operand(g: Any, xs: Any, terms: list[str], right: str, k: int, optimize: dict[str, Any]) -> Any:
    """The cotangent contracted with the other operands; labels of this operand alone are summed over: repeated."""
    others = [t for j, t in enumerate(terms) if j != k]
    operands = [g, *(x for j, x in enumerate(xs) if j != k)]
    own = ""
    for axis, label in enumerate(terms[k]):
        if label in own:  # a diagonal: its cotangent lies on the diagonal
            fresh = next(c for c in string.ascii_letters if all(c not in t for t in (own, right, *terms, *others)))
            others.append(label + fresh)
            operands.append(call(np.eye, shape_of(xs[k])[axis], dtype=xs[k].dtype))
            label = fresh
        own += label
    present = [c for c in own if c in right or any(c in t for t in others)]
    # The adjoint of a contraction is a contraction: the result and the operand exchange their places among the labels.
    product = call(np.einsum, f"{','.join([right, *others])}->{''.join(present)}", *operands, **optimize)
    if len(present) == len(own):
        return _stretched(fit(product, xs[k]), xs[k])
    missing = tuple(j for j, c in enumerate(own) if c not in present)
    return np.broadcast_to(np.expand_dims(product, missing), shape_of(xs[k]))


rule(
    np.einsum,
    _einsum_type,
    fits=_labels_fit,
    effect=Effect.VIEW,  # 'ij->ji' is a view
    copies=lambda *types: len(types) > 1,
    tangent=_einsum_tangent,
    adjoint=_einsum_adjoint,
    samples=lambda rng: [
        Sample(("ij,jk->ik", REAL(rng, (2, 3)), REAL(rng, (3, 4)))),
        Sample(("...ij,...jk->...ik", REAL(rng, (2, 2, 3)), REAL(rng, (3, 4)))),
        Sample(("i...,i...", REAL(rng, (2, 3)), REAL(rng, (2, 3)))),
        Sample(("ii->i", REAL(rng, (3, 3)))),
        Sample(("...i,...i->...", REAL(rng, (2, 3)), REAL(rng, (2, 1)))),
        Sample(("ii", REAL(rng, (3, 3)))),
        Sample(("iji,j->i", REAL(rng, (2, 3, 2)), REAL(rng, (3,)))),
        Sample(("ij,j", REAL(rng, (2, 3)), REAL(rng, (3,)))),
        Sample(("bij,bjk->bik", REAL(rng, (2, 3, 4)), REAL(rng, (2, 4, 3)))),
        Sample(("ij->", REAL(rng, (2, 3)))),
        Sample(("ij,jk,k->i", REAL(rng, (2, 3)), REAL(rng, (3, 4)), REAL(rng, (4,))), {"optimize": True}),
        Sample(("ij->ji", REAL(rng, (2, 3)))),
        Sample(("i,j,ij->", REAL(rng, (2,)), REAL(rng, (3,)), REAL(rng, (2, 3)))),
    ],
)


# kron, trace, cross


def _kron_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.kron", [a, b])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    rank = max(len(s.shape), len(t.shape))
    left, right = ((1,) * (rank - len(u)) + u for u in (s.shape, t.shape))
    return array(promote(s, t), tuple(dim_product((m, n)) for m, n in zip(left, right, strict=True)))


def _kron_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    ranks = ranks_of(xs[0], xs[1], "np.kron")
    m = max(ranks)
    x, w = (v if r == m else np.expand_dims(v, tuple(range(m - r))) for v, r in zip(xs, ranks, strict=True))
    lengths = [shape_of(v)[k] for k in range(m) for v in (x, w)]
    blocks = np.reshape(g, tuple(lengths))
    even, odd = tuple(range(0, 2 * m, 2)), tuple(range(1, 2 * m, 2))
    left = call(np.tensordot, blocks, w, axes=(odd, tuple(range(m)))) if active[0] else None
    right = call(np.tensordot, blocks, x, axes=(even, tuple(range(m)))) if active[1] else None
    return tuple(
        bar if bar is None or r == m else np.reshape(bar, shape_of(v))
        for bar, r, v in zip((left, right), ranks, xs, strict=True)
    )


rule(
    np.kron,
    _kron_type,
    tangent=bilinear_tangent(np.kron),
    adjoint=_kron_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, a), REAL(rng, b)))
        for a, b in [((2,), (3,)), ((2, 3), (2, 2)), ((2,), (3, 2)), ((2, 1, 3), (2,)), ((), (2, 3)), ((2,), ())]
    ],
)


def _trace_type(a: Type, /) -> Type:
    (t,) = array_types("np.trace", [a])
    if t.shape is not None and len(t.shape) != 2:
        raise NotByRule("np.trace of an array that is no matrix")
    return array(t.dtype, ())


def _trace_adjoint(g: Any, x: Any) -> Any:
    return (
        np.astype(g * call(np.eye, shape_of(x)[0], shape_of(x)[1]), x.dtype)
        if x.dtype is not None
        else g * call(np.eye, shape_of(x)[0], shape_of(x)[1])
    )


linear(
    np.trace,
    _trace_adjoint,
    _trace_type,
    samples=lambda rng: [Sample((REAL(rng, (3, 3)),)), Sample((REAL(rng, (2, 3)),))],
)


def _cross_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("np.cross", [a, b])
    if any(v.shape and v.shape[-1] == 2 for v in (s, t)):
        raise NotByRule("np.cross of vectors in the plane")
    return array(promote(s, t), broadcast_shapes(s.shape, t.shape))


def _components(c: Any, x: Any, other: Any) -> Any:
    """As many components as `x` has, one of two vectors: it may lie in the plane where the other one does not."""
    s, t = type_in(x).shape, type_in(other).shape
    if not s or not t or s[-1] == 3 or s[-1] == t[-1]:
        return c
    return c[..., : shape_of(x)[len(s) - 1]]


rule(
    np.cross,
    _cross_type,
    tangent=bilinear_tangent(np.cross),
    adjoint=lambda g, y, xs, active: (
        fit(_components(np.cross(xs[1], g), *xs), xs[0]) if active[0] else None,
        fit(_components(np.cross(g, xs[0]), *xs[::-1]), xs[1]) if active[1] else None,
    ),
    samples=lambda rng: [
        Sample((REAL(rng, (3,)), REAL(rng, (3,)))),
        Sample((REAL(rng, (2, 3)), REAL(rng, (3,)))),
        Sample((REAL(rng, (2, 3)), REAL(rng, (2, 3)))),
    ],
)
