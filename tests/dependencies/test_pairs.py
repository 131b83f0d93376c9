"""A value that a function depends on is replaced, or changed in place: the next call knows it."""

import functools

import pytest

import s2sad
from tests.dependencies.changing import COUNTER, check, forget, import_package, rotating
from tests.dependencies.holders import HOLDERS, REPLACED, written
from tests.dependencies.values import CHANGES, PAIRS, Pair

CHANGED = "def made():\n    return {0.value}\n\n\ndef changed(K):\n    {0.statement}\n    return K\n\n\n"


@pytest.fixture
def imported(tmp_path, cache_folder):
    """How a package is written and imported, under a name of its own."""
    packages = []

    def make(texts):
        package = f"package{next(COUNTER)}"
        packages.append(package)
        return import_package(tmp_path, package, texts(package))

    yield make
    for p in packages:
        forget(p)


def places(items):
    """Each of these in a global and some other places, or in all of them; not where it would become a method."""
    for k, item in enumerate(items):
        further = [] if isinstance(item, Pair) else ["argument"]
        for name in dict.fromkeys([*rotating(HOLDERS, k, 2 - len(further)), *further]):
            if not (item.binds and name == "instance"):
                yield pytest.param(item, HOLDERS[name], id=f"{item.label}-{name}")


@pytest.mark.parametrize("pair, holder", list(places(PAIRS.values())))
def test_a_value_is_replaced(pair, holder, imported):
    def texts(value, package):
        return written(holder, value, pair.use, pair.imports, package, REPLACED.format(pair))

    module = imported(functools.partial(texts, "first()"))
    derivative = s2sad.grad(module.f)
    for name in ("first", "second", "first"):
        module.put(getattr(module, name)())
        check(derivative, module, functools.partial(texts, f"{name}()"))


@pytest.mark.parametrize("change, holder", list(places(CHANGES)))
def test_a_value_is_changed_in_place(change, holder, imported):
    def texts(value, package):
        return written(holder, value, change.use, change.imports, package, CHANGED.format(change))

    module = imported(functools.partial(texts, "changed(made())"))
    derivative = s2sad.grad(module.f)
    value = module.made()
    module.put(value)
    check(derivative, module, functools.partial(texts, "made()"))
    module.changed(value)
    check(derivative, module, functools.partial(texts, "changed(made())"))
    module.put(module.made())
    check(derivative, module, functools.partial(texts, "made()"))
