"""How each template ended, in a file: a run over all of them takes longer than some machines give it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.public_templates.story import End, Told


class Results:
    """The ends that a file keeps, one line a template."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file.exists() else []
        kept = [json.loads(line) for line in lines]
        self.told = {each["template"]: Told(End(each["end"]), each["step"], each["why"]) for each in kept}

    def keep(self, template: str, told: Told) -> None:
        """Add the end of a template's story."""
        self.told[template] = told
        kept = {"template": template, "end": told.end.value, "step": told.step, "why": told.why}
        with self._file.open("a") as file:
            file.write(json.dumps(kept) + "\n")
