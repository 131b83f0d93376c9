"""Self-attention with several heads, causal, and a loss at its end."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v, mask):
    return softmax(q @ k.T / np.sqrt(k.shape[1]) + mask) @ v


def attention_loss(x, Wq, Wk, Wv, Wo, y):
    """The mean squared error. x, y: float64[t, d]; Wq, Wk, Wv: float64[heads, d, e], Wo: float64[heads, e, d]."""
    mask = np.triu(np.full((len(x), len(x)), -1e9), 1)
    out = np.zeros_like(x)
    for h in range(len(Wq)):
        out = out + attention(x @ Wq[h], x @ Wk[h], x @ Wv[h], mask) @ Wo[h]
    return np.mean((out - y) ** 2)


def arguments(t=64, d=32, heads=4):
    rng = np.random.default_rng(0)
    Wq, Wk, Wv = (rng.normal(size=(heads, d, d // heads)) / np.sqrt(d) for _ in range(3))
    Wo = rng.normal(size=(heads, d // heads, d)) / np.sqrt(d)
    return rng.normal(size=(t, d)), Wq, Wk, Wv, Wo, rng.normal(size=(t, d))
