"""What functions and methods of Python and NumPy mean where a primitive does not say it.

Takes terms; gives terms, and adds operations to the trace.
"""
