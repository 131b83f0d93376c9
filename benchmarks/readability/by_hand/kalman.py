"""One record a step; the covariance is symmetric, and `P @ H` is `s * k`."""

import numpy as np


def negative_log_likelihood_adjoint(theta, ys, dt):
    q, r = np.exp(theta)
    F = np.array([[1.0, dt], [0.0, 1.0]])
    G = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    H = np.array([1.0, 0.0])
    m = np.array([ys[0], 0.0])
    P = np.eye(2)
    total = 0.0
    kept = []
    for y in ys[1:]:
        m = F @ m
        P = F @ P @ F.T + q * G
        e = y - H @ m
        s = H @ P @ H + r
        k = P @ H / s
        kept.append((e, s, k))
        m = m + k * e
        P = P - s * np.outer(k, k)
        total += 0.5 * (np.log(s) + e**2 / s)

    q_bar = r_bar = 0.0
    m_bar, P_bar = np.zeros(2), np.zeros((2, 2))
    for e, s, k in reversed(kept):
        k_bar = m_bar * e - 2.0 * s * P_bar @ k
        e_bar = m_bar @ k + e / s
        s_bar = 0.5 * (1.0 - e**2 / s) / s - k @ P_bar @ k - k_bar @ k / s
        r_bar += s_bar
        m_bar = F.T @ (m_bar - e_bar * H)
        P_bar = P_bar + np.outer(k_bar / s + s_bar * H, H)
        P_bar = 0.5 * (P_bar + P_bar.T)
        q_bar += np.sum(P_bar * G)
        P_bar = F.T @ P_bar @ F
    return total, np.array([q_bar * q, r_bar * r])
