"""What a compiled function depends on beside its arguments: what the compiler has read to make it, and nothing else.

Whoever lowers a function notes each look outside it. A look is a step from an object that is known already, and so each
has a path from the function itself (object 0), which leads to the same place in another process, or in another function
of the same code:

    def f(x):                       0  part __globals__       -> object 1, a dict
        return pk.sub.g(x) * K      1  item pk                -> object 2, module pk
                                    2  own  sub               -> object 3, module pk.sub
                                    3  own  g                 -> object 4, function pk.sub.g and the digest of its code
                                    1  item K                 -> int:3

Three things are made of the looks. `Seen.guards` tells at each call, in a few dozen nanoseconds a look, whether all is
as it was. `replay` takes the same looks from another function, or in another process, and compares what is found. What
is found is told apart by its fingerprint; an object that has none, by what is read of it; what is neither, by its
identity alone: such a program is never found again in another process.

`looks` has the manners of looking, `reads` a compilation that notes what it reads, `guards` and `replay` what is made
of that. What is read anew at each call is said by `frontend/terms/outside.py`.
"""

from s2sad.frontend.dependencies.guards import Guards
from s2sad.frontend.dependencies.looks import LOGGER, MISSING, READ_ANEW, Looks, Variable, is_place, told_apart
from s2sad.frontend.dependencies.reads import NeedsConstant, NeedsHandle, NeedsVariables, Reads, Settled, namespace
from s2sad.frontend.dependencies.replay import Change, Seen, replay

__all__ = [
    "LOGGER",
    "MISSING",
    "Change",
    "Guards",
    "Looks",
    "READ_ANEW",
    "NeedsConstant",
    "NeedsHandle",
    "NeedsVariables",
    "Reads",
    "Seen",
    "Settled",
    "Variable",
    "is_place",
    "namespace",
    "replay",
    "told_apart",
]
