"""Modules compiled by numba: loops over numbers and arrays, which run as fast as those of C."""

from s2sad.backends.numba.runner import RUNNER as RUNNER
