"""What users hold: an object that is called like the function it was made of.

It finds what was compiled for such arguments, or has it compiled.
"""
