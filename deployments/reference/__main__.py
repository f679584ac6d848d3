"""Writes docs/reference."""

from pathlib import Path

from deployments.reference.pages import pages

FOLDER = Path(__file__).parents[2] / "docs/reference"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
