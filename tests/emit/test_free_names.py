"""Names for variables: against the definition, tried one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from s2sad.emit.free_names import FreeNames, overlap


@st.composite
def _variables(draw):
    cuts = st.lists(st.integers(0, 30), min_size=2, max_size=8, unique=True).map(sorted)
    base = st.sampled_from(["y", "y_2", "z", "_"])
    read = st.booleans()
    found = draw(
        st.lists(st.tuples(base, cuts.map(lambda c: list(zip(c[::2], c[1::2], strict=False))), read), max_size=30)
    )
    return sorted(found, key=lambda v: v[1][0][0])


def _one_by_one(variables, reserved):
    taken = {}
    for base, ranges, read in variables:
        name, k = base, 1
        while name in reserved or (name == "_" and read) or any(overlap(r, ranges) for r in taken.get(name, ())):
            k += 1
            name = f"{base}_{k}"
        taken.setdefault(name, []).append(ranges)
        yield name


@given(_variables())
def test_the_lowest_number_that_is_free(variables):
    free, reserved = FreeNames(), {"z", "y_3"}
    names = [free.take(base, ranges, reserved | {"_"} if read else reserved) for base, ranges, read in variables]
    assert names == list(_one_by_one(variables, reserved))
