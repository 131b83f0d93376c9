"""Types: when two are one."""

import numpy as np

from s2sad.ir.types import ArrayType, same_dtype


def test_an_unknown_dtype_is_not_float64():
    """NumPy takes None for float64, where it compares dtypes."""
    unknown, known = ArrayType(None, (3,), "array"), ArrayType(np.dtype(float), (3,), "array")
    assert unknown != known and known != unknown
    assert unknown == ArrayType(None, (3,), "array") and known == ArrayType(np.dtype(float), (3,), "array")
    assert not same_dtype(None, np.dtype(float))
    assert same_dtype(None, None) and same_dtype(np.dtype(float), np.dtype(np.float64))
