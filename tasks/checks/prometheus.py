"""Runs the `prometheus` check: a value, the targets of a job, or a rule group in the environment's Prometheus.

Failed: the value exceeds its limit, a target is down or not scraped, a rule group is not loaded or broken, or the
query is wrong. Unanswered: Prometheus does not respond, rejects the credentials, is behind a login page, or has no
data. Then it has said nothing about the unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.checks.answers import Answer, Surroundings, failed, judged, passed, shortened, unanswered
from tasks.checks.options import PrometheusFact
from tasks.domain.errors import FlowmartError
from tasks.monitoring.answers import QueryRefused, Series
from tasks.monitoring.client import Prometheus
from tasks.monitoring.queries import quoted

_SELECTED = "no target of the job is scraped; if it has a ServiceMonitor, check the labels that Prometheus selects by"


def expected(options: PrometheusFact) -> str:
    """Return what the check expects, as a phrase for people."""
    if options.scraped is not None:
        return f"every target of job {options.scraped} is scraped"
    if options.rules_loaded is not None:
        return f"rule group {options.rules_loaded} is loaded and evaluated"
    limits = (("at most", options.at_most), ("at least", options.at_least))
    return f"{options.query} is {' and '.join(f'{word} {limit:g}' for word, limit in limits if limit is not None)}"


def ask(options: PrometheusFact, around: Surroundings) -> Answer:
    """Query Prometheus once."""
    try:
        server = around.prometheus(options.timeout)
        if options.scraped is not None:
            return _scraped(server, options.scraped)
        if options.rules_loaded is not None:
            return _loaded(*server.rule_groups(), options.rules_loaded)
        return _measured(server, options)
    except QueryRefused as error:
        return failed(shortened(str(error)))
    except FlowmartError as error:
        return unanswered(shortened(str(error)))


def _measured(server: Prometheus, options: PrometheusFact) -> Answer:
    found = server.instant(str(options.query))
    if found.partial:
        return _in_part(found.warnings)
    if not found.series:
        return unanswered("no data")
    if len(found.series) > 1:
        return failed(f"{len(found.series)} series where one is wanted; aggregate them, for instance with sum(...)")
    return _compared(options, found.series[0])


def _compared(options: PrometheusFact, one: Series) -> Answer:
    if not one.known:
        return unanswered(f"{one.value}, which is not a number")
    too_high = options.at_most is not None and one.value > float(options.at_most)
    too_low = options.at_least is not None and one.value < float(options.at_least)
    return judged(not (too_high or too_low), f"{one.value:g}")


def _scraped(server: Prometheus, job: str) -> Answer:
    found = server.instant(f"up{{job={quoted(job)}}}")
    targets = found.series
    if not targets and not found.partial:
        return failed(_SELECTED)
    down = sorted(each.labels.get("instance", each.name) for each in targets if each.value != 1)
    if down:
        return failed(shortened(f"{len(down)} of {len(targets)} targets are down: {', '.join(down)}"))
    return _in_part(found.warnings) if found.partial else passed(f"{len(targets)} targets")


def _in_part(warnings: Sequence[str]) -> Answer:
    return unanswered(
        shortened(f"only a part of the data could be read: {'; '.join(warnings) or 'the server says so'}")
    )


def _loaded(groups: Sequence[Mapping[str, Any]], warnings: Sequence[str], name: str) -> Answer:
    named = [group for group in groups if group.get("name") == name]
    if not named and warnings:
        return _in_part(warnings)
    if not named:
        return failed("it is not loaded; if it is a PrometheusRule, check the labels that Prometheus selects by")
    rules = [rule for group in named for rule in group.get("rules") or ()]
    broken = [rule for rule in rules if rule.get("health") == "err"]
    if broken:
        return failed(shortened(f"rule {broken[0].get('name')} fails: {broken[0].get('lastError')}"))
    return passed(f"{len(rules)} rules")
