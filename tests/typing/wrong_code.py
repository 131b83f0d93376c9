"""Mistakes that the type checkers find: each line that ends with the mark is an error to them. They are never run."""

import s2sad


def energy(x: float, stiffness: float = 2.0) -> float:
    return 0.5 * stiffness * x * x


def mistakes() -> None:
    force = s2sad.grad(energy)
    force("one")  # wrong
    force(1.0, stifness=2.0)  # wrong
    force()  # wrong
    print(force.sources)  # wrong
    force.lower("one")  # wrong
    s2sad.grad(energy, backend="jax")  # wrong
    s2sad.jit(energy, backend="gpu")  # wrong
    s2sad.grad(energy, 1.0)  # wrong
    s2sad.grad(2.0)  # wrong
    print(s2sad.value_and_grad(energy)(1.0)[2])  # wrong
    s2sad.vmap(energy, backend="jax")  # wrong
    s2sad.custom_vjp(energy)("one")  # wrong
    s2sad.checkpoint(energy)("one")  # wrong
