"""Adaptors of other libraries, one module for each, imported by the user: `import s2sad.interop.torch`.

Each takes a function over NumPy and gives what the library differentiates, compiles or minimises. Nothing of s2sad
imports them, and each imports its own library alone.
"""
