"""Program text as a string that notebooks show as code."""

from __future__ import annotations

from s2sad.view.colours import coloured
from s2sad.view.style import framed


class Text(str):
    """Program text: a string like any other, which notebooks show as lines of code."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        code = "\n".join(coloured(self))
        return {"text/plain": str(self).rstrip("\n"), "text/html": framed(f'<pre class="s2sad-code">{code}</pre>')}
