"""What is installed is a library; all else is the user's code.

A module is installed where its file lies in a folder that packages are installed into, or in that of Python itself. An
editable install leaves its files where the user works on them: they stay the user's, as those in a zip file do.
"""

from __future__ import annotations

import importlib.util
import os
import site
import sys
import sysconfig
from functools import cache, lru_cache
from types import ModuleType


def root_of(name: str | None) -> str:
    """The package that a module belongs to."""
    return (name or "").partition(".")[0]


@lru_cache(maxsize=1)
def folders() -> tuple[str, ...]:
    """The folders that packages, and Python's own modules, are installed into."""
    paths = [sysconfig.get_path(scheme) for scheme in ("purelib", "platlib", "stdlib", "platstdlib")]
    paths += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({os.path.realpath(p) + os.sep for p in paths if p})


@cache
def is_installed(name: str | None) -> bool:
    """Whether a module of this name is a library: of Python, or a package that is installed.

    >>> is_installed("numpy.linalg"), is_installed("collections"), is_installed("__main__")
    (True, True, False)
    """
    root = root_of(name)
    if root in ("__main__", "__mp_main__", ""):
        return False
    if root in sys.stdlib_module_names:
        return True
    module = sys.modules.get(root)
    file = None if module is None else file_of(module)
    return file is not None and os.path.realpath(file).startswith(folders())


def can_be_imported(root: str) -> bool:
    """Whether a package of this name is a library, imported or not.

    >>> can_be_imported("numpy"), can_be_imported("nosuch")
    (True, False)
    """
    if root in sys.modules or root in sys.stdlib_module_names:
        return is_installed(root)
    spec = importlib.util.find_spec(root)
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    return any(os.path.realpath(p).startswith(folders()) for p in places if p)


def file_of(module: ModuleType) -> str | None:
    """The file of a module, or the folder of a package without one."""
    file = getattr(module, "__file__", None)
    if file is None:
        paths = list(getattr(module, "__path__", ()))
        file = paths[0] if paths else None
    return file if isinstance(file, str) else None


@cache
def version_of(root: str) -> str:
    """The version of a package; that of Python for one of its own."""
    if root in sys.stdlib_module_names:
        return sys.version.partition(" ")[0]
    if not root:
        return ""
    own = getattr(sys.modules.get(root), "__version__", None)
    if isinstance(own, str):
        return own
    from importlib import metadata

    try:
        return metadata.version(root)
    except metadata.PackageNotFoundError:
        return ""
