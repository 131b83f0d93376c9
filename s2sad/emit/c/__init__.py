"""A program of loops as C99: numbers in variables, arrays as pointers and lengths, the user's statements as comments.

text         expressions, numbers, types
numbers      operations on numbers, by what their rows say
checks       what must hold for them: else the function is left
expansion    operations that C has no function for
arrays       pointers and lengths
interface    what the function takes and gives
values       names, expressions, what may be written where it is read
calls        what libraries compute
writer       statements
module       the two files
"""

from s2sad.emit.c.module import Given as Given
from s2sad.emit.c.module import Sources as Sources
from s2sad.emit.c.module import emit_c as emit_c
