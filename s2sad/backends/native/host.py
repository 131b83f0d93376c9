"""LLVM in this process: what machine this is, and object code linked into memory."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm


@lru_cache(maxsize=1)
def target() -> Any:
    """The target of this machine; LLVM is started with the first question for it."""
    # what is left of a row is computed in shorter vectors: many rows are not much longer than the longest ones
    llvm.set_option("s2sad", "-epilogue-vectorization-minimum-VF=8")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@lru_cache(maxsize=1)
def name() -> str:
    """What object code is for: compiled for another machine, or by another LLVM, it is of no use here."""
    return f"{llvmlite.__version__} {target().triple} {llvm.get_host_cpu_name()} {features()}"


@lru_cache(maxsize=1)
def features() -> str:
    """What the processor can do: `+fma,+avx2,-avx512f`."""
    return str(llvm.get_host_cpu_features().flatten())


@lru_cache(maxsize=1)
def target_machine() -> Any:
    """A target machine for the processor at hand."""
    cpu = llvm.get_host_cpu_name()
    return target().create_target_machine(cpu=cpu, features=features(), opt=3, reloc="pic", codemodel="small")


@lru_cache(maxsize=1)
def _linker() -> Any:
    cpu = llvm.get_host_cpu_name()
    # its own: it is the linker's from now on
    machine = target().create_target_machine(cpu=cpu, features=features(), reloc="pic", codemodel="small")
    return llvm.create_lljit_compiler(machine)


def linked(data: bytes, library: str, names: Sequence[str]) -> Mapping[str, int]:
    """The addresses of what object code defines. It is in memory as long as this is.

    Raises:
        RuntimeError: it calls what is not in this process.
    """
    builder = llvm.JITLibraryBuilder().add_object_img(data).add_current_process()
    for defined in names:
        builder.export_symbol(defined)
    return builder.link(_linker(), library)  # type: ignore[no-any-return]
