"""What a program does besides computing: it logs, asks the time, shows how far it came; none of it has a derivative."""

import logging
import sys
import time

import numpy as np
import pytest
import tqdm

import s2sad
from tests.against_python import X, check, programs

LOG = logging.getLogger("s2sad.tests.surroundings")
LOG.setLevel("INFO")


def alongside_log(x):
    LOG.info("at %s", x)
    LOG.debug(f"value {x[0]}")
    logging.getLogger("another").log(10, "a %s", x[0])
    if LOG.isEnabledFor(10):
        LOG.debug("never")
    return np.sum(x**2)


def alongside_clock(x):
    start, total = time.perf_counter(), 0.0
    for i in range(4):
        total += x[i] ** 2
    print("took", time.perf_counter() - start)
    return total


def alongside_budget(x):
    end, total, i = time.monotonic_ns() + 10**12, 0.0, 0
    while i < 4 and time.monotonic_ns() < end:
        total += x[i] ** 2
        i += 1
    return total


def alongside_progress(x):
    total = 0.0
    for i in tqdm.tqdm(range(4), desc="rounds", disable=True):
        total += x[i] ** 2
    for k, v in enumerate(tqdm.tqdm(x, disable=True)):
        total += k * v * v
    return total + sum(x[i] for i in tqdm.trange(4, disable=True))


def alongside_debugger(x):
    if x[0] > 100:
        breakpoint()
    return np.sum(x**2)


def alongside_limits_of_numbers(x):
    return np.sum(np.log(np.maximum(np.abs(x), sys.float_info.min))) * sys.float_info.dig * sys.version_info.major


@pytest.mark.parametrize("f", programs(globals(), "alongside_"))
def test_it_is_carried_over(f):
    check(f)


def test_the_log_is_written_once_for_each_gradient(caplog):
    with caplog.at_level(logging.INFO, LOG.name):
        s2sad.grad(alongside_log)(X)
    assert [r.getMessage() for r in caplog.records if r.name == LOG.name] == [f"at {X}"]
