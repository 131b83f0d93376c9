"""The reverse mode. Takes a function of the trace; gives its pullback, or the two halves of one."""
