"""The maximum of the softmax does not change it, so no adjoint goes through it; one record for each head."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_loss_adjoint(x, Wq, Wk, Wv, Wo, y):
    heads, _, size = Wq.shape
    mask = np.triu(np.full((len(x), len(x)), -1e9), 1)
    out = np.zeros_like(x)
    kept = []
    for h in range(heads):
        q, k, v = x @ Wq[h], x @ Wk[h], x @ Wv[h]
        p = softmax(q @ k.T / np.sqrt(size) + mask)
        kept.append((q, k, v, p))
        out += p @ v @ Wo[h]
    error = out - y

    out_bar = 2.0 / error.size * error
    x_bar = np.zeros_like(x)
    Wq_bar, Wk_bar, Wv_bar, Wo_bar = map(np.zeros_like, (Wq, Wk, Wv, Wo))
    for h, (q, k, v, p) in enumerate(kept):
        Wo_bar[h] = (p @ v).T @ out_bar
        head_bar = out_bar @ Wo[h].T
        s_bar = p * (head_bar @ v.T)
        s_bar -= p * np.sum(s_bar, axis=1, keepdims=True)
        s_bar /= np.sqrt(size)
        q_bar, k_bar, v_bar = s_bar @ k, s_bar.T @ q, p.T @ head_bar
        Wq_bar[h], Wk_bar[h], Wv_bar[h] = x.T @ q_bar, x.T @ k_bar, x.T @ v_bar
        x_bar += q_bar @ Wq[h].T + k_bar @ Wk[h].T + v_bar @ Wv[h].T
    return np.mean(error**2), (x_bar, Wq_bar, Wk_bar, Wv_bar, Wo_bar)
