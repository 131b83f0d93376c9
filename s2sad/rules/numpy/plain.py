"""Functions of NumPy without a derivative: what is flat, what reads and writes files, what is refused, and why."""

from __future__ import annotations

from s2sad.ir.unruled import of_module

of_module(
    "numpy",
    flat="array2string array_repr array_str bartlett base_repr binary_repr bitwise_count blackman broadcast_shapes "
    "busday_count busday_offset common_type datetime_as_string datetime_data diag_indices diag_indices_from "
    "einsum_path format_float_positional format_float_scientific gcd hamming hanning is_busday iscomplex "
    "isfortran isnat isreal iterable ix_ lcm mask_indices may_share_memory min_scalar_type mintypecode packbits "
    "ravel_multi_index shares_memory tri tril_indices tril_indices_from triu_indices triu_indices_from typename "
    "unpackbits unravel_index",
    acts="save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall show_config show_runtime",
    reads="fromfile fromregex genfromtxt load loadtxt get_printoptions getbufsize geterr geterrcall",
)
of_module("numpy.linalg", flat="matrix_rank")
of_module(
    "numpy",
    refused="poly1d",
    why="an object that stands for a polynomial, with an arithmetic of its own",
    instead="np.polyval of the coefficients, or numpy.polynomial.Polynomial",
)
of_module(
    "numpy",
    refused="matrix asmatrix bmat",
    why="matrices multiply with *: NumPy advises against them",
    instead="arrays, @ and np.block",
)
of_module(
    "numpy",
    refused="nditer nested_iters flatiter broadcast",
    why="an iterator over the memory of arrays",
    instead="a loop over indices, np.ndindex, or np.broadcast_arrays",
)
of_module("numpy", refused="frompyfunc", why="gives an array of objects", instead="np.vectorize")
of_module(
    "numpy",
    refused="record recarray memmap ndarray frombuffer fromstring from_dlpack busdaycalendar fromfunction",
    why="reads memory, or calls a function, as no rule says",
    instead="np.array, np.asarray, or a loop",
)
of_module(
    "numpy",
    refused="require asarray_chkfinite",
    why="gives its argument or a copy, or raises",
    instead="np.asarray, and a test of np.isfinite",
)
of_module(
    "numpy",
    refused="intersect1d setdiff1d setxor1d union1d unique_all unique_counts unique_inverse unique_values",
    why="how many numbers there are depends on the values",
    instead="np.unique with return_index, and the numbers at these places",
)
_SERIES = {
    "polynomial": "poly",
    "chebyshev": "cheb",
    "legendre": "leg",
    "laguerre": "lag",
    "hermite": "herm",
    "hermite_e": "herme",
}


def _named(prefix: str, names: str) -> str:
    return " ".join(prefix + n for n in names.split())


for _module, _prefix in _SERIES.items():
    of_module(f"numpy.polynomial.{_module}", flat=_named(_prefix, "gauss pts1 pts2"))
    of_module(
        f"numpy.polynomial.{_module}",
        refused=_named(_prefix, "add sub mul mulx div pow trim"),
        why="cuts off zeros at the end: how long its result is depends on the values",
        instead="an object, numpy.polynomial.Polynomial, or the values of the series",
    )
    of_module(
        f"numpy.polynomial.{_module}",
        refused=_named(_prefix, "companion fromroots line grid3d val3d vander2d vander3d valfromroots interpolate")
        + f" {_prefix}2poly poly2{_prefix}",
        why="no rule so far",
        instead=f"{_prefix}vander and products of matrices",
    )
of_module("numpy.polynomial", acts="set_default_printstyle")
of_module(
    "numpy.random",
    refused="get_state set_state bytes ranf sample BitGenerator",
    why="moves the state of a generator, or is of an old interface",
    instead="a generator of np.random.default_rng",
)
