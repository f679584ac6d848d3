"""A platform with one unit in two environments, for what platform.yaml and an environment in it may say."""

from __future__ import annotations

from pathlib import Path

from tasks import manifest
from tasks.domain.platform import Platform

PLATFORM = """
platform: shop
{declared}
environments:
  dev: {{}}
  production:
    after: dev
    {own}
units:
  cart:
    engine: kustomize
    source: cart
    environments: [dev, production]
    {more}
"""


def load(folder: Path, declared: str, own: str, more: str = "") -> Platform:
    """Read it with keys of the platform, `own` ones of production, and `more` of the unit."""
    (folder / "cart").mkdir()
    (folder / "cart" / "kustomization.yaml").touch()
    (folder / "platform.yaml").write_text(PLATFORM.format(declared=declared, own=own, more=more))
    return manifest.load(folder)
