"""The optimiser between two verifications, where those are asked for: under test."""

from __future__ import annotations

import os
from collections.abc import Collection

from s2sad.ir.values import Function, Value
from s2sad.ir.verifier import verify
from s2sad.optimize import optimize as run_passes
from s2sad.progress import stage

VERIFY = os.environ.get("S2SAD_VERIFY") == "1"
"""Whether the IR is verified after every stage."""


def optimize(function: Function, anchors: Collection[Value] | None = None) -> Function:
    """The optimiser, between two verifications where those are asked for."""
    with stage("optimising", function.name):
        if VERIFY:
            verify(function)
        function = run_passes(function, anchors)
        return verify(function) if VERIFY else function
