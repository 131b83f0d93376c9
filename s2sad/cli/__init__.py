"""The command line: takes words, calls `api` and `dispatch`, gives an exit status; one file per command.

s2sad trace    examples/worked_function.py:L --signature "float, float"
s2sad show     examples/worked_function.py:L --argnums 0,1
s2sad check    examples/worked_function.py:L --at "2.0, 3.0"
s2sad graph    examples/worked_function.py:L -o L.svg
s2sad explore  examples/worked_function.py:L --at "2.0, 3.0" -o L.html
s2sad generate --check
s2sad cache    --clear --older-than 30
"""

from s2sad.cli.entry import main

__all__ = ["main"]
