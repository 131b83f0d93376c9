"""A marked loop that is left early runs to its end: the steps behind the last one change nothing.

for k in checkpointed(range(n), snapshots=3):      left = False
    x = step(x)                                    for k in checkpointed(range(n), snapshots=3):
    if done(x):                                        if not left:
        break                                              x = step(x)
                                                           left = done(x)
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.types import BOOL
from s2sad.ir.values import Block, For, If, Value, constant


def to_the_end(loop: For) -> For:
    """The loop without a break: it carries whether it was left."""
    index, *carried = loop.body.parameters
    left = Value(BOOL, "left")
    after = tuple(Value(v.type, v.hint) for v in (*carried, left))
    resting = Block((), (), (*carried, constant(True)))
    step = Block((), loop.body.operations, loop.body.results)
    body = Block((index, *carried, left), (If(left, resting, step, after, loop.location),), after)
    final = Value(BOOL, "left")
    return replace(
        loop, initial=(*loop.initial, constant(False)), body=body, results=(*loop.results, final), breaks=False
    )
