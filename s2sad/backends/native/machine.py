"""LLVM's text made fast for the machine at hand, and its object code.

text  ->  `optimised`: a module of LLVM  ->  `object_code`: bytes that any process on such a machine can load
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm

from s2sad.backends.native.elementary import Target
from s2sad.backends.native.host import features, target_machine

LARGE = 1000
"""Lines of a module from which on loops of many iterations are not unrolled: it is compiled in half the time."""

VARIANTS = "vector-function-abi-variant"


@dataclass(frozen=True)
class Effort:
    """What is done to make code fast."""

    level: int = 3
    unroll: bool = True
    """Whether loops are unrolled that do not ask for it themselves."""
    interleave: bool = True


def effort_for(text: str) -> Effort:
    """What pays for a module of that length."""
    lines = text.count("\n")
    return Effort(unroll=lines < LARGE, interleave=lines < LARGE)


@lru_cache(maxsize=1)
def elementary_target() -> Target:
    """For what the elementary functions are written."""
    return Target.of(target_machine().triple, features())


def parsed(text: str) -> Any:
    """A module of LLVM, of its text."""
    machine = target_machine()
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return module


def optimised(text: str, effort: Effort | None = None) -> Any:
    """A module of LLVM, made fast."""
    module = parsed(text)
    effort = effort or effort_for(text)
    tuning = llvm.create_pipeline_tuning_options(speed_level=effort.level)
    tuning.loop_vectorization = True
    tuning.loop_unrolling = effort.unroll
    tuning.loop_interleaving = effort.interleave
    # numbers of chains of operations, packed where two are alike, are slower as often as not, and take LLVM long
    tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(target_machine(), tuning)
    builder.getModulePassManager().run(module, builder)
    if VARIANTS in text:
        # variants for vectors of what is rarely called come in when loops are vectorised
        behind = llvm.create_new_module_pass_manager()
        behind.add_always_inliner_pass()
        behind.add_simplify_cfg_pass()
        behind.run(module, builder)
    return module


def object_code(text: str, effort: Effort | None = None) -> bytes:
    """The object code of a module."""
    return bytes(target_machine().emit_object(optimised(text, effort)))
