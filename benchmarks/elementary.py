"""The elementary functions of the native backend beside NumPy's and SciPy's: time of an element, and largest error.

    python -m benchmarks.elementary [name ...]

Each is compiled in a loop over 4,096 numbers, as in a program. Errors are in units in the last place of the exact
value, by mpmath, over points that are dense where a function is used, and where it is hard to compute.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm
import numpy as np
from mpmath import mp, mpf

from s2sad.backends.native.elementary import Target, arity, text_of

Array = np.ndarray
LENGTH = 4096
LOOP = """
define void @loop(ptr noalias %out, {arrays}, i64 %n) {{
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %body, label %end
body:
  %i = phi i64 [0, %entry], [%j, %body]
{loads}
  %y = call {type} @"s2sad.{name}"({operands})
  %to = getelementptr {type}, ptr %out, i64 %i
  store {type} %y, ptr %to
  %j = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %body, label %end
end:
  ret void
}}
"""


def loop_text(name: str, target: Target) -> str:
    """The function and a loop over it."""
    kind = "float" if name.endswith(".f32") else "double"
    places = range(arity(name))
    loads = [
        f"  %p{k} = getelementptr {kind}, ptr %a{k}, i64 %i\n  %x{k} = load {kind}, ptr %p{k}, align 4" for k in places
    ]
    return text_of([name], target) + LOOP.format(
        name=name,
        type=kind,
        arrays=", ".join(f"ptr noalias %a{k}" for k in places),
        loads="\n".join(loads),
        operands=", ".join(f"{kind} %x{k}" for k in places),
    )


@dataclass(frozen=True)
class Machine:
    """What is compiled for."""

    cpu: str
    features: str

    @staticmethod
    @cache
    def host() -> Machine:
        return Machine(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())

    @property
    def target(self) -> Target:
        return Target.of(llvm.get_default_triple(), self.features)


def optimised(text: str, machine: Machine) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    of_triple = llvm.Target.from_default_triple()
    target_machine = of_triple.create_target_machine(cpu=machine.cpu, features=machine.features, opt=3)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = target_machine.triple, str(target_machine.target_data)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = True
    builder = llvm.create_pass_builder(target_machine, tuning)
    builder.getModulePassManager().run(module, builder)
    inlining = llvm.create_new_module_pass_manager()
    inlining.add_always_inliner_pass()
    inlining.add_simplify_cfg_pass()
    inlining.run(module, builder)
    return module, target_machine


class Compiled:
    """A function over arrays."""

    def __init__(self, name: str, machine: Machine | None = None, target: Target | None = None) -> None:
        machine = machine or Machine.host()
        module, target_machine = optimised(loop_text(name, target or machine.target), machine)
        self.dtype = np.float32 if name.endswith(".f32") else np.float64
        self.engine = llvm.create_mcjit_compiler(module, target_machine)
        pointers = [ctypes.c_void_p] * (1 + arity(name))
        address = self.engine.get_function_address("loop")
        self.function = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(address)

    def __call__(self, *arrays: Array) -> Array:
        arrays = tuple(np.ascontiguousarray(a, self.dtype) for a in arrays)
        out = np.empty_like(arrays[0])
        self.bound(*arrays, out=out)()
        return out

    def bound(self, *arrays: Array, out: Array) -> Callable[[], None]:
        """A call with these arrays, without the time that Python takes to find their memory."""
        places = [a.ctypes.data for a in (out, *arrays)]
        return lambda: self.function(*places, out.size)


@dataclass(frozen=True)
class Reference:
    """The exact function, points at which it is compared, and an interval in which it is timed."""

    exact: Callable[..., mpf]
    points: Callable[[np.random.Generator, int], tuple[Array, ...]]
    usual: tuple[float, float] = (-20.0, 20.0)


def ends() -> Array:
    """Subnormal numbers, and the first and last ones that are none."""
    normal = np.finfo(float).tiny
    return np.array([5e-324, 1e-323, 1.5e-310, normal - 5e-324, normal, 2 * normal, 1e-300])


def both(*parts: Array) -> tuple[Array]:
    x = np.concatenate(parts)
    return (np.concatenate([x, -x]),)


def one(*parts: Array) -> tuple[Array]:
    return (np.concatenate(parts),)


def scales(rng: np.random.Generator, n: int, low: float = -1021.0, high: float = 1023.0) -> Array:
    """Positive numbers of all sizes, by their logarithms to base 2."""
    return 2.0 ** rng.uniform(low, high, n)


def near(rng: np.random.Generator, points: Array | float, n: int) -> Array:
    """Numbers close to some, at all distances."""
    return np.asarray(points) * (1.0 + scales(rng, n, -52, -1) * rng.choice([-1.0, 1.0], n))


def angles(rng: np.random.Generator, n: int) -> tuple[Array]:
    """Also the numbers next to multiples of pi/2, and the worst of them."""
    k = np.floor(scales(rng, n, 0, 20))
    large = np.array([float(mpf(int(2 ** float(e))) * mp.pi / 2) for e in rng.uniform(20, 50, n // 4)])
    limit = np.nextafter(2.0**20, np.array([0.0, np.inf]))
    worst = np.array([6381956970095103.0 * 2.0**797, 1e22, 2.0**20, 1.7976931348623157e308])
    rest = [scales(rng, n // 2), rng.uniform(0, 10, n), rng.uniform(0, 2**20, n // 2)]
    return both(k * (np.pi / 2), large, limit, worst, ends(), *rest)


def powers(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Results of all sizes, from bases of all sizes, from those about 1, and from those next to it."""
    x = np.concatenate([scales(rng, n, -1074), rng.uniform(0.7, 1.42, n), near(rng, 1.0, n), rng.uniform(0.1, 10, n)])
    y = rng.uniform(-745, 709, x.size) / np.log(np.where(x == 1.0, 2.0, x))
    y[-n:] = rng.uniform(-20, 20, n)
    return x, y


def pairs(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x, apart = scales(rng, n, -500, 500), scales(rng, n, -60, 60)
    plane = rng.normal(size=(2, n)) * 3.0
    all_x = np.concatenate([plane[0], x, -x, scales(rng, n, -1074, -1000)])
    return all_x, np.concatenate([plane[1], x * apart, x * apart, scales(rng, n, -1074, -1000)])


def exponents(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x, y = rng.uniform(0, 50, (2, n))
    a, b = rng.uniform(0, 2, (2, n))
    return np.concatenate([x, a]), np.concatenate([y, b])


def root(x: mpf) -> mpf:
    return mp.cbrt(x) if x >= 0 else -mp.cbrt(-x)


def of_reals(x: mpf, y: mpf) -> mpf:
    return mp.power(x, y)


ANGLES = {"sin": mp.sin, "cos": mp.cos, "tan": mp.tan}
LOGARITHMS = {"log": mp.log, "log2": lambda x: mp.log(x) / mp.log(2), "log10": lambda x: mp.log(x) / mp.log(10)}
REFERENCES: dict[str, Reference] = {
    "exp": Reference(mp.exp, lambda r, n: one(r.uniform(-745.2, 709.8, n), r.uniform(-1, 1, n))),
    "exp2": Reference(lambda x: mp.power(2, x), lambda r, n: one(r.uniform(-1075, 1024, n), r.uniform(-2, 2, n))),
    "expm1": Reference(
        mp.expm1,
        lambda r, n: one(
            r.uniform(-40, 709.8, n), r.uniform(-2, 2, n), scales(r, n, -1022, 0), -scales(r, n, -60, 0), ends()
        ),
    ),
    **{
        name: Reference(
            exact, lambda r, n: one(scales(r, n, -1074, 1023), r.uniform(0.5, 2, n), near(r, 1.0, n), ends()), (0.1, 20)
        )
        for name, exact in LOGARITHMS.items()
    },
    "log1p": Reference(
        mp.log1p,
        lambda r, n: one(scales(r, n), r.uniform(-0.9, 2, n), -scales(r, n, -60, 0), near(r, -0.5, n), -ends()),
        (-0.9, 20),
    ),
    **{name: Reference(exact, angles) for name, exact in ANGLES.items()},
    "sinc": Reference(
        lambda x: mp.sinpi(x) / (mp.pi * x),
        lambda r, n: both(r.uniform(0.01, 3, n), scales(r, n, -80, 48), near(r, np.ceil(scales(r, n, 0, 20)), n)),
    ),
    "sinh": Reference(mp.sinh, lambda r, n: both(r.uniform(0, 710.4, n), r.uniform(0, 2, n), scales(r, n, -60, 2))),
    "cosh": Reference(mp.cosh, lambda r, n: both(r.uniform(0, 710.4, n), r.uniform(0, 2, n), scales(r, n, -60, 2))),
    "tanh": Reference(
        mp.tanh, lambda r, n: both(r.uniform(0, 25, n), r.uniform(0, 2, n), scales(r, n, -60, 2), ends())
    ),
    "arcsinh": Reference(mp.asinh, lambda r, n: both(scales(r, n), r.uniform(0, 20, n), scales(r, n, -60, 2), ends())),
    "arccosh": Reference(
        mp.acosh, lambda r, n: one(1 + scales(r, n, -52, 1000), r.uniform(1, 3, n), r.uniform(1, 30, n)), (1, 20)
    ),
    "arctanh": Reference(
        mp.atanh, lambda r, n: both(r.uniform(0, 1, n), 1 - scales(r, n, -53, -1), scales(r, n, -60, 0)), (-0.99, 0.99)
    ),
    "arcsin": Reference(
        mp.asin,
        lambda r, n: both(r.uniform(0, 1, n), 1 - scales(r, n, -53, -1), scales(r, n, -60, 0), ends()),
        (-0.99, 0.99),
    ),
    "arccos": Reference(
        mp.acos, lambda r, n: both(r.uniform(0, 1, n), 1 - scales(r, n, -53, -1), scales(r, n, -60, 0)), (-0.99, 0.99)
    ),
    "arctan": Reference(mp.atan, lambda r, n: both(scales(r, n), r.uniform(0, 3, n), scales(r, n, -60, 2), ends())),
    "arctan2": Reference(mp.atan2, pairs),
    "hypot": Reference(mp.hypot, pairs),
    "pow": Reference(of_reals, powers, (0.01, 20)),
    "sqrt": Reference(mp.sqrt, lambda r, n: one(scales(r, n, -1074), ends()), (0, 20)),
    "cbrt": Reference(root, lambda r, n: both(scales(r, n, -1074), r.uniform(0.1, 10, n), ends())),
    "erf": Reference(mp.erf, lambda r, n: both(r.uniform(0, 1, n), r.uniform(0.9, 6, n), scales(r, n, -60, 2), ends())),
    "erfc": Reference(
        mp.erfc, lambda r, n: both(r.uniform(0, 1, n), r.uniform(0, 6, n), r.uniform(0, 27.2, n), scales(r, n, -60, 2))
    ),
    "ndtr": Reference(
        lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
        lambda r, n: both(r.uniform(0, 1, n), r.uniform(0, 6, n), r.uniform(0, 38.4, n), scales(r, n, -60, 2)),
    ),
    "expit": Reference(
        lambda x: 1 / (1 + mp.exp(-x)), lambda r, n: both(r.uniform(0, 745, n), r.uniform(0, 40, n), r.uniform(0, 3, n))
    ),
    "log_expit": Reference(
        lambda x: -mp.log1p(mp.exp(-x)),
        lambda r, n: both(r.uniform(0, 745, n), r.uniform(0, 40, n), r.uniform(0, 3, n)),
    ),
    "exp10": Reference(lambda x: mp.power(10, x), lambda r, n: one(r.uniform(-323, 308, n), r.uniform(-2, 2, n))),
    "erfcx": Reference(
        lambda x: mp.erfc(x) * mp.exp(x * x),
        lambda r, n: one(r.uniform(-26, 30, n), r.uniform(-1, 1, n), scales(r, n, -60, 300), -scales(r, n, -60, 2)),
    ),
    "log_ndtr": Reference(
        lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2) if x < 5 else mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2),
        lambda r, n: one(r.uniform(-40, 40, n), r.uniform(-3, 3, n), -scales(r, n, -60, 20), scales(r, n, -60, 5)),
    ),
    "logit": Reference(
        lambda x: mp.log(x / (1 - x)),
        lambda r, n: one(r.uniform(0, 1, n), scales(r, n, -1074, -1), 1 - scales(r, n, -53, -1), near(r, 0.5, n)),
        (0.01, 0.99),
    ),
    "xlogy": Reference(lambda x, y: x * mp.log(y), lambda r, n: (r.normal(size=n), scales(r, n, -500, 500))),
    "xlog1py": Reference(lambda x, y: x * mp.log1p(y), lambda r, n: (r.normal(size=n), scales(r, n, -80, 500))),
    "entr": Reference(
        lambda x: -x * mp.log(x), lambda r, n: one(scales(r, n, -1000, 1000), r.uniform(0, 3, n)), (0, 20)
    ),
    "logaddexp": Reference(lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), exponents),
    "logaddexp2": Reference(lambda x, y: mp.log(mp.power(2, x) + mp.power(2, y)) / mp.log(2), exponents),
}


def error(y: float, exact: mpf) -> float:
    """The distance of a number from the exact value, in units in the last place of that."""
    nearest = float(exact)
    if np.isinf(nearest) or np.isinf(y):
        return 0.0 if y == nearest else np.inf
    if not np.isfinite(y):
        return np.inf
    below = np.nextafter(abs(nearest), 0.0) if abs(exact) < abs(mpf(nearest)) else abs(nearest)
    return float(abs(mpf(y) - exact) / mpf(float(np.spacing(below))))


def errors(name: str, compiled: Callable[..., Array], rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """The points, a column each, and the errors there."""
    reference = REFERENCES[name]
    points = reference.points(rng, count)
    values = compiled(*points)
    with mp.workprec(160):
        exact = [reference.exact(*(mpf(float(x)) for x in xs)) for xs in zip(*points, strict=True)]
        found = np.array([error(float(y), e) for y, e in zip(values, exact, strict=True)])
    return np.stack(points), found


def nanoseconds(*calls: Callable[[], object]) -> list[float]:
    """The time of an element in each, the least of many runs by turns."""
    best = [np.inf] * len(calls)
    with np.errstate(all="ignore"):
        for _ in range(40):
            for k, call in enumerate(calls):
                start = time.perf_counter()
                for _ in range(5):
                    call()
                best[k] = min(best[k], time.perf_counter() - start)
    return [b / 5 / LENGTH * 1e9 for b in best]


def usual(name: str) -> Callable[..., Array]:
    """The function of NumPy or SciPy."""
    if hasattr(np, name) and name != "sinc":
        found: Callable[..., Array] = getattr(np, name)
        return found
    import scipy.special

    if name == "sinc":
        return lambda x, out: np.sinc(x)
    of_scipy: Callable[..., Array] = getattr(scipy.special, name)
    return of_scipy


def main(names: Sequence[str]) -> None:
    print(f"{'':12}{'ns':>8}{'NumPy':>8}{'ratio':>8}{'max ulp':>10}{'NumPy':>10}")
    for name in names or REFERENCES:
        compiled, other = Compiled(name), usual(name)
        columns = [np.linspace(*REFERENCES[name].usual, LENGTH), np.linspace(-3.0, 3.0, LENGTH)][: arity(name)]
        out = np.empty(LENGTH)
        own, others = nanoseconds(compiled.bound(*columns, out=out), lambda: other(*columns, out=out))  # noqa: B023
        worst = errors(name, compiled, np.random.default_rng(1), 500)[1].max()
        with np.errstate(all="ignore"):
            theirs = errors(name, lambda *xs, f=other: f(*xs, out=np.empty(xs[0].shape)), np.random.default_rng(1), 500)
        print(f"{name:12}{own:8.2f}{others:8.2f}{others / own:8.1f}{worst:10.3f}{theirs[1].max():10.3g}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
