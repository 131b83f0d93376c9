"""`sigma * root` is not a value of its own: its adjoint is divided between both where that is a number."""

import numpy as np
from scipy.special import ndtr


def density(d):
    return np.exp(-0.5 * d * d) / np.sqrt(2.0 * np.pi)


def book_value_adjoint(spot, sigma, rate, strike, t, calls, puts):
    root = np.sqrt(t)
    d1 = (np.log(spot / strike) + (rate + 0.5 * sigma**2) * t) / (sigma * root)
    d2 = d1 - sigma * root
    n1, n2 = ndtr(d1), ndtr(d2)
    discounted = strike * np.exp(-rate * t)
    call = spot * n1 - discounted * n2
    value = np.sum(calls * call) + np.sum(puts * (call - spot + discounted))

    call_bar = calls + puts
    d2_bar = -call_bar * discounted * density(d2)
    d1_bar = call_bar * spot * density(d1) + d2_bar
    discounted_bar = puts - call_bar * n2
    drift_bar = d1_bar * root / sigma  # of rate + sigma**2 / 2
    spot_bar = call_bar @ n1 - np.sum(puts) + np.sum(d1_bar / (sigma * root)) / spot
    rate_bar = np.sum(drift_bar) - (discounted_bar * discounted) @ t
    sigma_bar = np.sum(drift_bar) * sigma - (d1_bar @ d1) / sigma - d2_bar @ root
    return value, (spot_bar, sigma_bar, rate_bar)
