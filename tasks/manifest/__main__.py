"""Prints platform.schema.json: python -m tasks.manifest > infrastructure/platform.schema.json."""

from tasks.manifest.schema import text

print(text(), end="")
