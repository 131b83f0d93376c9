"""How code looks in a notebook: in the colours of the theme that is there, with nothing from outside."""

from __future__ import annotations

_LIGHT = "--ink:#1f2328;--paper:#f6f8fa;--rule:#d0d7de;--faint:#59636e;--lit:#fff1b8;--word:#8250df;--name:#0550ae;"
_LIGHT += "--text:#0a6640;--note:#59636e;--number:#953800"
_DARK = "--ink:#e6edf3;--paper:#161b22;--rule:#3d444d;--faint:#9198a1;--lit:#4b3d10;--word:#d2a8ff;--name:#79c0ff;"
_DARK += "--text:#7ee2a8;--note:#9198a1;--number:#ffa657"

# The system's wish first; the theme of JupyterLab, VS Code or Colab, where it is known, outweighs it.
_THEMES = f"""
.s2sad{{{_LIGHT}}}
@media (prefers-color-scheme: dark){{.s2sad{{{_DARK}}}}}
[data-jp-theme-light="true"] .s2sad,body.vscode-light .s2sad,html[theme="light"] .s2sad{{{_LIGHT}}}
[data-jp-theme-light="false"] .s2sad,body.vscode-dark .s2sad,html[theme="dark"] .s2sad{{{_DARK}}}
"""
_PARTS = """
.s2sad{color:var(--ink);background:var(--paper);border:1px solid var(--rule);border-radius:6px;
 padding:8px 12px;margin:2px 0;max-width:100%;box-sizing:border-box;font:13px/1.45 system-ui,sans-serif}
.s2sad code,.s2sad pre,.s2sad .s2sad-row{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.s2sad pre.s2sad-code{margin:0;padding:0;overflow-x:auto;white-space:pre;background:transparent;color:inherit;
 border:0;font-size:12px;line-height:1.45}
.s2sad pre.s2sad-rows{white-space:normal}
.s2sad pre.s2sad-origin{white-space:pre-wrap;overflow-wrap:anywhere}
.s2sad .s2sad-place,.s2sad .s2sad-origin,.s2sad .s2sad-file{color:var(--faint);font-weight:normal}
.s2sad details{margin-top:6px}
.s2sad summary{cursor:pointer}
.s2sad summary:focus-visible{outline:2px solid var(--name)}
.s2sad-pair{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:4px 18px;margin-top:6px}
@media (max-width:700px){.s2sad-pair{grid-template-columns:minmax(0,1fr)}}
.s2sad-row{display:block;min-height:1.45em;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;
 --by:calc(4em + 1ch*(var(--in,0) + 2));padding-left:var(--by);text-indent:calc(-1*var(--by))}
.s2sad-pair>pre,.s2sad details>pre{max-height:620px;overflow:auto}
.s2sad-row i{display:inline-block;width:3em;margin-right:1em;text-align:right;text-indent:0;color:var(--faint);
 font-style:normal;user-select:none}
.s2sad .k,.s2sad .kn,.s2sad .ow{color:var(--word)}
.s2sad .nf,.s2sad .fm,.s2sad .nb,.s2sad .kc{color:var(--name)}
.s2sad .s1,.s2sad .s2,.s2sad .sd{color:var(--text)}
.s2sad .c1{color:var(--note);font-style:italic}
.s2sad .mi,.s2sad .mf{color:var(--number)}
"""


def framed(inside: str, rules: str = "") -> str:
    """A piece of HTML with its style; `rules` are further ones."""
    style = f"{_THEMES}{_PARTS}{rules}".replace("\n", "")
    return f'<div class="s2sad"><style>{style}</style>{inside}</div>'
