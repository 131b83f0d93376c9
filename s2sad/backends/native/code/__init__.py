"""From a program of loops to the text of LLVM: `kernel_text(function)` gives `define i32 @"name.kernel"(...)`.

values       what stands for a number, an array, a container in the text
writer       lines, blocks, what is declared; the ways out, and what is freed on them
conversions  numbers of one dtype as numbers of another
operators    Python's operators, as Python and as NumPy have them
instructions what machines do with numbers besides: the absolute value, the greater of two, rounding
numbers      how a primitive becomes instructions: by what its row says of it
memory       arrays: allocated, read, written, freed
control      loops and branches
calls        what BLAS computes
libraries    what Python computes: all that is not said here
called       functions that call themselves
kernel       the function: its parameters, its result
"""

from s2sad.backends.native.code.kernel import kernel_text

__all__ = ["kernel_text"]
