"""The intermediate representation: types, values, operations, blocks, functions; the form of a rule and its registry;
builder, printer, complete text and its parser, verifier. It takes nothing from the rest of s2sad but `errors`, and
every stage gives and takes it.
"""
