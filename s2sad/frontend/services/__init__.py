"""What the parts of the language ask of each other: each service declared once, under the part that defines it."""
