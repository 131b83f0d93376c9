"""Elementary functions of the native backend: written as Python, inlined as straight-line code that vectorises."""

from s2sad.backends.native.elementary.library import arity as arity
from s2sad.backends.native.elementary.library import c_text_of as c_text_of
from s2sad.backends.native.elementary.library import known as known
from s2sad.backends.native.elementary.library import text_of as text_of
from s2sad.backends.native.elementary.llvm import Target as Target
