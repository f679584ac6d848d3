"""A platform in which something has happened, with names and reasons that Markdown, MDX and Mermaid would misread."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.documentation import Facts, gather
from tasks.domain.events import (
    ClaimClosed,
    EnvironmentClaimed,
    EnvironmentFrozen,
    ReleaseVerified,
    UnitApplied,
    UnitSmoked,
)
from tasks.domain.outcome import Outcome
from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.manifest import load
from tests.platforms.mini import PLATFORM, MiniPlatform
from tests.unit.test_environment_state import receipt

HOSTILE = "| a](x) <script>alert(1)</script> `{danger}` ${x} **b** [[entity|c]] #1;\n\n# Heading\n---"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    """Two releases verified in dev, nothing in staging; `end` is a word of Mermaid."""
    made = MiniPlatform(tmp_path)
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(made.repository))
    monkeypatch.setenv("FLOWMART_STORE", made.settings.store)
    made.write("platform.yaml", PLATFORM.replace("units:\n", f"units:\n{END}"))
    made.write(
        "terraform/dev/end/main.tf", f'terraform {{\n  backend "local" {{ path = "{made.state}/end" }}\n}}\n{GIVES}'
    )
    made.write("overrides.yaml", OVERRIDE)
    (made.repository / "CODEOWNERS").write_text(OWNERS)
    promote(made, made.release(HOSTILE.partition("\n")[0], author="Anna"))
    made.paint("dev", "green")
    promote(made, made.release("Paint it green"))
    History(made.settings).ledger.append("dev", EnvironmentFrozen(reason=HOSTILE))
    return made


GIVES = 'output "password" { value = 1 }\n'
OWNERS = """*.tf @acme/infra anna@acme.example
/infrastructure/*/dev/end/ @ben
"""
END = """  end:
    engine: terraform
    source: terraform/{environment}/end
    environments: [dev]
    needs: [second]
    protected: true
    checks:
      - {name: either, kind: output, output: password, matches: "^(a|b)`{2}$"}
"""
OVERRIDE = f"""- policy: names
  environment: dev
  unit: end
  address: "*"
  reason: {HOSTILE.replace(chr(10), " ")!r}
  expires: 2030-01-31
"""


def promote(mini: MiniPlatform, release: Release) -> str:
    """What the ledger says of a release that was promoted to dev."""
    history = History(mini.settings)
    origin = history.releases.latest_request(release.id)
    ledger = history.ledger
    ledger.append("dev", EnvironmentClaimed(release=release.id, purpose="promote", holder={}, provenance=origin))
    for unit in ("first", "gone"):
        ledger.append("dev", UnitApplied(unit=unit, release=release.id, receipt=receipt(unit, release.id)))
    ledger.append("dev", UnitSmoked(unit="first", release=release.id, outcome=Outcome.SUCCEEDED))
    ledger.append("dev", ReleaseVerified(release=release.id))
    ledger.append("dev", ClaimClosed(outcome="succeeded"))
    return release.id


@pytest.fixture
def facts(mini: MiniPlatform) -> Facts:
    """What is known of it."""
    return gather(History(mini.settings), load(mini.repository / "infrastructure"), mini.repository, NOW)
