"""What a loop keeps for its reverse sweep, and where."""

from s2sad.ir.backend import Backend
from tests.stages import gradient
from tests.traces import gives


def test_a_loop_keeps_the_states_that_its_reverse_reads():
    gives(
        gradient,
        """
        f(x: float64):
            y = for i in range(0, 5, 1):
                carry s = x
                s_2 as s = np.sin(s)
                yield s_2
            return y
        """,
        """
        f_grad(x: float64):
            ss = np.empty(5)
            y, ss_4 as ss = for i in range(0, 5, 1):
                carry s = x
                carry ss_2 as ss = ss
                ss_3 as ss = index_set(ss_2, i, s)
                s_2 as s = np.sin(s)
                yield s_2, ss_3
            s_bar_3 as s_bar = for i_2 as i in reversed range(0, 5, 1):
                carry s_bar = 1.0
                s_3~ as s = ss_4[i_2]
                v1 = np.cos(s_3)
                s_bar_2 as s_bar = s_bar * v1
                yield s_bar_2
            return s_bar_3
        """,
    )


def test_in_native_code_in_an_array_as_long_as_the_loop():
    gives(
        lambda f: gradient(f, backend=Backend("of numbers", lists=False)),
        """
        f(x: float64):
            y = for i: int(i) in range(0, 5, 1):
                carry s = x
                s_2 as s = np.sin(s)
                yield s_2
            return y
        """,
        """
        f_grad(x: float64):
            ss = np.empty(5)
            y, ss_4 as ss = for i in range(0, 5, 1):
                carry s = x
                carry ss_2 as ss = ss
                ss_3 as ss = index_set(ss_2, i, s)
                s_2 as s = np.sin(s)
                yield s_2, ss_3
            s_bar_3 as s_bar = for i_2 as i in reversed range(0, 5, 1):
                carry s_bar = 1.0
                s_3~ as s = ss_4[i_2]
                v1 = np.cos(s_3)
                s_bar_2 as s_bar = s_bar * v1
                yield s_bar_2
            return s_bar_3
        """,
    )


def test_a_loop_whose_reverse_reads_no_state_keeps_none():
    gives(
        gradient,
        """
        f(x: float64, c: float64):
            y = for i in range(0, 5, 1):
                carry s = x
                s_2 as s = s * 2.0
                yield s_2
            return y
        """,
        """
        f_grad(x: float64, c: float64):
            s_bar_3 as s_bar = for i in reversed range(0, 5, 1):
                carry s_bar = 1.0
                s_bar_2 as s_bar = s_bar * 2.0
                yield s_bar_2
            return s_bar_3
        """,
    )


def test_what_still_stands_in_an_array_is_read_from_there():
    gives(
        lambda f: gradient(f, [True, False]),
        """
        f(x: float64[n], n: int(n)):
            where n >= 2
            where i >= 1
            r0 = np.zeros_like(x)
            r = for i: int(i) in range(1, n, 1):
                carry r1 as r = r0
                k: int(i-1) = i - 1
                a = r1[k]
                b = np.tanh(a)
                c = x[i]
                d = b + c
                r2 as r = index_set(r1, i, d)
                yield r2
            s = np.sum(r)
            return s
        """,
        """
        f_grad(x: float64[n], n: int(n)):
            where n >= 2
            r0 = np.zeros_like(x)
            v1 = n - 1
            bs = np.empty(v1)
            r_3 as r, bs_4 as bs = for i in range(1, n, 1):
                carry r = r0
                carry bs_2 as bs = bs
                k = i - 1
                a = r[k]
                b = np.tanh(a)
                bs_3 as bs = index_set(bs_2, k, b)
                c = x[i]
                d = b + c
                r_2 as r = index_set(r, i, d)
                yield r_2, bs_3
            v2 = np.shape(r_3)
            r_bar~ = np.broadcast_to(1.0, v2)
            v3 = np.zeros_like(x)
            r_bar_4 as r_bar, x_bar_3 as x_bar = for i_2 as i in reversed range(1, n, 1):
                carry r_bar_2 as r_bar = r_bar
                carry x_bar = v3
                d_bar = r_bar_2[i_2]
                x_bar_2~ as x_bar = index_set(x_bar, i_2, d_bar)
                v4 = i_2 - 1
                b_2~ as b = bs_4[v4]
                v5 = b_2 * b_2
                v6 = 1.0 - v5
                a_bar = d_bar * v6
                k_2 as k = i_2 - 1
                r_bar_3 as r_bar = index_add(r_bar_2, k_2, a_bar)
                yield r_bar_3, x_bar_2
            return x_bar_3
        """,
    )
