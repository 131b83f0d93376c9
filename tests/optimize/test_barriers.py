"""What stands for a barrier of derivatives goes at the end."""

from tests.stages import without_adjoints, without_stops
from tests.traces import gives, keeps


def test_a_stop_is_the_value_itself():
    gives(
        without_stops,
        """
        f(x: float64):
            v1 = np.sin(x)
            y = stop_gradient(v1)
            v3 = y * x
            return v3
        """,
        """
        f(x: float64):
            y = np.sin(x)
            v1 = y * x
            return v1
        """,
    )


def test_a_stop_stays_where_only_blocks_for_adjoints_go():
    keeps(
        without_adjoints,
        """
        f(x: float64):
            y = stop_gradient(x)
            return y
        """,
    )
