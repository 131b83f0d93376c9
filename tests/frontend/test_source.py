"""The source of a function is what the function runs, and its places are those of the file."""

from __future__ import annotations

import ast
import functools
import importlib.util
import linecache
import math
import os
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import gast
import pytest
from _pytest.assertion.rewrite import rewrite_asserts

import s2sad
from s2sad.errors import SourceUnavailable, StaleSource, UnsupportedSyntax
from s2sad.frontend.reading import same_code as samecode
from s2sad.frontend.reading.source import Source, deep_recursion, parse
from s2sad.frontend.terms import frames
from s2sad.frontend.terms.frames import function_code, source_of

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes a module to a file and imports it."""
    names = []

    def load(text: str | bytes) -> ModuleType:
        name = f"source_case_{len(names)}"
        path = tmp_path / f"{name}.py"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.append(name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in names:
        del sys.modules[name]


@dataclass
class Work:
    """How much was parsed and compiled: in characters, and in nodes of trees."""

    parsed: int = 0
    compiled: int = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    done, real = Work(), ast.parse

    def counting_parse(text: str, *rest: Any) -> Any:
        done.parsed += len(text)
        return real(text, *rest)

    def counting_compile(tree: ast.AST, *rest: Any, **named: Any) -> Any:
        done.compiled += sum(1 for _ in ast.walk(tree))
        return compile(tree, *rest, **named)

    monkeypatch.setattr(ast, "parse", counting_parse)
    monkeypatch.setattr(samecode, "compile", counting_compile, raising=False)
    return done


def unparse(source: Source) -> str:
    return ast.unparse(gast.gast_to_ast(source.tree))


def at(source: Source, node: gast.AST) -> str:
    """The text of the file at the place of a node, which must lie on one line."""
    place = source.location(node)
    assert place.line == place.end_line and place.file == source.file
    return linecache.getline(place.file, place.line)[place.column : place.end_column]


def returned(source: Source) -> str:
    return at(source, source.tree.body[-1].value)


def test_plain_function(load: Load) -> None:
    text = "import math\n\n\ndef f(x, y=2):\n    '''Text.'''\n    return x * y  # end\n\n\ndef g(): pass\n"
    source = parse(load(text).f)
    assert isinstance(source.tree, gast.FunctionDef)
    assert source.text == "def f(x, y=2):\n    '''Text.'''\n    return x * y  # end\n"
    assert source.line == 4
    assert returned(source) == "x * y"
    assert source.location(source.tree).line == 4
    assert source.location(source.tree.body[-1]).line == 6
    assert str(source.location(source.tree)) == f"{source.file}:4"


def test_nodes_without_a_place_have_that_of_what_is_in_them(load: Load) -> None:
    source = parse(load("def f(x):\n    return [i for i in x]\n").f)
    assert at(source, source.tree.body[0].value.generators[0]) == "i"
    assert source.location(source.tree.args).line == 1
    assert source.location(gast.Load()).line == 1


def test_decorators_are_recorded_and_left_out(load: Load) -> None:
    module = load(
        """
        import functools

        def keep(*_, **__):
            return lambda f: f

        @keep(
            lambda f: f,
        )
        # a comment
        @keep(1)
        def f(x):
            return x

        @functools.lru_cache
        def g(x): return -x
        """
    )
    source = parse(module.f)
    assert source.tree.decorator_list == [] and len(source.decorators) == 2
    assert source.text.startswith("def f(x):")
    assert at(source, source.decorators[1]) == "keep(1)"
    assert returned(source) == "x"
    assert unparse(parse(module.g.__wrapped__)) == "def g(x):\n    return -x"


def test_wrapper_is_not_unwrapped(load: Load) -> None:
    module = load(
        """
        import functools

        def twice(f):
            @functools.wraps(f)
            def wrapper(*args):
                return 2 * f(*args)
            return wrapper

        @twice
        def f(x):
            return x
        """
    )
    assert parse(module.f).tree.name == "wrapper"
    assert parse(module.f.__wrapped__).tree.name == "f"


def test_methods_closures_and_private_names(load: Load) -> None:
    module = load(
        """
        class A:
            __k = 3
            class B:
                def method(self, x):
                    def inner(y):
                        nonlocal x
                        x = y
                        def innermost(): return x + y + self.__k
                        return innermost
                    return inner
                def own_class(self):
                    return super().__repr__(), __class__
            @staticmethod
            def static(x):
                return A.__k * x
        """
    )
    method = module.A.B.method
    inner = method(module.A.B(), 1)
    for function in (method, inner, inner(2), module.A.B.own_class, module.A.static):
        source = parse(function)
        assert source.tree.name == function.__name__
        assert source.text.lstrip().startswith(f"def {function.__name__}(")
    assert returned(parse(inner(2))) == "x + y + self.__k"


def test_lambdas(load: Load) -> None:
    module = load(
        """
        f, g = lambda x: x + 1, lambda x: x + 2
        h, k = lambda x: x, lambda x: x
        many = [lambda x, i=i: (lambda y: x + y + i) for i in range(3)]
        table = dict(
            first=lambda x:
                x
                + 1, second=lambda x: x - 1,
            third=lambda: (
                3
            ),
        )
        typed = lambda x, *, y=(lambda: 2): x * y()
        class C:
            f = lambda self: self.__f
        """
    )
    assert [parse(f).text for f in (module.f, module.g)] == ["lambda x: x + 1", "lambda x: x + 2"]
    assert unparse(parse(module.f)) == "def lambda_(x):\n    return x + 1"
    assert returned(parse(module.g)) == "x + 2"
    h, k = (parse(f).location(parse(f).tree).column for f in (module.h, module.k))
    assert (h, k) == (7, 20)
    assert parse(module.many[0]).text == "lambda x, i=i: (lambda y: x + y + i)"
    assert parse(module.many[0](1)).text == "lambda y: x + y + i"
    assert unparse(parse(module.table["first"])) == "def lambda_(x):\n    return x + 1"
    assert parse(module.table["first"]).text == "lambda x:\n        x\n        + 1"
    assert parse(module.table["second"]).text == "lambda x: x - 1"
    assert unparse(parse(module.table["third"])) == "def lambda_():\n    return 3"
    assert parse(module.typed.__kwdefaults__["y"]).text == "lambda: 2"
    assert returned(parse(module.C.f)) == "self.__f"


def test_places_count_characters(load: Load) -> None:
    source = parse(load("def f(größe):\n    é = 'äöü'; y = größe + 1; return größe*y\n").f)
    assert at(source, source.tree.body[1].value) == "größe + 1"
    assert returned(source) == "größe*y"


def test_encoding_of_the_file(load: Load) -> None:
    source = parse(load("# coding: latin-1\ndef f(x):\n    s = 'äö'; return x\n".encode("latin-1")).f)
    assert source.tree.body[0].value.value == "äö"
    assert returned(source) == "x"


def test_tabs_form_feeds_and_line_ends(load: Load) -> None:
    method = b"\tdef f(self):\n\t\tif x:\n\t\t\treturn 1\n\t\x0c\n\t\treturn 2\n"
    module = load(b"x = 1\n\x0c\nclass A:\n" + method + b"\x0c\ndef g(x):\r\n    return x\r\n")
    assert returned(parse(module.A.f)) == "2"
    assert parse(module.A.f).location(parse(module.A.f).tree.body[1]).line == 8
    assert returned(parse(module.g)) == "x"


def test_text_to_the_left_of_the_function(load: Load) -> None:
    module = load(
        """
        class A:
            def f(
            self,
          x,
        ):
                s = '''
        left
          of it
        '''
        # a comment
                y = (x +
        1) + \\
        2
                return y
            z = 3
        """
    )
    source = parse(module.A.f)
    assert source.tree.body[0].value.value == "\nleft\n  of it\n"
    assert returned(source) == "y"
    assert source.text.endswith("return y\n")


def test_a_long_text_to_the_left_of_the_function(load: Load) -> None:
    text = "def f():\n    x = '''\n" + "left\n" * 300 + "'''\n    return x\n"
    assert returned(parse(load(text).f)) == "x"


def test_one_line_functions_and_ends_of_files(load: Load) -> None:
    module = load("if True:\n    def f(x): return x\nelse:\n    def f(x): return -x\ndef g(x): return x; pass")
    assert returned(parse(module.f)) == "x"
    assert parse(module.g).text == "def g(x): return x; pass\n"


def test_future_annotations_and_constants(load: Load) -> None:
    module = load(
        """
        from __future__ import annotations
        def f(x: Unknown) -> Unknown:
            y: int = 0.0 * -0.0
            x.a: y = 1
            def g(z: None): return z, 1e300, 2j, {1, 2} == {1, 2}, x in {1, "a"}, ...
            return g
        """
    )
    assert unparse(parse(module.f)).count("Unknown") == 2


def test_functions_with_asserts_that_pytest_rewrites(work: Work) -> None:
    def f(x: float) -> float:
        assert x > 0, "positive"
        return x

    def g(x: float) -> float:
        assert math.isclose(math.fabs(x), x) and os.path.exists("/"), f"not {x}"
        values = [f(x) for _ in range(2)]
        assert all(v > 0 for v in values)
        return math.sin(x)

    assert returned(parse(f)) == "x"  # type: ignore[arg-type]
    assert returned(parse(g)) == "math.sin(x)"  # type: ignore[arg-type]
    assert "@py" not in gast.dump(parse(g).tree)  # type: ignore[arg-type]
    assert work.parsed < 3000, "the whole file was parsed"


ASSERTING = """
import math
k = {}
def f(x):
    assert math.isclose(x, x), "a message"
    assert x is not k.get(x) and all(v for v in [x])
    return x * 2
class A:
    def __g(self, x):
        def inner(y):
            assert y > x, self.__class__
            return y
        return inner
    f = __g
"""


def load_rewritten(path: Path, text: str) -> dict[str, Any]:
    """The names of a module whose asserts are rewritten as pytest does it."""
    path.write_text(text)
    tree = ast.parse(text)
    rewrite_asserts(tree, text.encode(), str(path))
    names: dict[str, Any] = {"__name__": "rewritten"}
    exec(compile(tree, str(path), "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x * 2", "return x * 3"),
        ('"a message"', '"a massage"'),
        ("x is not", "x is"),
        ('    assert math.isclose(x, x), "a message"\n', ""),
        ("math.isclose(x, x)", "math.isclose(x, 1)"),
    ],
)
def test_rewritten_asserts_are_compared_exactly(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "rewritten.py"
    function = load_rewritten(path, ASSERTING)["f"]
    assert returned(parse(function)) == "x * 2"
    path.write_text(ASSERTING.replace("    return x * 2", "    # a comment\n    return x * 2"))
    assert returned(parse(function)) == "x * 2"
    path.write_text(ASSERTING.replace(old, new))
    with pytest.raises(StaleSource):
        parse(function)


def test_rewritten_methods_and_closures(tmp_path: Path) -> None:
    names = load_rewritten(tmp_path / "rewritten.py", ASSERTING)
    assert parse(names["A"].f).tree.name == "__g"
    assert returned(parse(names["A"]().f(1))) == "y"


def test_rewritten_asserts_without_the_rewriter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samecode, "_rewriter_of_pytest", lambda: None)
    path = tmp_path / "rewritten.py"
    function = load_rewritten(path, ASSERTING)["f"]
    assert returned(parse(function)) == "x * 2"
    path.write_text(ASSERTING.replace("def f(x)", "def f(x, y)"))
    with pytest.raises(StaleSource):
        parse(function)


TABLES = {
    "assignments": ("", "f{i} = lambda x: x * {i}.5 + x\n", "FS = [globals()[f'f{i}'] for i in range(300)]\n"),
    "list": ("FS = [\n", "    lambda x: x * {i}.5 + x,\n", "]\n"),
    "list without a first line": ("FS = [", "lambda x: x * {i}.5 + x,\n    ", "]\n"),
    "dict": ("FS = {\n", "    'k{i}': lambda x: x * {i}.5 + x,\n", "}\nFS = list(FS.values())\n"),
    "arguments over lines": ("FS = dict(\n", "  k{i}=lambda x:\n   x * {i}.5\n  + x,\n", ")\nFS = list(FS.values())\n"),
    "one line": ("FS = [", "lambda x: x * {i}.5 + x, ", "]\n"),
    "one line, all alike": ("FS = [", "lambda x: x, ", "]\n"),
    "one in another": ("FS = [", "(lambda y: lambda x, z=lambda: y: (lambda: x * {i}.5 + y)())(1), ", "]\n"),
    "in a function": (
        "def make(k):\n  return [\n",
        "    (1, lambda x: x * {i}.5 + k),\n",
        "]\nFS = [f for _, f in make(1)]",
    ),
    "in a class": ("class A:\n  FS = {\n", "    {i}: lambda x: x.__f * {i}.5,\n", "}\nFS = list(A.FS.values())\n"),
    "calls of an import": (
        "import math\nFS = {\n",
        "    {i}: lambda x: math.sin(x) * {i}.5,\n",
        "}\nFS = list(FS.values())\n",
    ),
}


@pytest.mark.parametrize("layout", TABLES)
def test_many_lambdas_cost_one_parse_of_their_file(load: Load, work: Work, layout: str) -> None:
    first, each, last = TABLES[layout]
    text = first + "".join(each.replace("{i}", str(i)) for i in range(300)) + last
    nodes = sum(1 for _ in ast.walk(ast.parse(text)))
    functions = load(text).FS
    work.parsed = 0
    sources = [parse(f) for f in functions]
    assert work.parsed < 3 * len(text) + 20_000
    assert work.compiled < 10 * nodes
    places = [source.location(source.tree) for source in sources]
    assert len({(place.line, place.column) for place in places}) == 300
    assert all(str(i) in source.text for i, source in enumerate(sources)) or layout == "one line, all alike"
    assert places == sorted(places, key=lambda place: (place.line, place.column))


def test_many_lambdas_of_a_changed_file(load: Load) -> None:
    first, each, last = TABLES["dict"]
    text = first + "".join(each.replace("{i}", str(i)) for i in range(30)) + last
    module = load(text)
    assert "7.5" in parse(module.FS[7]).text
    Path(str(module.__file__)).write_text(text.replace("x * 7.5", "x - 7.5"))
    assert "8.5" in parse(module.FS[8]).text
    with pytest.raises(StaleSource):
        parse(module.FS[7])
    Path(str(module.__file__)).write_text(text.replace("'k7'", "'k_7'"))
    with pytest.raises(StaleSource):
        parse(module.FS[7])
    Path(str(module.__file__)).write_text(text + "(")
    with pytest.raises(StaleSource):
        parse(module.FS[7])
    Path(str(module.__file__)).write_text(text)
    assert "7.5" in parse(module.FS[7]).text


def test_a_cell_that_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for k in (1, 2):
        text = f"fs = {{\n'a': lambda x: x * {k}, 'b': lambda x: x - {k},\n}}\n"
        monkeypatch.setitem(linecache.cache, "<cell>", (len(text), None, text.splitlines(keepends=True), "<cell>"))
        names: dict[str, Any] = {}
        exec(compile(text, "<cell>", "exec"), names)
        found.append(names["fs"])
        assert [parse(f).text for f in names["fs"].values()] == [f"lambda x: x * {k}", f"lambda x: x - {k}"]
    with pytest.raises(StaleSource):
        parse(found[0]["a"])


IMPORTING = """
from __future__ import annotations
import math, os.path
import math as m
try:
    from collections import OrderedDict
except ImportError:
    pass
def g(x):
    import inner
    return inner.f(x)
TABLE = {}
inner = TABLE
def modules(x):
    y = math.sin(x) + m.cos(x) + os.getpid()
    return [OrderedDict.fromkeys(x), x.sum(), y.sum(), (lambda: math.exp(x))]
def locals_named_alike(m, math):
    return m.f() + math.g()
def nothing_imported(x):
    return TABLE.get(x)
def both(x):
    return math.sin(TABLE.get(x))
def hidden(x):
    return inner.get(x)
"""


def test_names_that_the_file_imports(load: Load, work: Work) -> None:
    module = load(IMPORTING + "z = 1\n" * 10_000)
    for name in ("modules", "locals_named_alike", "nothing_imported", "both", "hidden"):
        assert parse(getattr(module, name)).tree.name == name
    assert work.parsed < 10_000, "the whole file was parsed"


def test_an_object_that_the_file_imports(load: Load, work: Work) -> None:
    load("class C:\n    get = sin = lambda *_: 1\nsettings = C()\n")
    text = "from source_case_0 import settings\nT = {}\n"
    text += "".join(f"def f{i}(x):\n    return settings.sin(T.get(x))\n" for i in range(50))
    module = load(text)
    for i in range(50):
        assert parse(getattr(module, f"f{i}")).tree.name == f"f{i}"
    assert work.parsed < 3 * len(text), "the whole file was parsed more than once"


def test_functions_made_of_one_code_object_share_their_source() -> None:
    def make(k: float) -> Callable[[float], float]:
        return lambda x: k * x

    first, second = make(1.0), make(2.0)
    assert source_of(first) is source_of(second)  # type: ignore[arg-type]
    assert function_code(first) is function_code(second)  # type: ignore[arg-type]


def test_functions_made_of_one_code_object_differ_in_what_they_close_over() -> None:
    def make(k: float, n: int) -> Callable[[float], Any]:
        def f(x: float) -> Any:
            for y in (lambda z: (k * z * i for i in range(n)))(x):
                yield sum([y * j for j in range(n)])

        return f

    first, second = make(2.0, 2), make(5.0, 3)
    assert s2sad.grad(lambda x: sum(first(x)) + 10.0 * sum(second(x)))(1.0) == 2.0 + 10.0 * 5.0 * 3 * 3


def test_a_function_whose_code_is_replaced(load: Load) -> None:
    module = load("def f(x):\n    return x * 2\n")
    assert returned(source_of(module.f)) == "x * 2"
    assert unparse_body(module.f) == "return x * 2"
    path = Path(str(module.__file__))
    path.write_text("# moved\ndef f(x):\n    return x * 3\n")
    old = module.f
    assert module.__spec__ is not None and module.__spec__.loader is not None
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    old.__code__ = module.f.__code__
    assert returned(source_of(old)) == "x * 3"
    assert unparse_body(old) == "return x * 3"
    assert s2sad.grad(old)(1.0) == 3.0


def unparse_body(function: FunctionType) -> str:
    return ast.unparse(gast.gast_to_ast(function_code(function).tree.body[-1]))


def test_equal_code_of_two_files(load: Load) -> None:
    one, two = (load("f = lambda x: x\n").f for _ in range(2))
    assert one.__code__ == two.__code__
    assert source_of(one).file == one.__code__.co_filename != source_of(two).file == two.__code__.co_filename


def test_sources_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_TEXTS_KEPT", 2)
    functions: list[Any] = [lambda x: x, lambda x: -x, lambda x: x + 1]
    sources = [source_of(f) for f in functions]
    assert len(frames._texts) == 2
    assert source_of(functions[1]) is sources[1] and source_of(functions[0]) is not sources[0]
    assert source_of(functions[1]) is sources[1] and source_of(functions[2]) is not sources[2]


def test_exec_without_source() -> None:
    names: dict[str, Any] = {}
    exec("def f(x): return x", names)
    why = "source of f cannot be had: it was typed at a prompt, or made by exec. Define it in a file"
    with pytest.raises(SourceUnavailable, match=why):
        parse(names["f"])


def test_exec_with_registered_source() -> None:
    text = "def f(x):\n    return x\ng = lambda x: -x\n"
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    names: dict[str, Any] = {}
    exec(compile(text, "<cell 1>", "exec"), names)
    assert returned(parse(names["f"])) == "x"
    assert returned(parse(names["g"])) == "-x"
    assert parse(names["f"]).file == "<cell 1>"


def test_missing_file(load: Load) -> None:
    module = load("def f(x): return x\n")
    os.unlink(str(module.__file__))
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        parse(module.f)


@pytest.mark.parametrize("function", [math.sin, len, int, "".join, functools.partial(print)])
def test_not_a_python_function(function: Any) -> None:
    with pytest.raises(SourceUnavailable, match="not a Python function: it has no source. Give its derivative"):
        parse(function)


def test_a_function_that_has_moved_in_its_file(load: Load) -> None:
    module = load("def f(x):\n    return x * 2\n")
    parse(module.f)
    Path(str(module.__file__)).write_text("y = 1\n\n\n@decorated\ndef f(x):\n    return x * 2\n")
    source = parse(module.f)
    assert (source.line, source.text) == (5, "def f(x):\n    return x * 2\n")
    assert source.location(source.tree.body[0]).line == 6


@pytest.mark.parametrize(
    "new",
    [
        "def f(x):\n    return x + 1\n",
        "def f(x):\n    return x\n",
        "def f(x, y):\n    return x * 2\n",
        "def f(x):\n    return x * 2.0\n",
        "def f(x):\n    return y * 2\n",
        "def g(x):\n    return x * 2\n",
        "def f(x:\n    return x * 2\n",
        "",
        "\n",
    ],
)
def test_changed_file(load: Load, new: str) -> None:
    module = load("def f(x):\n    return x * 2\n")
    parse(module.f)
    Path(str(module.__file__)).write_text(new or "# nothing left")
    why = "source_case_0.py:1: the source found there is not that of f: the file was changed.*reload"
    with pytest.raises(StaleSource, match=why):
        parse(module.f)


def test_changed_elsewhere(load: Load) -> None:
    module = load("def f(x):\n    return x * 2\ng = lambda x: x\n")
    Path(str(module.__file__)).write_text("def f(x):\n    # the same\n    return (x * 2)\ng = (lambda x: -x)\n")
    assert returned(parse(module.f)) == "x * 2"
    with pytest.raises(StaleSource):
        parse(module.g)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("def f(x):\n    yield x\n", "a generator"),
        ("async def f(x):\n    return x\n", "an async function"),
        ("async def f(x):\n    yield x\n", "an async function"),
        ("@staticmethod\ndef f(x):\n    yield x\n", "a generator"),
    ],
)
def test_generators_and_coroutines(load: Load, text: str, what: str) -> None:
    function = load(text).f
    with pytest.raises(UnsupportedSyntax) as error:
        parse(getattr(function, "__func__", function))
    assert f"{what} cannot be differentiated\n    {'async ' * ('async' in text)}def f(x):\n    ^" in str(error.value)
    assert error.value.location.line == text.count("@") + 1


def test_no_warnings_of_the_compiler(load: Load) -> None:
    with pytest.warns():
        module = load("def f(x):\n    s = '\\d'\n    return x is 1\n")
    assert returned(parse(module.f)) == "x is 1"


def test_deep_trees(load: Load) -> None:
    text = "def f(x):\n    if x == -1: return -1\n" + "".join(f"    elif x == {i}: return {i}\n" for i in range(500))
    assert len(parse(load(text).f).tree.body) == 1


def test_recursion_limit_is_restored() -> None:
    before, inside, leave = sys.getrecursionlimit(), threading.Event(), threading.Event()

    def other() -> None:
        with deep_recursion():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(5)
    with deep_recursion():
        pass
    assert sys.getrecursionlimit() > before
    leave.set()
    thread.join()
    assert sys.getrecursionlimit() == before
