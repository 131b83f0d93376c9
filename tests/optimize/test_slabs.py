"""Lists of slices that a loop keeps, as copies of all of them before it."""

import numpy as np
import pytest

import s2sad
from tests.stages import with_slabs
from tests.traces import gives, keeps


def test_columns_that_are_kept_are_a_copy_before_the_loop():
    gives(
        with_slabs,
        """
        f(a: float64[m, n], b: float64[m], y: float64[n], n: int(n)):
            a3 as a, vs = for j: int(j) in range(1, n, 1):
                carry a1 as a = a
                v0 = (slice(None, None, None), j)
                v1 = a1[v0]
                v2 = np.sin(v1)
                a2 as a = index_set(a1, v0, v2)
                yield a2, v1
            s3 as s = for j2 as j: int(j) in reversed range(1, n, 1):
                carry s1 as s = b
                scan v: float64[m] = vs
                v3 = s1 * v
                s2 as s = np.cos(v3)
                yield s2
            r = (a3, s3)
            return r
        """,
        """
        f(a: float64[m, n], b: float64[m], y: float64[n], n: int(n)):
            v1 = (slice(None, None, None), slice(1, None, None))
            v2 = a[v1]
            vs = np.copy(v2)
            a_4 as a = for j in range(1, n, 1):
                carry a_2 as a = a
                v3 = (slice(None, None, None), j)
                v4 = a_2[v3]
                v5 = np.sin(v4)
                a_3 as a = index_set(a_2, v3, v5)
                yield a_3
            s_3 as s = for j_2 as j in reversed range(1, n, 1):
                carry s = b
                v6 = j_2 - 1
                v7 = (slice(None, None, None), v6)
                v = vs[v7]
                v8 = s * v
                s_2 as s = np.cos(v8)
                yield s_2
            r = (a_4, s_3)
            return r
        """,
    )


def test_lists_of_lists_are_lists_of_arrays():
    gives(
        with_slabs,
        """
        f(a: float64[n, m], b: float64[m], n: int(n)):
            a6 as a, lists = for k: int(k) in range(0, n, 1):
                carry a1 as a = a
                k1 = k + 1
                a5 as a, vs = for j: int(j) in range(k1, n, 1):
                    carry a2 as a = a1
                    v1 = a2[j]
                    v2 = a2[k]
                    v3 = v1 * v2
                    a3 as a = index_set(a2, j, v3)
                    yield a3, v1
                yield a5, vs
            s6 as s = for k_2 as k: int(k) in reversed range(0, n, 1):
                carry s1 as s = b
                scan ws as vs: sequence[float64[m], l] = lists
                k2 = k_2 + 1
                s5 as s = for j_2 as j: int(j) in reversed range(k2, n, 1):
                    carry s2 as s = s1
                    scan w as v: float64[m] = ws
                    v4 = s2 * w
                    s3 as s = np.cos(v4)
                    yield s3
                yield s5
            r = (a6, s6)
            return r
        """,
        """
        f(a: float64[n, m], b: float64[m], n: int(n)):
            a_6 as a, lists = for k in range(0, n, 1):
                carry a_2 as a = a
                k1 = k + 1
                v1 = slice(k1, None, None)
                v2 = a_2[v1]
                vs = np.copy(v2)
                a_5 as a = for j in range(k1, n, 1):
                    carry a_3 as a = a_2
                    v3 = a_3[j]
                    v4 = a_3[k]
                    v5 = v3 * v4
                    a_4 as a = index_set(a_3, j, v5)
                    yield a_4
                yield a_5, vs
            s_5 as s = for k_2 as k in reversed range(0, n, 1):
                carry s = b
                scan vs_2 as vs = lists
                k2 = k_2 + 1
                s_4 as s = for j_2 as j in reversed range(k2, n, 1):
                    carry s_2 as s = s
                    v6 = j_2 - k2
                    v = vs_2[v6]
                    v7 = s_2 * v
                    s_3 as s = np.cos(v7)
                    yield s_3
                yield s_4
            r = (a_6, s_5)
            return r
        """,
    )


STAYS = {
    "an iteration changes what the next one keeps": """
        v1 = a1[j]
        v2 = np.sin(v1)
        j1 = j + 1
        a2 as a = index_set(a1, j1, v2)
        """,
    "an iteration keeps what it has changed": """
        v0 = a1[j]
        v2 = np.sin(v0)
        a2 as a = index_set(a1, j, v2)
        v1 = a2[j]
        """,
    "what is kept is computed": """
        v0 = a1[j]
        v1 = np.sin(v0)
        a2 as a = index_set(a1, j, v1)
        """,
    "each iteration keeps the same place": """
        v1 = a1[0]
        v2 = np.sin(v1)
        a2 as a = index_set(a1, j, v2)
        """,
    "a place may be beyond the end": """
        j1 = j + k
        v1 = a1[j1]
        v2 = np.sin(v1)
        a2 as a = index_set(a1, j, v2)
        """,
}


def program(body, ranges=("range(0, n1, 1)", "reversed range(0, n1, 1)"), result="(a3, s3)"):
    lines = [f"    {line[4:]}" for line in body.strip("\n").rstrip().split("\n")]
    return "\n".join(
        [
            "f(a: float64[n, m], b: float64[m], n: int(n), k: int(k)):",
            "    where n >= 2",
            "    n1 = n - 1",
            f"    a3 as a, vs = for j: int(j) in {ranges[0]}:",
            "        carry a1 as a = a",
            *lines,
            "        yield a2, v1",
            f"    s3 as s = for j2 as j: int(j) in {ranges[1]}:",
            "        carry s1 as s = b",
            "        scan v: float64[m] = vs",
            "        v3 = s1 * v",
            "        s2 as s = np.cos(v3)",
            "        yield s2",
            f"    r = {result}",
            "    return r",
        ]
    )


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_a_list_stays(body):
    keeps(with_slabs, program(body))


ROWS = """
        v1 = a1[j]
        v2 = np.sin(v1)
        a2 as a = index_set(a1, j, v2)
        """


def test_what_reads_the_list_must_take_it_in_its_order():
    forward = ("range(0, n1, 1)", "range(0, n1, 1)")
    shorter = ("range(0, n1, 1)", "reversed range(0, n, 1)")
    keeps(with_slabs, program(ROWS, forward))
    keeps(with_slabs, program(ROWS, shorter))
    keeps(with_slabs, program(ROWS, result="(a3, s3, vs)"))
    with pytest.raises(AssertionError):
        keeps(with_slabs, program(ROWS))


# programs


def gram_schmidt(a, w):
    a, n = a.copy(), a.shape[1]
    for k in range(n):
        a[:, k] /= np.sqrt(np.sum(a[:, k] ** 2))
        for j in range(k + 1, n):
            a[:, j] -= a[:, k] * (a[:, k] @ a[:, j])
    return np.sum(a * w)


def shifted(a, w):
    a, n = a.copy(), len(a)
    for k in range(n):
        for j in range(k, n - 1):
            a[j + 1] = a[j + 1] * np.sum(a[k] * a[j + 1]) * 0.5
    return np.sum(a * w)


def neighbours(a, w):
    a = a.copy()
    for j in range(len(a) - 1):
        a[j] = a[j + 1] * a[j] * a[j + 1]
    return np.sum(a * w)


def changed_before(a, w):
    a = a.copy()
    for j in range(len(a) - 1):
        a[j + 1] = a[j + 1] * a[j]
    return np.sum(a * w)


def changed_within(a, w):
    a = a.copy()
    for j in range(len(a)):
        a[j] = a[j] * w[j]
        a[j] = np.sin(a[j]) * a[j]
    return np.sum(a * w)


def swept_again(a, w):
    a = a.copy()
    for _ in range(2):
        for j in range(len(a)):
            a[j] = np.exp(-a[j] * a[j]) * np.sum(a[j])
    return np.sum(a * w)


PROGRAMS = [gram_schmidt, shifted, neighbours, changed_before, changed_within, swept_again]


@pytest.mark.parametrize("function", PROGRAMS)
def test_derivatives(function):
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (3, 2), (4, 4)):
        s2sad.check_grads(function, (rng.normal(size=shape), rng.normal(size=shape)), order=1)
    s2sad.check_grads(function, (rng.normal(size=(4, 3)), rng.normal(size=(4, 3))), order=2)


def test_the_reverse_loop_is_products_of_slices():
    rng = np.random.default_rng(0)
    gradient = s2sad.grad(gram_schmidt).lower(rng.normal(size=(4, 3)), rng.normal(size=(4, 3))).source
    reverse = gradient.partition("# adjoint sweep")[2]
    assert reverse.count("for ") == 1 and "np.outer" in reverse
