"""Machine code of loops, made by LLVM."""
