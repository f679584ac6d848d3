"""The example platforms that need Terraform alone, promoted from their first environment to their last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import FlowmartError, RolledBack
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import PrometheusDouble
from tests.platforms.example_platforms import EXAMPLES, Example


@pytest.fixture
def prometheus() -> Iterator[PrometheusDouble]:
    with prometheus_server.serving() as double:
        yield double


def test_there_is_an_example_for_each_line_of_the_readme(project: Path) -> None:
    text = (project / "docs/examples/README.md").read_text()
    named = {name for name in (folder.name for folder in EXAMPLES.iterdir()) if f"](platforms/{name}/" in text}
    assert named == {folder.name for folder in EXAMPLES.iterdir()}
    assert len(named) == 6


def test_one_tool_differs_by_values_and_a_bad_release_is_rolled_back(tmp_path: Path) -> None:
    example = Example("one-tool", tmp_path)
    release = example.release()
    example.promote_through(release, ["dev", "production"])
    assert example.outputs("dev/app.tfstate")["names"] == ["0 in network-dev"]
    assert example.outputs("production/app.tfstate")["instances"] == 3
    example.change("terraform/app/main.tf", "count = var.instances", "count = var.instances + 1")
    with pytest.raises(RolledBack):
        example.promote(example.release("one too many"), "dev")
    assert example.outputs("dev/app.tfstate")["instances"] == 1
    assert example.state("dev").verified == release


def test_regions_follow_side_by_side_after_the_soak_time_and_a_person_approves_what_they_share(
    tmp_path: Path,
) -> None:
    example = Example("several-regions", tmp_path)
    release = example.release()
    example.promote(release, "dev")
    with pytest.raises(FlowmartError, match="soaks until"):
        example.promote(release, "production-eu")
    example.clock.sleep(3601)
    example.promote(release, "production-us")
    with pytest.raises(FlowmartError, match="not verified in production-eu"):
        example.promote(release, "global")
    example.promote(release, "production-eu")
    asked = example.promote(release, "global")
    assert asked
    assert asked.environment == "global"
    assert example.outputs("production-us.tfstate") == {"address": "storefront.us-east-1.shop.example"}
    assert not (example.states / "global.tfstate").exists()


def test_metrics_decide_whether_a_release_stays(tmp_path: Path, prometheus: PrometheusDouble) -> None:
    example = Example("monitoring", tmp_path, prometheus.url)
    prometheus.now = lambda: example.clock.now().timestamp()
    prometheus.values = {"up{": lambda _: 1, "code=~": lambda _: 2, "increase": lambda _: 1000}
    good = example.release()
    example.promote_through(good, ["dev", "production"])
    example.change("terraform/cart/main.tf", "2.0.0", "2.0.1")
    bad, applied = example.release("worse"), example.clock.now().timestamp() + 1
    prometheus.values["code=~"] = lambda at: 80 if at > applied else 2
    with pytest.raises(RolledBack, match="analysis failed"):
        example.promote(bad, "dev")
    assert example.outputs("dev.tfstate") == {"version": "cart 2.0.0 in dev"}
    assert (example.state("dev").verified, example.state("dev").rejected) == (good, {bad})
