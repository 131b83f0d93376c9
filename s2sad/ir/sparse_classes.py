"""The classes of SciPy's sparse matrices, which nobody need have imported."""

from __future__ import annotations

import sys
from typing import Any


def _bases() -> tuple[Any, Any] | None:
    module: Any = sys.modules.get("scipy.sparse")
    return None if module is None else (module.sparray, module.spmatrix)


def is_sparse_class(cls: type) -> bool:
    """Whether objects of a class are sparse: `csr_array`, `coo_matrix`."""
    if not str(getattr(cls, "__module__", "")).startswith("scipy.sparse"):
        return False
    bases = _bases()
    return bases is not None and issubclass(cls, bases)


def is_spmatrix_class(cls: type) -> bool:
    """Whether they are matrices in the sense of `np.matrix`: `*` is the product."""
    bases = _bases()
    return bases is not None and issubclass(cls, bases[1])
