"""What people see of a derivative: the lines of its text with what each one is, its graph, runs watched line by line.

It takes data that the compiler keeps, lines, operations and types, and gives plain data, and what a notebook shows of
that. It never parses text.
"""
