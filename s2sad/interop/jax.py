"""Functions over NumPy as functions over JAX arrays: `grad`, `jvp`, `jit`, `vmap` of JAX go through them, in any order.

A function is one primitive of JAX. Its tangent is s2sad's pushforward of it, the transpose of that s2sad's pullback,
and each of these is the same primitive of another function; the numbers are computed by `jax.pure_callback`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError
from s2sad.frontend.reading.callables import callable_name
from s2sad.interop.calls import Call, call_of
from s2sad.interop.trees import put_in

Avals = tuple[jax.ShapeDtypeStruct, ...]


def wrap(fun: Callable[..., Any], *, backend: BackendName | None = None) -> Callable[..., Any]:
    """A function over NumPy as one over JAX arrays.

    Args:
        fun: a function that s2sad differentiates. Arrays may stand in tuples, lists, dicts and objects of its arguments
            and of its result; integers and strings of Python are part of the function.
        backend: what runs the emitted code; None is plain NumPy.

    Raises:
        ArgumentError: the arguments do not fit the function.
    """

    @functools.wraps(fun)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        call, arrays = call_of(fun, args, kwargs, _is_array, _holds_floats, backend)
        operands = [jnp.asarray(a) for a in arrays]
        call, avals = _known(call, operands)
        return put_in(call.result, _bind(call, avals, operands))

    return wrapped


def _is_array(value: object) -> bool:
    return isinstance(value, (jax.Array, np.ndarray, np.generic, float, complex))


def _holds_floats(value: Any) -> bool:
    return bool(jnp.issubdtype(jnp.result_type(value), jnp.inexact))


def _known(call: Call, operands: Sequence[Any]) -> tuple[Call, Avals]:
    """The call with the tree of its result, and the shapes and dtypes in it: by types, or as a run on ones has them.

    Raises:
        ArgumentError: neither says so.
    """
    ones = [np.ones(a.shape, a.dtype) for a in operands]
    call, found = call.typed(ones)
    if found is None:
        try:
            with np.errstate(all="ignore"):
                found, call = call.run(ones)
        except Exception as e:
            what = f"the shapes that {callable_name(call.function)} gives are found by a run on ones, which failed"
            raise ArgumentError(f"{what}: {type(e).__name__}: {e}") from e
    return call, tuple(jax.ShapeDtypeStruct(a.shape, jax.dtypes.canonicalize_dtype(a.dtype)) for a in found)


call_p = Primitive("s2sad")
"""A call: its parameters are the `Call`, and the shapes and dtypes of its results."""
call_p.multiple_results = True


def _bind(call: Call, avals: Avals, operands: Sequence[Any]) -> list[Any]:
    found: list[Any] = call_p.bind(*operands, call=call, avals=avals)
    return found


def _computed(*operands: Any, call: Call, avals: Avals) -> Any:
    def host(*arrays: Any) -> list[np.ndarray]:
        found, _ = call.run([np.asarray(a) for a in arrays])
        return [np.asarray(a, aval.dtype) for a, aval in zip(found, avals, strict=True)]

    return jax.pure_callback(host, list(avals), *operands)


def _tangent(primals: Sequence[Any], tangents: Sequence[Any], *, call: Call, avals: Avals) -> Any:
    results = _bind(call, avals, primals)
    moving = [k for k, t in enumerate(tangents) if not isinstance(t, ad.Zero)]
    moved = call.moved(moving)
    dots = [ad.instantiate_zeros(tangents[k]) for k in moved]
    inexact = [k for k, a in enumerate(avals) if _holds_floats(a)]
    found = iter(_bind(call.pushforward(moving), tuple(avals[k] for k in inexact), [*primals, *dots]))
    still = [ad.Zero(jax.core.ShapedArray(a.shape, jax.dtypes.float0)) for a in avals]
    return results, [next(found) if k in inexact else still[k] for k in range(len(avals))]


def _transpose(cotangents: Sequence[Any], *operands: Any, call: Call, avals: Avals) -> list[Any]:
    """The cotangents of operands in which a call is linear: the tangents of a pushforward, or a cotangent.

    Where a part of them is known it has been split off: the rest is linear all the same, at any values of these.
    """
    unknown = [k for k, o in enumerate(operands) if ad.is_undefined_primal(o)]
    moved = call.moved(unknown)
    at = [jnp.zeros(o.aval.shape, o.aval.dtype) if ad.is_undefined_primal(o) else o for o in operands]
    bars = [
        jnp.zeros(a.shape, a.dtype) if isinstance(c, ad.Zero) else c for c, a in zip(cotangents, avals, strict=True)
    ]
    given = tuple(jax.ShapeDtypeStruct(at[k].shape, at[k].dtype) for k in moved)
    found = dict(zip(moved, _bind(call.pullback(unknown), given, [*at, *bars]), strict=True))
    return [found[k] if k in unknown else None for k in range(len(operands))]


def _batched(operands: Sequence[Any], axes: Sequence[Any], *, call: Call, avals: Avals) -> Any:
    flags = [a is not None for a in axes]
    moved = [jnp.moveaxis(o, a, 0) if f else o for o, a, f in zip(operands, axes, flags, strict=True)]
    size = next(o.shape[0] for o, f in zip(moved, flags, strict=True) if f)
    many = tuple(jax.ShapeDtypeStruct((size, *a.shape), a.dtype) for a in avals)
    return _bind(call.batched(flags), many, moved), [0] * len(avals)


call_p.def_impl(_computed)
call_p.def_abstract_eval(lambda *_, call, avals: [jax.core.ShapedArray(a.shape, a.dtype) for a in avals])
ad.primitive_jvps[call_p] = _tangent
ad.primitive_transposes[call_p] = _transpose
batching.primitive_batchers[call_p] = _batched
mlir.register_lowering(call_p, mlir.lower_fun(_computed, multiple_results=True))
