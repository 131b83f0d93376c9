"""What a program may be made of, said by what is to run it. The stages ask this, and never who it is that runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
    """What runs emitted modules, as data: what it can do. How it is written for, and started, stands in `backends`."""

    name: str
    """How users choose it."""
    containers: bool = True
    """Its entries take and give containers of any class; otherwise numbers, arrays and tuples of them only."""
    signature: bool = True
    """Its entries have the parameters of the user's function, those that are constants and defaults with them."""
    lists: bool = True
    """Lists are quick: what loops keep for a reverse sweep goes to them where a number is Python's own, or an array."""
    batches: bool = True
    """An operation for many examples is quicker than a loop over them: in `vmap`, for all unit vectors at once, and
    for the loops of a reverse sweep that are one expression of slices."""
    recursion: bool = True
    """What is kept of calls may nest, so that sweeps can be taken of a function that calls itself."""
    snapshots: bool = True
    """A marked loop may store snapshots, and be run again from them."""
    iterates: bool = True
    """`for x in xs`; otherwise loops count, and the first statements of their bodies index what they scan."""
    overlaps: bool = True
    """What is computed in the memory of an array may read views of it: copies are made where there must be some."""
    checks: bool = False
    """Its entries check their arguments: a call may go straight to one, where nothing has changed."""
    mark: str = "_"
    """What stands between a name and the number that tells it from others: it may number names itself."""


NUMPY = Backend("numpy")
"""Python with NumPy: it runs every program as it is."""

LOOPS = Backend(
    "",
    containers=False,
    signature=False,
    lists=False,
    batches=False,
    recursion=False,
    snapshots=False,
    iterates=False,
    overlaps=False,
)
"""What is made of loops over numbers and arrays: a backend of a name says what it is beside that."""
