"""Programs that write into arrays, one for each way to do it; x is a vector of 4, y another, m a matrix of 4 x 4."""

import numpy as np

STORES = {}


def case(*arguments):
    """Register a function as a case; `arguments` are letters for what it takes."""

    def register(f):
        STORES[f.__name__] = (f, arguments)
        return f

    return register


# stores


@case("x")
def element(x):
    y = np.zeros(4)
    y[0] = x[0] ** 2
    y[-1] = x[1] * x[2]
    y[2] += np.sin(x[3])
    return np.sum(y * y)


@case("x", "m")
def element_of_a_matrix(x, m):
    m[1, 2] = x[0] * m[2, 1]
    m[0][3] -= x[1]
    m[2, 2] *= m[0, 0]
    m[3, 3] /= 2.0 + m[3, 0] ** 2
    m[1, 1] **= 2
    return np.sum(m**3)


@case("x")
def slices(x):
    y = x.copy()
    y[1:-1] = x[1:-1] * x[0]
    y[::2] += x[1::2]
    y[-2:] *= np.cos(x[:2])
    y[::-1] -= 0.5 * x
    return np.sum(y**3)


@case("x", "m")
def rows_columns_blocks(x, m):
    m[1] = x
    m[:, 2] += x * m[0]
    m[1:3, 1:3] = m[:2, :2] * 2.0
    m[2, 1:] -= x[1:]
    m[..., 0] = np.sin(x)
    return np.sum(m**2 * np.arange(16.0).reshape(4, 4))


@case("x")
def broadcasting(x):
    m = np.zeros((4, 4))
    m[:] = x
    m[1:3] += x[0]
    m[:, 1:3] = x[:, None] * 0.5
    m[2] = 3.0
    return np.sum(m**2 * np.arange(16.0).reshape(4, 4))


@case("x")
def new_axis_and_ellipsis(x):
    m = np.zeros((4, 1))
    m[:, 0] = x
    m[..., :] *= 2.0
    x[None, :][0, 1] = 5.0 * x[0]
    return np.sum(m**2) + np.sum(x**3)


@case("x")
def masks(x):
    x[x > 0.0] = x[x > 0.0] ** 2
    x[x < -0.5] *= 0.1
    y = np.zeros(4)
    y[np.array([True, False, True, False])] = x[:2]
    return np.sum(x**3) + np.sum(y**2)


@case("x", "y")
def index_arrays(x, y):
    x[[0, 2]] = y[[1, 3]]
    x[np.array([1, 1, 3])] = y[:3]
    x[[0, 3]] += y[1:3]
    x[[2, 2]] *= np.sin(y[:2])
    return np.sum(x**3)


@case("m", "x")
def index_arrays_of_a_matrix(m, x):
    m[[0, 1], [2, 3]] = x[:2]
    m[[2, 0]] += x
    m[:, [1, 3]] *= 0.5
    return np.sum(m**3)


@case("x")
def whole(x):
    y = np.empty_like(x)
    y[:] = x * x
    y[...] += x
    y *= 0.5
    y -= x
    y /= 2.0 + x**2
    y **= 2
    return np.sum(y)


@case("m")
def matrix_product_in_place(m):
    n = m.copy()
    n @= m
    m += n @ m
    return np.sum(m * n)


@case("x")
def overlapping(x):
    x[1:] = x[:-1]
    x[:3] += 0.5 * x[:3][::-1]
    x[:-1] -= x[1:]
    return np.sum(x**3 * np.arange(4.0))


@case("x")
def tuple_targets(x):
    x[0], x[1] = x[1], x[0]
    x[2:], x[0] = x[2:][::-1].copy(), x[3]
    a = x[1] = x[3] * 2.0
    return np.sum(x**3 * np.arange(1.0, 5.0)) * a


@case("x", "y")
def out_arguments(x, y):
    z = np.empty_like(x)
    np.multiply(x, y, out=z)
    np.add(z, x, z)
    np.sin(z[1:], out=z[:-1])
    w = np.exp(x, out=y)
    return np.sum(z**2) + np.sum(w * y)


@case("x")
def added_at(x):
    y = np.zeros(3)
    np.add.at(y, np.array([0, 1, 1, 2]), x**2)
    np.subtract.at(y, [2, 2], x[0])
    return np.sum(y**3)


@case("x", "y", "m")
def functions_that_write(x, y, m):
    np.copyto(x[:2], y[2:])
    np.copyto(x, y, where=y > 0.0)
    np.put(m, [0, 5], x[:2])
    np.fill_diagonal(m, x[3])
    y.fill(x[0])
    np.putmask(x, x < 0.0, 2.0 * x)
    return np.sum(x**2) + np.sum(y**2) + np.sum(m**3)


@case("x", "m")
def sorted_in_place(x, m):
    x.sort()
    m.sort(axis=0)
    return np.sum(x * np.arange(4.0)) + np.sum(m * np.arange(16.0).reshape(4, 4))


@case("x", "y")
def in_containers(x, y):
    xs = [x, y, np.zeros(4)]
    d = {"p": xs[0], "q": x * y}
    xs[2][:] = d["p"]
    d["q"][1] = xs[1][0]
    xs[0] *= 2.0
    d["p"] += 1.0
    return sum(np.sum(v**2) for v in xs) + np.sum(d["q"] ** 3)


class Field:
    def __init__(self, values):
        self.values = values
        self.old = values.copy()

    def step(self, by):
        self.old[:] = self.values
        self.values[1:-1] += by * (self.old[2:] - 2.0 * self.old[1:-1] + self.old[:-2])


@case("x")
def in_objects(x):
    field = Field(x)
    for _ in range(3):
        field.step(0.1)
    field.values[0] = field.old[1]
    return np.sum(x**2) + np.sum(field.old**3)


@case("x")
def made_by_ndarray(x):
    y = np.ndarray((4,))
    for k in range(4):
        y[k] = x[k] * x[3 - k]
    return np.sum(y**2)


# aliasing


@case("x")
def two_names(x):
    y = x
    y[0] = 3.0 * x[1]
    x[2] = y[0] * y[1]
    return np.sum(x**2) + np.sum(y**3)


@case("x")
def a_view_is_written(x):
    v = x[1:]
    v *= 2.0
    v[0] = x[0]
    return np.sum(x**3)


@case("x")
def a_view_taken_before_a_store(x):
    v = x[:2]
    w = x[1:].copy()
    x[1] = 7.0 * x[0]
    u = x[:2]
    return np.sum(v**2) + np.sum(w**3) + np.sum(u)


@case("m")
def views_of_views(m):
    v = m[1:]
    w = v[:, 2]
    w[0] = m[0, 0] * 2.0
    v[1, 1:][0] += w[2]
    m[3] *= 0.5
    return np.sum(v**2) + np.sum(w**3) + np.sum(m)


@case("m", "x")
def transposes(m, x):
    t = m.T
    t[0] = x
    np.transpose(m)[1:, 2] *= 2.0
    s = np.swapaxes(m, 0, 1)
    s[3, 3] = t[0, 1]
    return np.sum(m**3 * np.arange(16.0).reshape(4, 4))


@case("x")
def reshaped_ravelled(x):
    m = np.zeros((2, 2))
    m[0] = x[:2]
    m[1] = x[2:]
    v = m.ravel()
    return np.sum(v**2) + np.sum(m.reshape(4)[1:] ** 3)


@case("x")
def written_through_a_reshape(x):
    m = np.zeros((2, 2))
    v = m.reshape(4)
    v[:] = x
    m[1] *= v[0]
    w = m.ravel()
    w[3] = 2.0 * m[0, 1]
    y = x * x
    square = y.reshape(2, 2)
    square[1, 0] = y[0]
    return np.sum(v**2 * np.arange(4.0)) + np.sum(m**3) + np.sum(y * np.arange(4.0))


@case("m")
def a_diagonal(m):
    d = np.diagonal(m)
    before = np.sum(d**2)
    m[1, 1] = 3.0 * m[0, 1]
    return before + np.sum(d**3)


@case("m")
def rows_of_a_loop(m):
    for k, row in enumerate(m):
        row *= 1.0 + k
        row[0] = row[1] * row[2]
    return np.sum(m**2)


@case("m")
def unpacked_rows(m):
    a, b, c, d = m
    a[:] = b * c
    d[1] = a[0]
    return np.sum(m**2)


def writes_both(a, b):
    a[0] = b[1] * 2.0
    b[0] += a[0]


@case("x")
def one_array_twice(x):
    writes_both(x, x)
    return np.sum(x**3)


@case("x")
def in_a_list_and_written_later(x):
    y = 2.0 * x
    xs = [y, y]
    y[0] = x[1]
    xs[1][2] = 5.0 * xs[0][0]
    return np.sum(y**3)


@case("x")
def branches(x):
    if x[0] > 0.0:
        x[1] = x[0] * x[2]
    else:
        x[2:] *= x[0]
    v = x[1:]
    if x[3] > 0.0:
        v[0] = 2.0 * x[3]
    return np.sum(x**3)


@case("x", "y")
def one_of_two_is_read(x, y):
    z = x if x[0] > 0.0 else y
    t = z.copy()
    t[0] = 2.0
    return np.sum(t * z)


@case("x", "y")
def ping_pong(x, y):
    for _ in range(3):
        y[1:-1] = 0.5 * (x[:-2] + x[2:])
        x, y = y, x
    return np.sum(x**2)


@case("x", "y")
def swapped_around_a_loop(x, y):
    for _ in range(3):
        x, y = y, x
        for k in range(2):
            y[[1, 1, 3]] = np.tanh(np.sum(x) + k)
    return np.sum(np.sin(x) * 0.4) + np.sum(np.sin(y) * 0.6)


@case("x")
def a_row_that_changes(x):
    m = np.zeros((4, 4))
    row = m[0]
    for k in range(4):
        row[:] = x * (k + 1.0)
        row = m[k]
    row[0] = 5.0 * x[1]
    return np.sum(m**2)


# the Fortran style


def scale(a, s):
    a *= s


def sweep(a, s):
    n = len(a)
    for k in range(1, n):
        a[k] = a[k] + s * a[k - 1]
    scale(a[1:], 0.5)


def relax(m, s):
    for k in range(m.shape[0]):
        sweep(m[k], s)
        sweep(m[:, k], 0.1)


def put_unless(a, s):
    if s > 1.0:
        return 1.0
    a[0] = np.sin(a[1]) * s
    return s * s


def put_first_or_last(a, s):
    """Returns in all branches, and writes in some; nothing of the function is read behind them."""
    if s > 1.0:
        a[0] *= s
        return
    elif s < -1.0:
        return
    for k in range(len(a)):
        if a[k] > 1.0:
            a[k] = s
            return
    a[-1] = s


def renamed(a, s):
    """The name of what is written means something else in the end."""
    if s < 1.0:
        a[1:] *= s
        a = s
    else:
        a = 2.0 * s
    return a


@case("x", "y")
def functions_that_write_and_leave_early(x, y):
    one, two = put_unless(x, y[1]), put_unless(x, y[0])
    put_first_or_last(x, y[0])
    put_first_or_last(x, y[1])
    put_first_or_last(x, -2.0)
    return np.sum(x**3) * (one + two) + renamed(y, x[1]) * np.sum(y) + renamed(x[:2], x[3]) * x[1]


@case("m", "x")
def three_deep(m, x):
    relax(m, x[0])
    sweep(x, 2.0)
    return np.sum(m**2) + np.sum(x**3)


def first_half(a):
    return a[:2]


def filled(a, v):
    a[:] = v
    return a


@case("x", "y")
def functions_that_return_views(x, y):
    h = first_half(x)
    h[0] = 3.0
    scale(first_half(y), x[1])
    z = filled(y[2:], x[2])
    z += 1.0
    return np.sum(x**2) + np.sum(y**3)


def solve_lower(low, b):
    for i in range(len(b)):
        for j in range(i):
            b[i] -= low[i, j] * b[j]
        b[i] /= low[i, i]


@case("m", "x")
def substitution(m, x):
    solve_lower(m + 5.0 * np.eye(4), x)
    return np.sum(x**2)


# scalars, loops


@case("x")
def a_scalar_is_rebound(x):
    s = x[0]
    t = s
    s += x[1]
    s *= t
    return s * t + x[0]


@case("x")
def while_and_break(x):
    k = 0
    while k < 10:
        x[k % 4] += 0.1 * x[(k + 1) % 4]
        k += 1
        if x[0] > 2.0:
            break
    return np.sum(x**2)


@case("x")
def a_table_by_rows(x):
    n = len(x)
    t = np.zeros((n + 1, n + 1))
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            if i == j:
                t[i, j] = t[i - 1, j - 1] + x[i - 1]
            else:
                t[i, j] = max(t[i - 1, j], t[i, j - 1]) * 0.9
    return t[n, n] * t[n, 1]


@case("x")
def written_again_and_again(x):
    work = np.zeros(4)
    total = 0.0
    for k in range(3):
        work[:] = np.sin(x * (k + 1.0))
        work[1:] *= work[:-1]
        total += np.sum(work**2)
    return total
