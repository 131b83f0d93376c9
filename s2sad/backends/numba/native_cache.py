"""numba's cache on disk, read only where it was written here: its files are pickles, which run whatever they hold.

An index says for which types a function was compiled, and in which file. Both are sealed with the text of the module
and their own names, and no name of a file is used twice: what is loaded is what was compiled of this very text.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import types
from pathlib import Path
from typing import Any

from numba.core import caching

from s2sad import cache

LOGGER = logging.getLogger("s2sad")
KIND = "numba"


def keep_on_disk(dispatcher: Any, module: types.ModuleType) -> None:
    """Let a native function be found again by the next process."""
    try:
        dispatcher._cache = SealedCache(dispatcher.py_func)
    except (RuntimeError, AttributeError, OSError) as e:
        LOGGER.debug("%s of %s is compiled in each process: %s", dispatcher, module.__name__, e)


def stamp_of(function: Any) -> str:
    """The digest of the text of the module that a function is in."""
    return hashlib.sha256(function.__globals__["__name__"].body.encode()).hexdigest()


class Beside(caching._CacheLocator):
    """The folder beside the module; what is in it is of the module's text, not of a file's time."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file = file
        self._line = function.__code__.co_firstlineno
        self.stamp = stamp_of(function)

    def ensure_cache_path(self) -> None:
        os.makedirs(self.get_cache_path(), mode=0o700, exist_ok=True)

    def get_cache_path(self) -> str:
        return os.path.join(os.path.dirname(self._py_file), "__pycache__")

    def get_source_stamp(self) -> str:
        return self.stamp

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Beside:
        return cls(py_func, py_file)


class SealedResults(caching.CompileResultCacheImpl):
    """What numba compiled as it is kept, in the folder beside the module."""

    _locator_classes = [Beside]


class SealedFiles(caching.IndexDataCacheFile):
    """The index and the data of one function."""

    def __init__(self, cache_path: str, filename_base: str, source_stamp: str) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._base = filename_base

    def _load_index(self) -> dict[Any, str]:
        found = self._unpickled(self._index_name)
        if not (isinstance(found, tuple) and len(found) == 2 and found[0] == self._version):
            return {}
        return dict(found[1])

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_name, (self._version, overloads))

    def _load_data(self, name: str) -> Any:
        return self._unpickled(name)

    def _save_data(self, name: str, data: object) -> None:
        self._write(name, data)

    def _data_name(self, number: int) -> str:
        # Used once: data of another time does not fit the index of this one.
        return f"{self._base}.{number}.{cache.unique()[:16]}.nbc"

    def _proof(self, name: str) -> tuple[bytes, bytes]:
        return self._source_stamp.encode(), name.encode()

    def _unpickled(self, name: str) -> Any:
        path = Path(self._data_path(name))
        data = cache.unsealed(cache.read_own(path), KIND, *self._proof(name))
        if data is None:
            return None
        try:
            return pickle.loads(data)
        except (MemoryError, RecursionError):
            raise
        except Exception as e:  # of another version of something that it names
            LOGGER.debug("%s is not used: %s: %s", path, type(e).__name__, e)
            return None

    def _write(self, name: str, value: object) -> None:
        cache.write_whole(Path(self._data_path(name)), cache.sealed(self._dump(value), KIND, *self._proof(name)))


class SealedCache(caching.FunctionCache):
    """The cache of one native function."""

    _impl_class = SealedResults

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        # Its settings may name other locators: the stamp is of the text wherever the files are.
        self._cache_file = SealedFiles(self._cache_path, self._impl.filename_base, stamp_of(py_func))

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as e:
            LOGGER.debug("%s is compiled in each process: %s", self._name, e)
