"""The pictures of all examples that draw one.

python -m examples.gallery [folder]
"""

import importlib
import sys
import time

SVG = ("worked_function",)
PNG = (
    *("lotka_volterra", "epidemic", "billiard", "ray_marcher", "sparse_poisson", "neural_ode"),
    *("digits", "maml", "low_rank", "newton_cg", "pipe_network"),
)


def main(folder="output"):
    for kind, names in (("svg", SVG), ("png", PNG)):
        for name in names:
            start = time.perf_counter()
            importlib.import_module(f"examples.{name}").main(f"{folder}/{name}.{kind}")
            print(f"{time.perf_counter() - start:.1f} s\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
