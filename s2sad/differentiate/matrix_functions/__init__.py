"""Products `V @ np.diag(f(w)) @ V.T` of what `eigh` gives, found before the derivative: functions of the matrix."""

from s2sad.differentiate.matrix_functions.recognition import claimed_functions, subject

__all__ = ["claimed_functions", "subject"]
