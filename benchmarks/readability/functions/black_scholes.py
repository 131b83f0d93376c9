"""The value of a book of European options by the formula of Black and Scholes."""

import numpy as np
from scipy.special import ndtr


def price(spot, strike, rate, sigma, t):
    """The prices of calls and of the puts beside them."""
    root = sigma * np.sqrt(t)
    d1 = (np.log(spot / strike) + (rate + 0.5 * sigma**2) * t) / root
    d2 = d1 - root
    discounted = strike * np.exp(-rate * t)
    call = spot * ndtr(d1) - discounted * ndtr(d2)
    return call, call - spot + discounted


def book_value(spot, sigma, rate, strike, t, calls, puts):
    """What the positions are worth. spot, sigma, rate: float; strike, t, calls, puts: float64[n]."""
    call, put = price(spot, strike, rate, sigma, t)
    return np.sum(calls * call) + np.sum(puts * put)


def arguments(n=20000):
    rng = np.random.default_rng(0)
    strike, t = rng.uniform(60.0, 140.0, n), rng.uniform(0.1, 2.0, n)
    return 100.0, 0.25, 0.03, strike, t, rng.normal(size=n), rng.normal(size=n)
