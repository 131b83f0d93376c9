"""The rules of Python's operators on numbers, and of `math`."""
