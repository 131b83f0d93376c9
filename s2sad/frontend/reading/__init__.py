"""From a function to the tree of its source: where it was defined, its names, and fewer kinds of statements."""
