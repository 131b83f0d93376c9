"""From a function of the IR to its tangent or adjoint, as functions of the same IR."""
