"""Machine code of the loops of a program, made by LLVM, which Python calls as a builtin function."""

from s2sad.backends.native.runner import RUNNER as RUNNER
