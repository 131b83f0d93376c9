"""python -m benchmarks.gradbench: answers the messages of a GradBench eval, a line of JSON each, on one thread.

With --compare it measures the evals beside other systems, with --memory what they need of memory.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.surroundings import empty_cache, settle

settle("benchmarks.gradbench")
if {"--compare", "--memory"} & {*sys.argv}:  # first calls compile
    empty_cache()

from benchmarks.gradbench import EVALS  # noqa: E402
from benchmarks.gradbench.function import Function  # noqa: E402


def functions_of(module: str) -> dict[str, Function]:
    """The functions of an eval."""
    if module not in EVALS:
        raise LookupError(f"no eval is named {module!r}")
    functions: dict[str, Function] = importlib.import_module(f"benchmarks.gradbench.{module}").FUNCTIONS
    return functions


def define(message: dict[str, Any]) -> dict[str, Any]:
    """Whether there is such an eval."""
    functions_of(message["module"])
    return {"success": True}


def evaluate(message: dict[str, Any]) -> dict[str, Any]:
    """The value of a function of an eval."""
    output, timings = functions_of(message["module"])[message["function"]].evaluate(message["input"])
    return {"success": True, "output": output, "timings": timings}


def guarded(answer: Callable[[dict[str, Any]], dict[str, Any]], message: dict[str, Any]) -> dict[str, Any]:
    """The answer to a message, or the error that it raised."""
    try:
        return answer(message)
    except Exception as error:
        return {"success": False, "error": "".join(traceback.format_exception(error))}


def respond(message: dict[str, Any]) -> dict[str, Any]:
    """The answer to a message of any kind."""
    match message["kind"]:
        case "start":
            return {"tool": "s2sad"}
        case "define":
            return guarded(define, message)
        case "evaluate":
            return guarded(evaluate, message)
    return {}


def main() -> None:
    arguments = sys.argv[1:]
    for module in ("compare", "memory"):
        if f"--{module}" in arguments:
            arguments.remove(f"--{module}")
            importlib.import_module(f"benchmarks.gradbench.{module}").main(arguments)
            return
    for line in sys.stdin:
        message = json.loads(line)
        print(json.dumps({"id": message["id"], **respond(message)}), flush=True)


main()
