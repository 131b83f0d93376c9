"""lstm: the loss of layers of long short-term memory with diagonal weights along a sequence, and its gradient.

M. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems in
computer vision and machine learning, 2018 (ADBench).
"""

import math
from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def loss(main: np.ndarray, extra: np.ndarray, state: np.ndarray, sequence: np.ndarray) -> float:
    """The mean loss of what each item of a sequence predicts of the next.

    main: float64[2 layers, 4 h], the weights and biases of the gates of each layer in turn; extra: float64[3, h];
    state: float64[2 layers, h], hidden and cell of each layer in turn; sequence: float64[items, h].
    """
    items, h = sequence.shape
    state = state.copy()
    x = np.empty(h)
    total = 0.0
    for t in range(items - 1):
        for i in range(h):
            x[i] = sequence[t, i] * extra[0, i]
        for k in range(0, len(state), 2):
            for i in range(h):
                forget = 1.0 / (1.0 + math.exp(-x[i] * main[k, i] - main[k + 1, i]))
                ingate = 1.0 / (1.0 + math.exp(-state[k, i] * main[k, h + i] - main[k + 1, h + i]))
                outgate = 1.0 / (1.0 + math.exp(-x[i] * main[k, 2 * h + i] - main[k + 1, 2 * h + i]))
                change = math.tanh(state[k, i] * main[k, 3 * h + i] + main[k + 1, 3 * h + i])
                cell = state[k + 1, i] * forget + ingate * change
                x[i] = outgate * math.tanh(cell)
                state[k, i], state[k + 1, i] = x[i], cell
        norm = 2.0
        for i in range(h):
            x[i] = x[i] * extra[1, i] + extra[2, i]
            norm += math.exp(x[i])
        for i in range(h):
            total += sequence[t + 1, i] * (x[i] - math.log(norm))
    return -total / (h * (items - 1))


def read(message: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """The arguments of the loss."""
    return tuple(np.array(message[name], dtype=float) for name in ("main_params", "extra_params", "state", "sequence"))


def write(gradient: tuple[np.ndarray, np.ndarray]) -> list[float]:
    """The gradients by main and extra, row by row."""
    return [number for bar in gradient for number in bar.ravel().tolist()]


FUNCTIONS = {
    "objective": Function(read, s2sad.jit(loss), float),
    "jacobian": Function(read, s2sad.grad(loss, ("main", "extra"), backend="native"), write),
}
