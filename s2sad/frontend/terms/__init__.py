"""What names stand for while a function is lowered: values, constants, what is made of them, and their cells."""
