"""The dashboard of the delivery, written with Grafana's Foundation SDK: prints its JSON.

    cd infrastructure/kubernetes/monitoring/delivery && python delivery_dashboard.py > delivery_dashboard.json

A test holds the JSON equal to this, and every metric and label in it against what `flowmart metrics` exports.
"""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueTextMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
HERE = '{environment=~"$environment"}'
_HALF, _HEIGHT = 12, 7
"""Columns of 24, and rows of 30 pixels."""


def dashboard() -> Dashboard:
    """All of it: state, DORA's measures, durations, what waits for people."""
    environments = "label_values(flowmart_environment_state, environment)"
    made = Dashboard("Delivery").uid("flowmart-delivery").tags(["flowmart"]).refresh("1m").time("now-7d", "now")
    made = made.with_variable(DatasourceVariable("source").type("prometheus"))
    made = made.with_variable(
        QueryVariable("environment").datasource(SOURCE).query(environments).multi(True).include_all(True)
    )
    made = made.with_row(Row("Now"))
    for panel in (*now(), *measures()):
        made = made.with_panel(panel)
    made = made.with_row(Row("Over time"))
    for panel in over_time():
        made = made.with_panel(panel)
    return made


def now() -> Sequence[Stat]:
    """Which release is where, in which state, and what waits for people."""
    state = f"max by (environment, state) (flowmart_environment_state{HERE}) == 1"
    release = f"max by (environment, release) (flowmart_environment_release_info{HERE})"
    waiting = f"sum by (environment) (flowmart_approvals_waiting{HERE})"
    drifted = 'sum by (environment) (flowmart_drifted_objects{environment=~"$environment",state="open"})'
    return (
        _stat("State", state, "{{environment}}: {{state}}").text_mode(BigValueTextMode.NAME),
        _stat("Verified release", release, "{{environment}}: {{release}}").text_mode(BigValueTextMode.NAME),
        _stat("Approvals that wait", waiting, "{{environment}}"),
        _stat("Drifted objects", drifted, "{{environment}}"),
    )


def measures() -> Sequence[Stat]:
    """DORA's measures over 28 days."""
    return (
        _stat("Deployments a day", f"flowmart_dora_deployments_per_day{HERE}", "{{environment}}"),
        _stat("Change fail rate", f"flowmart_dora_change_fail_ratio{HERE}", "{{environment}}", "percentunit"),
        _stat("Recovery time", f"flowmart_dora_recovery_seconds{HERE}", "{{environment}}", "s"),
    )


def over_time() -> Sequence[Timeseries]:
    """Promotions by how they ended, how long applies take, and verdicts of analyses."""
    applies = 'flowmart_step_duration_seconds_bucket{environment=~"$environment",step="apply"}'
    buckets = f"sum by (engine, le) (increase({applies}[$__range]))"
    return (
        _lines(
            "Promotions",
            f"sum by (outcome) (increase(flowmart_promotions_total{HERE}[$__rate_interval]))",
            "{{outcome}}",
        ),
        _lines("Apply, 9 of 10 within", f"histogram_quantile(0.9, {buckets})", "{{engine}}", "s"),
        _lines(
            "Analyses",
            f"sum by (verdict) (increase(flowmart_analysis_total{HERE}[$__rate_interval]))",
            "{{verdict}}",
        ),
        _lines(
            "Denials of policies",
            f"sum by (policy) (increase(flowmart_policy_violations_total{HERE}[$__rate_interval]))",
            "{{policy}}",
        ),
    )


def _stat(title: str, query: str, legend: str, unit: str = "none") -> Stat:
    panel = Stat().title(title).datasource(SOURCE).height(_HEIGHT).span(_HALF // 2).unit(unit)
    return panel.with_target(Dataquery().expr(query).legend_format(legend).instant().ref_id("A"))


def _lines(title: str, query: str, legend: str, unit: str = "none") -> Timeseries:
    panel = Timeseries().title(title).datasource(SOURCE).height(_HEIGHT).span(_HALF).unit(unit)
    return panel.with_target(Dataquery().expr(query).legend_format(legend).ref_id("A"))


def text() -> str:
    """Its JSON, as Grafana imports it."""
    return JSONEncoder(sort_keys=True, indent=2).encode(dashboard().build()) + "\n"


if __name__ == "__main__":
    print(text(), end="")
