"""From a Python function to typed SSA: source, desugared tree, names, operations."""
