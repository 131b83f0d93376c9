"""The worked function of the tutorials: its trace, both derivative programs, the hand calculation, both graphs.

python -m examples.worked_function
"""

import numpy as np

import s2sad


def L(w1: float, w2: float):
    return w2 * np.log(w1) + np.sqrt(w2 * np.log(w1))


def by_hand(w1, w2):
    """The gradient from the chain rule on paper."""
    v1 = np.log(w1)
    v2 = w2 * v1
    v3 = np.sqrt(v2)
    v2_bar = 1.0 + 0.5 / v3
    return v2_bar * w2 / w1, v2_bar * v1


def main():
    w1, w2 = 2.0, 3.0
    gradient = s2sad.grad(L, argnums=(0, 1))
    print(s2sad.trace(L, w1, w2), end="\n\n")
    print(gradient.lower(w1, w2).source)
    print("gradient  ", gradient(w1, w2))
    print("by hand   ", by_hand(w1, w2))
    print("along w1  ", s2sad.jvp(L, (w1, w2), (1.0, 0.0)))


if __name__ == "__main__":
    main()
