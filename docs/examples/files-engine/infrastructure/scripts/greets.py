"""Smoke check: the greeting in a folder greets."""

import sys
from pathlib import Path

text = (Path(sys.argv[1]) / "greeting.txt").read_text()
print(text.strip())
sys.exit(0 if text.startswith("Hello") else 1)
