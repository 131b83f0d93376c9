"""From functions of the IR to the text of a Python module: leaving SSA, names, comments, text."""
