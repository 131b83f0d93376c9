"""Signatures of the command line: arguments of the types that a text names."""

from __future__ import annotations

import ast
import itertools
import operator

import numpy as np

from s2sad.cli.command import WrongUse

LENGTH = 3
"""The length of a dimension that a signature names with a letter."""


def examples(signature: str) -> tuple[object, ...]:
    """Arguments of the types that a signature names, drawn from a fixed seed.

    Types are `float`, `int`, `bool`, `float32`, ..., arrays `float64[n, 3]` (equal letters are equal lengths,
    `4*n` is four times as long), tuples, lists and dicts of types, and Python literals, which stand for themselves.

    >>> [np.shape(x) for x in examples("float, float64[n, 2], (int, float32[4])")[:2]]
    [(), (3, 2)]
    """
    generator = np.random.default_rng(0)
    lengths = Lengths(numbers_in(signature))
    try:
        tree = ast.parse(f"({signature},)", mode="eval").body
        assert isinstance(tree, ast.Tuple)
        return tuple(_example(node, generator, lengths) for node in tree.elts)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as e:
        what = e.msg if isinstance(e, SyntaxError) else e
        short = signature if len(signature) < 200 else signature[:200] + "..."
        raise WrongUse(f'--signature {short!r}: {what}\n    types are written as "float64[n, 3], float, int"') from e


def numbers_in(signature: str) -> frozenset[int]:
    """The lengths that a signature says in numbers: 3 of `float64[n, 3]`."""
    try:
        tree = ast.parse(f"({signature},)", mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # said where the examples are made
        return frozenset()
    dims = [
        d
        for s in ast.walk(tree)
        if isinstance(s, ast.Subscript)
        for d in (s.slice.elts if isinstance(s.slice, ast.Tuple) else [s.slice])
    ]
    return frozenset(d.value for d in dims if isinstance(d, ast.Constant) and type(d.value) is int)


def _example(node: ast.expr, generator: np.random.Generator, lengths: Lengths) -> object:
    match node:
        case ast.Name(id="float" | "int" | "bool" as name):
            return {"float": float(generator.uniform(0.5, 1.5)), "int": 3, "bool": True}[name]
        case ast.Name(id=name):
            return np.dtype(name).type(generator.uniform(0.5, 1.5))
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            dims = index.elts if isinstance(index, ast.Tuple) else [index]
            shape = tuple(_length(d, lengths) for d in dims)
            dtype = np.dtype(name)
            values = generator.uniform(0.5, 1.5, size=shape) if dtype.kind in "fc" else generator.integers(0, 2, shape)
            return np.asarray(values).astype(dtype)
        case ast.Tuple(elts=items):
            return tuple(_example(i, generator, lengths) for i in items)
        case ast.List(elts=items):
            return [_example(i, generator, lengths) for i in items]
        case ast.Dict(keys=keys, values=values):
            return {
                ast.literal_eval(k): _example(v, generator, lengths)
                for k, v in zip(keys, values, strict=True)
                if k is not None
            }
    return ast.literal_eval(node)


def _length(node: ast.expr, lengths: Lengths) -> int:
    """A length: a number, a letter, which is a number of its own, or a sum or product of these."""
    match node:
        case ast.Name(id=name):
            return lengths.of(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            compute = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}[type(op)]
            return int(compute(_length(left, lengths), _length(right, lengths)))
    return int(ast.literal_eval(node))


class Lengths:
    """The lengths that letters stand for: each another one, and none that the signature says in numbers."""

    def __init__(self, taken: frozenset[int]) -> None:
        self.taken = taken
        self.known: dict[str, int] = {}

    def of(self, name: str) -> int:
        if name not in self.known:
            free = (n for n in itertools.count(LENGTH) if n not in self.taken and n not in self.known.values())
            self.known[name] = next(free)
        return self.known[name]
