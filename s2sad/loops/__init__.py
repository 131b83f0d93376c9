"""From programs over arrays to loops over numbers, as SSA of the same IR.

Takes the functions of a module, gives one, and those beside it that call themselves.

    v = np.exp(x - m); s = np.sum(v)      for i in range(n): v[i] = exp(x[i] - m); s += v[i]

calls      all functions that the entry calls stand in it, but for those that call themselves
definitions  what functions are in terms of others, in the places of their calls
lives      how long each value is read
lowering   each operation on arrays as what gives its elements: loops over those that must be stored
directions loops that run backwards for nothing run forwards
layout     arrays turned so that the innermost loops run along their rows
strips     long arrays that a loop changes again and again, a part that stays in the cache at a time
libraries  what has no loops of its own: an operation as it is, on arrays in memory
text       the loops as readable Python
"""

from s2sad.loops.lowering import to_loops

__all__ = ["to_loops"]
