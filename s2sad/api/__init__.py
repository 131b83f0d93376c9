"""What users call: the operators, custom derivatives, checkpoints.

Takes functions; gives the derivatives of `dispatch`.
"""
