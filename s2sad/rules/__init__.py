"""The book of rules: each area a module, which registers its primitives where one of them is first asked for.

A module takes NumPy's (or Python's) functions and gives, for each, a type rule, a tangent and an adjoint. What they
have in common is in `families` (kinds of rows), `promotion` (types), `contributions` (shapes and dtypes of what a rule
gives) and `domains` (points to test at). Adding a primitive touches one of the files of an area and nothing else.
"""

import importlib
import importlib.util
import pkgutil
from functools import partial

from s2sad.ir.late import LATE, load_late, when_imported


def _of_numpy() -> None:
    """Read the rules of Python's operators and functions, and of NumPy's."""
    for area in ("python", "numpy"):
        package = importlib.import_module(f"s2sad.rules.{area}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"s2sad.rules.{area}.{module.name}")
    importlib.import_module("s2sad.rules.batching")


def _of_several(*subjects: str) -> None:
    """Read the rules of a namespace that stand in several modules."""
    for subject in subjects:
        _of_scipy(subject)


def _of_scipy(module: str, function: str | None = None) -> None:
    """Read the rules of a module, or those that one of its functions adds."""
    found = importlib.import_module(f"s2sad.rules.scipy.{module}")
    if function is not None:
        getattr(found, function)()


when_imported("numpy", _of_numpy)
when_imported(
    "scipy.special", partial(_of_several, "special", "bessel", "cumulative", "elliptic", "hypergeometric", "waves")
)
when_imported(
    "scipy.stats",
    partial(_of_several, "continuous", "positive", "bounded", "counts", "multivariate", "summaries", "draws"),
)
when_imported("scipy.linalg", partial(_of_scipy, "linalg"))
when_imported("scipy.integrate", partial(_of_scipy, "signal", "of_integrate"))
when_imported("scipy.fft", partial(_of_scipy, "fft"))
when_imported("scipy.ndimage", partial(_of_scipy, "ndimage"))
when_imported("scipy.optimize", partial(_of_scipy, "optimize"))
when_imported("scipy.signal", partial(_of_scipy, "signal", "of_signal"))
when_imported("scipy.spatial.distance", partial(_of_scipy, "distances"))
for _namespace in ("special", "linalg", "signal", "ndimage", "stats", "spatial", "optimize", "fft"):
    when_imported(f"scipy.{_namespace}", partial(_of_scipy, "plain", f"of_{_namespace}"))
for _module in ("vq", "hierarchy"):
    when_imported(f"scipy.cluster.{_module}", partial(_of_scipy, "plain", "of_cluster"))
when_imported("scipy.sparse", partial(_of_scipy, "sparse"))
when_imported("scipy.sparse.linalg", partial(_of_several, "sparse.systems", "sparse.eigenvalues"))


def everything() -> None:
    """Read all rules, those of libraries too that have not been imported so far, where they are installed."""
    for name in list(LATE):
        if importlib.util.find_spec(name.split(".")[0]) is not None:
            importlib.import_module(name)
    load_late()
