"""Functions as people write them; none of them is an example or a test of the compiler."""
