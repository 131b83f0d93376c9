"""The primitives that the compiler itself makes: lists, effects, regions, snapshots, each with its rules."""
