"""One module of derivatives, made on demand: the only folder that knows the order of the stages.

Takes a function and the types of its arguments; gives the module, imported.
"""
