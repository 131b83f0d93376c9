"""Control flow, as people write it."""

import functools
import warnings

import numpy as np

from tests.language.cases import Section

case = Section("Control flow")
X = np.array([0.5, -1.25, 2.0, 0.75])


@case("`break`", 0.7, 20, golden=True)
def newton_root(a, n):
    x = 1.0 + a
    for _ in range(n):
        new = 0.5 * (x + a / x)
        if abs(new - x) < 1e-3:
            break
        x = new
    return x


@case("`continue`", X)
def sum_of_positive(xs):
    total = 0.0
    for x in xs:
        if x < 0:
            continue
        total += x**3
    return total


@case("`for`/`else`", X, 5.0)
@case("`for`/`else`", X, 1.0)
def first_above(xs, bound):
    for x in xs:
        if x > bound:
            result = x * x
            break
    else:
        result = np.sum(xs) ** 2
    return result


@case("`while`/`else`", 3.0)
def halve_until(x):
    steps = 0
    while x > 1.0:
        x = x * 0.6
        steps += 1
        if steps > 10:
            break
    else:
        x = x**2
    return x * steps


@case("early `return`", X)
def first_negative(xs):
    for x in xs:
        if x < 0:
            return np.exp(x)
    return np.sum(xs)


@case("`return` inside nested loops", X, 3, golden=True)
def search(xs, n):
    total = 0.0
    for i in range(n):
        for x in xs:
            total = total + x * (i + 1)
            if total > 1.9:
                return total * x
    return total


@case("nested loops whose bounds depend on the data", 1.3, 4)
def triangle(x, n):
    total = 0.0
    for i in range(n):
        for j in range(i):
            total += np.sin(x * i) * j
    return total


@case("a bound changed in the body", 1.1)
def growing_bound(x):
    k, limit, total = 0, 2, 0.0
    while k < limit:
        if total < 1.0:
            limit += 1
        total += x**k * 0.3
        k += 1
    return total


@case("a loop that runs zero times", 1.5, 0)
def empty_loop(x, n):
    y = x
    for _ in range(n):
        y = y * x
    return y


@case("a loop over rows", np.arange(6.0).reshape(2, 3))
def rows(a):
    total = 0.0
    for row in a:
        total += np.sum(row) ** 2
    return total


@case("a loop over rows of rows", np.arange(12.0).reshape(2, 3, 2) / 5)
def rows_of_rows(a):
    total = 1.0
    for plane in a:
        for row in plane:
            total = total + np.prod(row + 0.5) * 0.1
    return total


@case("a loop over a list", [0.5, X, 2.0])
def over_list(items):
    total = 0.0
    for item in items:
        total = total + np.sum(item) ** 2
    return total


@case("a loop over dict items, keys, values", {"a": 1.5, "b": X})
def over_dict(p):
    total = 0.0
    for key, value in p.items():
        total += np.sum(value**2) * len(key)
    for key in p:
        total += np.sum(p[key])
    for value in p.values():
        total = total * 1.1 + np.sum(value)
    for key in sorted(p.keys(), reverse=True):
        total = total + np.sum(p[key]) * total
    return total


@case("`enumerate`, `zip`, `reversed`", X, X[::-1] * 2)
def in_step(xs, ys):
    total = 0.0
    for k, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        total += k * x * y
    for k in reversed(range(3)):
        total = total * 0.5 + xs[k]
    for x in reversed(xs):
        total = total * x + 1.0
    return total


@case("chained comparison", 0.4)
def chained(x):
    return x**2 if 0.0 < x <= 1.0 < 2.0 else -x


@case("`and`, `or` on values", 1.5, 2.0)
def and_or(x, y):
    z = x and x * y or y**2
    return z * y + x


@case("conditional expression", -0.5, golden=True)
def conditional(x):
    return np.exp(x) if x < 0 else x * x


@case("walrus", X, golden=True)
def walrus(xs):
    total = 0.0
    if (n := len(xs)) > 2 and (s := np.sum(xs)) > 0:
        total = s * s * n
    while (total := total * 0.5) > 3.0:
        pass
    return total


@case("`match` on inactive values", 1.2, "cube")
@case("`match` on inactive values", 1.2, ("scale", 3))
@case("`match` on inactive values", 1.2, {"power": 4})
@case("`match` on inactive values", 1.2, None)
def matched(x, how):
    match how:
        case "square" | "cube" as name:
            return x**3 if name == "cube" else x**2
        case ("scale", int(k)) if k > 1:
            return x * x * k
        case {"power": p}:
            return x**p
        case _:
            return np.sin(x)


@case("`match` on a number of run time", 1.2, 2)
def matched_number(x, kind):
    match kind:
        case 1:
            y = x
        case 2 | 3:
            y = x * x
        case _:
            y = np.cos(x)
    return y * x


@case("`assert`", 1.5)
def asserted(x):
    assert x > 0, f"x is {x}"
    return np.log(x)


@case("`raise` in a branch", 1.5)
def guarded(x):
    if x < 0:
        raise ValueError(f"negative: {x}")
    return np.sqrt(x)


@case("`try`/`finally`", 1.5, [])
def try_finally(x, log):
    try:
        y = x * x
    finally:
        log.append(1)
    return y * 2


@case("`try`/`except` around inactive code", 1.5, "7")
@case("`try`/`except` around inactive code", 1.5, "seven", golden=True)
def parsed(x, text):
    try:
        n = int(text)
    except ValueError:
        n = 2
    return x**n


@case("`with np.errstate`", X, golden=True)
def ignoring(xs):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(xs > 0, np.log(np.abs(xs)), 0.0)
        z = y * xs
    return np.sum(z)


@case("`with` and a `return` in it", 2.0)
def returned_inside(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if x > 1:
            return x * x
        x = x + 1
    return x


@case("`del`, `pass`", X)
def deleted(xs):
    y = xs * 2
    z = np.sum(y * xs)
    del y
    pass
    return z


SCALE = 2.5


@case("`global` read", 1.5)
def reads_global(x):
    global SCALE
    return x * SCALE**2


@case("`map`, `filter`, `functools.reduce`", X, [1, 2, 3, 4])
def functional(xs, ks):
    squares = map(lambda x: x * x, xs)
    even = filter(lambda k: k % 2 == 0, ks)
    total = functools.reduce(lambda a, b: a * 0.5 + b, squares, 1.0)
    return total * sum(even)


@case("`continue` and `break` in one loop", X, 6)
def both_jumps(xs, n):
    total, k = 0.0, 0
    while True:
        k += 1
        if k > n:
            break
        if k % 2:
            continue
        total = total + xs[k % 4] * np.sin(total) + xs[0]
    return total


@case("a name bound only in a loop", X)
def last_of_loop(xs):
    for x in xs:
        y = x * x
    return y * x


@case("`break` in a branch behind which a variable moves", np.array([0.5, 1.5]), 3)
def moves_behind_break(x, n):
    y = x
    for k in range(n, 0, -1):
        if k > 5:
            pass
        elif k < 10:
            x = y * x
            break
    return np.sum(y * x)


@case("a `while` whose test changes a variable", 1.5)
def test_with_effect(x):
    count = 0

    def shrunk():
        nonlocal x, count
        x = x * 0.7
        count += 1
        return x

    while shrunk() > 0.4:
        x = x + 0.05 * x * x
    return x * count


@case("a name bound in one branch: unbound where it is read, it raises as in Python", 1.5)
def bound_in_branch(x):
    if x > 0.0:
        y = x * x
    return y * x
