"""What the statements and expressions of Python mean: each part lowers some of them to operations of the trace."""
