"""Explains to people how each engine returns a unit to an earlier release."""

from __future__ import annotations

from collections.abc import Mapping

ROLLBACKS: Mapping[str, str] = {
    "terraform": "The earlier release's root is planned and applied. Moves, imports and forgotten objects are undone"
    " in the state.",
    "terragrunt": "As with Terraform: the earlier release's root is planned and applied. What `prevent_destroy`"
    " protects stays.",
    "helm": "Helm rolls back to the revision that was recorded, and waits until everything is ready.",
    "kustomize": "The earlier release's manifests are applied, and what they do not have is pruned.",
    "cloudformation": "A change set leads to the earlier template and parameters.",
    "packer": "The earlier image is selected again.",
    "ansible": "The earlier release's playbook runs again. What only the newer one did is not undone.",
    "elasticsearch": "The earlier release's objects are restored. What data streams follow stays.",
}

_ANY = "The earlier release's files are planned and applied."


def how(engine: str) -> str:
    """Return how a rollback works for this engine; an installed engine gets a general sentence."""
    return ROLLBACKS.get(engine, _ANY)
