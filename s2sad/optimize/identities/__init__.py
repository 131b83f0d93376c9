"""Identities of algebra and layout. Takes an operation whose operands are known; gives what says it with less."""
