"""The main job, start to end: a trace, its derivative as source, a gradient check, and a fit to real data.

python -m examples.demo
"""

import numpy as np

import s2sad
from examples import lotka_volterra, worked_function


def main():
    print("== The worked function ==\n")
    worked_function.main("output/L.svg")
    print("\n== Gradient check of the Lotka-Volterra misfit ==\n")
    counts = np.loadtxt(lotka_volterra.DATA, delimiter=",", skiprows=2)[:, 1:]
    q = np.log([0.5, 0.025, 0.025, 0.8, 30.0, 4.0])
    s2sad.check_grads(lotka_volterra.misfit, (q, counts))
    print("forward and reverse mode agree with extrapolated differences")
    print("\n== Lynx and hare, 1900-1920 ==\n")
    lotka_volterra.main("output/lynx_hare.png")


if __name__ == "__main__":
    main()
