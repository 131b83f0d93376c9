"""Emitted modules as files: found again by every process of this user, run only if this user's s2sad wrote them.

    module = find("f_grad", key) or store("f_grad", key, text, meta)
    pickle.dumps(module.f_grad)     takes the text along; where it is read, it is verified, stored, imported

`keys` say what a module is of, `folders` where they lie, `proof` that it was written here, `files` how they are read
and written, `modules` that they are imported, `cleaning` that they do not grow for ever. It knows nothing of the IR.
"""

from s2sad.cache.cleaning import Usage, forget, shrink, usage
from s2sad.cache.files import MAX_SIZE, read_own, write_whole
from s2sad.cache.folders import cache_directory, private_folder
from s2sad.cache.keys import _own_digest, digest, unique
from s2sad.cache.modules import Stored, again, find, imported, parts_of, receive, store, text_of, variants
from s2sad.cache.proof import seal, sealed, unsealed
from s2sad.cache.records import VARIANT

__all__ = [
    "MAX_SIZE",
    "VARIANT",
    "Stored",
    "Usage",
    "_own_digest",
    "again",
    "cache_directory",
    "digest",
    "find",
    "forget",
    "imported",
    "parts_of",
    "private_folder",
    "read_own",
    "receive",
    "seal",
    "sealed",
    "shrink",
    "store",
    "text_of",
    "unique",
    "unsealed",
    "usage",
    "variants",
    "write_whole",
]
