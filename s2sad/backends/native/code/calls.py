"""What libraries compute, written into memory that is there: products of matrices, by BLAS."""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.backends.native.code.values import Handle
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedCall
from s2sad.ir.values import Apply


def into(w: Writer, op: Apply, arrays: Sequence[Handle]) -> None:
    """Call a function of a library; the last array gets the result."""
    raise UnsupportedCall(f"{op.static['function']} in native code", "use backend='numpy'")
