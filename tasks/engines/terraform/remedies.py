"""Say what to do about errors whose text tells a person at a terminal something else. Pure.

Terraform's advice is about its own flags and the folder that it ran in. A release is repaired by a commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.engines.terraform.diagnostics import Diagnostic

_REMEDIES = {
    r"state file (?:could not be parsed as JSON|does not have a \"version\" attribute)": (
        "Restore an earlier version of the state from the backend."
    ),
    r"doesn't match any of the checksums previously recorded": (
        "Add this system's checksums (terraform providers lock -platform=...) and commit .terraform.lock.hcl."
    ),
    r"Provider dependency changes detected": "Run terraform init in this folder and commit .terraform.lock.hcl.",
    r"previously-selected version \S+ is no longer available": (
        "Add that version to the mirror, or run terraform init -upgrade and commit .terraform.lock.hcl."
    ),
}
"""{what an error says: what to do}."""


def of(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return what to do about these errors, a sentence each."""
    texts = [f"{item.summary}: {item.detail}" for item in found]
    return tuple(remedy for said, remedy in _REMEDIES.items() if any(re.search(said, text) for text in texts))
