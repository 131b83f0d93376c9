"""The version of the package, which the headers of emitted modules name."""

__version__ = "0.2.0"
"""The version of the package, a string."""
