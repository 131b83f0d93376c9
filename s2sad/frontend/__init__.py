"""From a Python function to typed SSA. Takes a function and the types of its arguments; gives a function of the IR.

`reading` makes a small tree of the source, `terms` are what names stand for, `syntax` lowers statements and
expressions, `services` is what its parts ask of each other, `library` knows what functions of Python and NumPy mean,
`dependencies` notes what was read outside.
"""
