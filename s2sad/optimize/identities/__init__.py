"""Identities of algebra and layout. Takes an operation whose operands are known; gives what says it with less."""

from s2sad.optimize.identities import factors, layout, products, stores, sums

__all__ = ["factors", "layout", "products", "stores", "sums"]
