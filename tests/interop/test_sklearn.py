"""Estimators of a script in the workers of joblib: cloudpickle sends the class, and leaves out its file."""

import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import s2sad
from s2sad.errors import SourceUnavailable

SCRIPT = """
import numpy as np
import s2sad
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV


class Huber(RegressorMixin, BaseEstimator):
    def __init__(self, alpha=0.1, delta=1.0):
        self.alpha = alpha
        self.delta = delta

    def objective(self, w, X, y):
        r = X @ w - y
        return np.mean(np.sqrt(self.delta**2 + r * r)) + self.alpha * np.sum(w * w)

    def fit(self, X, y):
        self.coef_ = minimize(s2sad.value_and_grad(self.objective), np.zeros(X.shape[1]), (X, y), jac=True).x
        return self

    def predict(self, X):
        return X @ self.coef_


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X @ np.array([1.0, 2.0, 3.0]) + 0.01 * rng.normal(size=60)
    search = GridSearchCV(Huber(), {"alpha": [1e-4, 1.0]}, n_jobs=2, cv=2, error_score="raise").fit(X, y)
    print(search.best_params_, search.best_estimator_.coef_.round(1))
"""


def test_grid_search_of_a_scripts_class(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    script = tmp_path / "huber.py"
    script.write_text(SCRIPT)
    root = str(Path(s2sad.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert done.stdout == "{'alpha': 0.0001} [1. 2. 3.]\n", done.stderr


def cubed(x):
    return x**3


def fourth(x):
    return x**4


def fifth(x):
    return x**5


def sent(function, **around):
    """A function as cloudpickle sends it: its code without a file, the file among its globals where there is one."""
    code = function.__code__.replace(co_filename="<dynamic-code>")
    return types.FunctionType(code, {"np": np, "__name__": "__main__", **around}, function.__name__)


def test_the_file_is_known_by_the_globals():
    assert s2sad.grad(sent(cubed, __file__=__file__))(2.0) == 12.0


def test_another_file_of_that_name_is_not_taken(tmp_path):
    other = tmp_path / "other.py"
    other.write_text("def fourth(x):\n    return x**2\n")
    with pytest.raises(s2sad.Error, match="other.py"):
        s2sad.grad(sent(fourth, __file__=str(other)))(2.0)


def test_no_file_is_said_so():
    with pytest.raises(SourceUnavailable, match="came from another process, and the file that it is written in is not"):
        s2sad.grad(sent(fifth))(2.0)
