"""Frozen types by subject, the error tree and pure functions over them. Standard library only, no effects."""
