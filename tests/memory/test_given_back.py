"""Functions that give a list or object which may be one of their arguments, those that call themselves among them."""

import pytest

from tests.against_python import check, check_or_refused, programs


def merged(a):
    if len(a) <= 1:
        return a
    m = len(a) // 2
    left_, right_ = merged(a[:m]), merged(a[m:])
    out = []
    while left_ and right_:
        out.append(left_.pop(0) if left_[0] <= right_[0] else right_.pop(0))
    return out + left_ + right_


def merged2(a):
    if len(a) <= 1:
        return list(a)
    m = len(a) // 2
    left_, right_ = merged2(a[:m]), merged2(a[m:])
    out = []
    i = j = 0
    while i < len(left_) and j < len(right_):
        if left_[i] <= right_[j]:
            out.append(left_[i])
            i += 1
        else:
            out.append(right_[j])
            j += 1
    out.extend(left_[i:])
    out.extend(right_[j:])
    return out


def merged3(a):
    if len(a) <= 1:
        return a
    m = len(a) // 2
    left_, right_ = merged3(a[:m]), merged3(a[m:])
    out = []
    while len(left_) > 0 and len(right_) > 0:
        out.append(left_.pop(0) if left_[0] <= right_[0] else right_.pop(0))
    return out + left_ + right_


def quick(a):
    if len(a) <= 1:
        return a
    p = a[0]
    return quick([v for v in a[1:] if v < p]) + [p] + quick([v for v in a[1:] if v >= p])


def total(a):
    if not a:
        return 0.0
    return a[0] ** 2 + total(a[1:])


def squares(a):
    if len(a) == 0:
        return []
    return [a[0] ** 2] + squares(a[1:])


def rev(a):
    return a if len(a) < 2 else rev(a[1:]) + a[:1]


def recursion_merge(x):
    return merged(list(x))[0] ** 2


def recursion_merge3(x):
    return merged3([v for v in x])[0] ** 2


def recursion_merge4(x):
    return merged([x[0], x[1], x[2], x[3]])[1] ** 2


def recursion_quick(x):
    s = quick(list(x))
    return s[0] * s[3] ** 2


def recursion_total(x):
    return total(list(x))


def recursion_squares(x):
    return sum(squares(list(x))) ** 2


def recursion_rev(x):
    return rev(list(x))[0] ** 2


def recursion_merge2(x):
    return merged2([v for v in x])[0] ** 2


def quick2(a):
    if len(a) <= 1:
        return a
    p = a[0]
    return quick2([v for v in a[1:] if v < p]) + [p] + quick2([v for v in a[1:] if v >= p])


def recursion_quick_named(x):
    ys = [v for v in x]
    s = quick2(ys)
    return s[0] * sum(ys)


@pytest.mark.parametrize("f", programs(globals(), "recursion_"))
def test_lists_through_recursion(f):
    check(f)


def ident(a):
    return a if len(a) <= 1 else ident(a[1:])


def grow(a):
    if len(a) >= 3:
        return a
    return grow(a + [a[0] ** 2])


def pick(a, b, n):
    return a if n == 0 else pick(b, a, n - 1)


def choose(a, b, c):
    return a if c > 0 else b


def chg(a, b, c):
    y = a if c > 0 else b
    y[0] = 7.0
    return sum(y)


def lp(a, n):
    y = a
    for k in range(n):
        y = y + [1.0 * k]
    y.append(3.0)
    return sum(y)


class Box:
    def __init__(self, v):
        self.v = v


def bx(a, b, c):
    right_ = a if c > 0 else b
    right_.v = 3.0
    return right_


def bx2(a, b, c):
    return a if c > 0 else b


def dct(a, b, c):
    return {"p": a if c > 0 else b}


def ms(a):
    if len(a) <= 1:
        return a
    m = len(a) // 2
    left = a[:m]
    right = a[m:]
    left_ = ms(left)
    right_ = ms(right)
    out = []
    while left_ and right_:
        out.append(left_.pop(0) if left_[0] <= right_[0] else right_.pop(0))
    return out + left_ + right_


def identity_alias(x):
    y = [x[0]]
    z = ident(y)
    z.append(x[1])
    return sum(y) ** 2


def identity_alias2(x):
    y = [v for v in x if v > 1]
    z = ident(y)
    z.append(x[1])
    return sum(y) ** 2 + sum(z)


def identity_alias3(x):
    y = [v for v in x]
    z = ident(y)
    z.append(x[1])
    return sum(y) ** 2 + sum(z)


def identity_grow(x):
    y = [x[0]]
    z = grow(y)
    z[0] = 5.0
    return sum(y) + sum(z)


def identity_grow2(x):
    y = [v for v in x]
    z = grow(y)
    z[0] = 5.0 * x[1]
    return sum(y) + sum(z)


def identity_pick(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = pick(y, w, int(x[1]))
    z[0] = 5.0 * x[1]
    return sum(y) + sum(z) * sum(w)


def identity_pick2(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = pick(y, w, 3)
    z.append(5.0 * x[1])
    return sum(y) + sum(z) * sum(w)


def identity_choose(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = choose(y, w, x[0])
    z.append(5.0 * x[1])
    return sum(y) + sum(z) * sum(w)


def identity_choose_read(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = choose(y, w, x[0])
    return sum(y) + sum(z) * sum(w)


def identity_choose_after(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = choose(y, w, x[0])
    y.append(2.0 * x[0])
    return sum(y) + sum(z) * sum(w)


def identity_chg(x):
    y = [v for v in x]
    w = [v * v for v in x]
    z = chg(y, w, x[0])
    return sum(y) + z * sum(w)


def identity_chg_arr(x):
    y = x * 1.0
    w = x * x
    z = chg(y, w, x[0])
    return sum(y) + z * sum(w)


def identity_chg_new(x):
    return chg([v for v in x], [v * v for v in x], x[0])


def identity_lp(x):
    y = [v for v in x]
    z = lp(y, int(x[0]))
    return sum(y) ** 2 + z


def identity_box(x):
    a, b = Box(x[0]), Box(x[1])
    right_ = bx(a, b, x[2])
    return a.v + b.v * right_.v * x[1]


def identity_box2(x):
    a, b = Box(x[0]), Box(x[1])
    right_ = bx2(a, b, x[2])
    right_.v = x[2] * 1.0
    return a.v + b.v * right_.v * x[1]


def identity_box3(x):
    a, b = Box(x[0]), Box(x[1])
    right_ = bx2(a, b, x[2])
    return a.v + b.v * right_.v * x[1]


def identity_dct(x):
    y = [v for v in x]
    w = [v * v for v in x]
    d = dct(y, w, x[0])
    d["p"].append(x[1])
    return sum(y) + sum(w) * sum(d["p"])


def identity_ms(x):
    return ms(list(x))[0] ** 2


READ_ONLY = {"identity_choose_read", "identity_box3"}


@pytest.mark.parametrize("f", programs(globals(), "identity_"))
def test_what_may_be_an_argument_is_never_taken_for_another_object(f):
    assert check_or_refused(f) or f.__name__ not in READ_ONLY
