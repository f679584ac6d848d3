"""What a person may choose from in a form, and what is said before starting: from releases and states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema

from deployments.server import forms
from deployments.server.catalogue import Declared
from deployments.server.forms import World
from flows.approval import approve
from tasks.domain.analysis import Paused
from tasks.domain.drift import DriftedObject
from tasks.domain.events import RollbackRehearsed
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Approval, Environment, Platform, Rehearsal, Roles, Unit
from tasks.domain.release import Provenance, Receipt, Release, RequestedRelease, Target
from tasks.ledger.state import Claim, EnvironmentState, KnownDrift, ManualFreeze, RecordedRehearsal
from tasks.promotion.approval_requests import Request

ROLES = Roles("plan", "apply")
DEV = Environment("dev", "222222222222", "eu-west-1", ROLES)
STAGING = Environment(
    "staging", "333333333333", "eu-west-1", ROLES, after=("dev",), approval=Approval(when=("always",))
)
UNITS = (
    Unit("network", "terraform", "terraform/network", ("dev", "staging")),
    Unit("shop", "terraform", "terraform/shop", ("dev", "staging"), needs=("network",)),
)
PLATFORM = Platform("mini", (DEV, STAGING), UNITS)


def requested(release: str, subject: str, at: str, **units: str) -> RequestedRelease:
    """A release that was asked for once."""
    digests = {f"{name}/{unit}": digest for name in ("dev", "staging") for unit, digest in units.items()}
    return RequestedRelease(Release(release, "", digests), Provenance(subject=subject, at=at))


OLD = requested("aaaaaaaaaaaa", "The beginning", "2026-11-01T09:00:00+00:00", network="1", shop="1")
NEW = requested("bbbbbbbbbbbb", "A new shop", "2026-11-23T18:40:00+00:00", network="1", shop="2")

FLOW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "release": {"title": "Release", "type": "string", "description": "Id of a release"},
        "environment": {"title": "Environment", "type": "string"},
        "despite": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "Despite"},
    },
    "required": ["release", "environment"],
}
RELEASE: dict[str, Any] = {"properties": {"release": {"type": "string"}, "to": {"type": "string"}}}
BACK: dict[str, Any] = {
    "properties": {"environment": {"type": "string"}, "to": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
}


def on(environment: str, release: RequestedRelease) -> EnvironmentState:
    """Where a release is verified."""
    receipts = {
        unit.name: Receipt(
            "", Target(release.id, environment, unit.name), release.release.units[f"dev/{unit.name}"], "", "", {}, ""
        )
        for unit in UNITS
    }
    return EnvironmentState(environment, receipts, frozenset(receipts), release.id)


def world(*states: EnvironmentState, verified: Mapping[str, list[str]] | None = None) -> World:
    known = {name: EnvironmentState(name) for name in ("dev", "staging")} | {one.environment: one for one in states}
    return World(PLATFORM, (NEW, OLD), known, verified or {})


PAUSED = Paused(NEW.id, "", "no data", False, "", ("shop",))
DRIFT = KnownDrift({"shop": (DriftedObject("shop", "it", "kind", "update", ("it changed",)),)})


def declared(flow: str, environment: str | None = None) -> Declared:
    parameters = {"environment": environment} if environment else {}
    return Declared(environment or "all", f"flows/{flow}.py:{flow}", f"What {flow} is.", "q", parameters=parameters)


def link(flow: str, parameters: Mapping[str, Any]) -> str:
    return f"/{flow}/{parameters['release'].split()[0]}/{parameters['environment']}"


def choices(form: forms.Form, parameter: str) -> list[str]:
    return [str(choice).split()[0] for choice in form.schema["properties"][parameter].get("enum", [])]


def test_a_release_is_offered_by_id_subject_and_time() -> None:
    assert forms.label(NEW) == "bbbbbbbbbbbb · A new shop · 23 Nov 18:40"


def test_a_long_subject_is_cut() -> None:
    assert "…" in forms.label(requested("cccccccccccc", "x" * 80, OLD.provenance.at))


def test_the_first_environment_takes_every_release_newest_first() -> None:
    made = forms.form(declared("promote", "dev"), FLOW, world(), link)
    assert choices(made, "release") == [NEW.id, OLD.id]
    assert choices(made, "environment") == ["dev"]


def test_a_later_environment_takes_what_is_verified_in_the_one_before() -> None:
    made = forms.form(declared("promote", "staging"), FLOW, world(on("dev", OLD)), link)
    assert choices(made, "release") == [OLD.id]


def test_what_needs_what_would_be_touched_is_planned_again() -> None:
    moved = requested("cccccccccccc", "moved", "", network="2", shop="1")
    found = forms.reach(moved, "dev", world(on("dev", OLD)))
    assert (found.other, found.behind, found.same) == (["network"], ["shop"], [])


def test_where_nothing_may_come_it_is_said_why() -> None:
    made = forms.form(declared("promote", "staging"), FLOW, world(), link)
    assert "enum" not in made.schema["properties"]["release"]
    assert "**Nothing may come:** no release is verified in dev." in made.description


def test_a_person_reads_what_is_there_what_would_be_touched_and_where_to_see_more() -> None:
    made = forms.form(declared("promote", "dev"), FLOW, world(on("dev", OLD)), link)
    told = made.schema["properties"]["release"]["description"]
    assert "**dev now:** `aaaaaaaaaaaa` The beginning, verified" in told
    assert "`bbbbbbbbbbbb` A new shop would touch shop; as they are: network." in told
    assert "[See exactly what it would do](/plan/bbbbbbbbbbbb/dev)" in told
    assert told.endswith("Id of a release")
    assert made.description.startswith("What promote is.")


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (EnvironmentState("dev"), "nothing here yet"),
        (EnvironmentState("dev", blocked="no"), "`flowmart resolve dev`"),
        (replace(on("dev", OLD), paused=PAUSED), "paused, until `flowmart continue dev` or a rollback"),
        (
            replace(on("dev", OLD), drift=DRIFT),
            "**1 object drifted:** a promotion stops here, unless *Go over drift*",
        ),
        (replace(on("dev", OLD), frozen=ManualFreeze("ben", "sale", None)), "**It is frozen by ben: sale:**"),
        (
            EnvironmentState("dev", claim=Claim("", NEW.id, "promote", "", "ada", "", {})),
            "ada began to promote bbbbbbbbbbbb",
        ),
        (replace(on("dev", NEW), rejected=frozenset({NEW.id})), "It was rejected here before"),
        (on("dev", NEW), "is there already: nothing would be changed"),
    ],
)
def test_what_stands_in_the_way_is_said(standing: EnvironmentState, said: str) -> None:
    assert said in forms.form(declared("promote", "dev"), FLOW, world(standing), link).description


def test_the_way_back_is_to_what_was_verified_before_the_last_one_first() -> None:
    back = {"dev": [OLD.id, NEW.id]}
    made = forms.form(declared("rollback", "dev"), BACK, world(on("dev", NEW), verified=back), link)
    assert choices(made, "to") == [OLD.id]
    assert "required" not in made.schema


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (on("dev", NEW), "**Goes back to:** `aaaaaaaaaaaa` The beginning, unless another one is chosen."),
        (replace(on("dev", NEW), rejected=frozenset({OLD.id})), "**Nowhere to go back to:**"),
        (replace(on("dev", OLD), paused=PAUSED), "**Goes back** from the paused `bbbbbbbbbbbb`"),
    ],
)
def test_where_a_rollback_leads_is_said(standing: EnvironmentState, said: str) -> None:
    made = forms.form(declared("rollback", "dev"), BACK, world(standing, verified={"dev": [OLD.id, NEW.id]}), link)
    assert said in made.description


def asked() -> Request:
    return Request(
        environment="staging",
        release=NEW.id,
        digest="d" * 64,
        author="",
        asked_by="anna",
        at=datetime(2026, 11, 23, tzinfo=UTC),
        expires=datetime(2026, 11, 24, tzinfo=UTC),
        units={"shop": "1 to replace"},
        rules=Approval(),
        purpose="promote",
    )


def test_what_waits_for_an_approval_can_be_chosen_with_what_it_would_do() -> None:
    schema = {"properties": {"digest": {"type": "string"}}}
    made = forms.form(declared("approve"), schema, replace(world(), waiting=(asked(),)), link)
    assert choices(made, "digest") == [asked().short]
    assert "staging: promote bbbbbbbbbbbb; shop: 1 to replace" in made.description


def test_a_rollback_that_waits_says_where_it_leads() -> None:
    waiting = replace(asked(), purpose="roll back", release=OLD.id)
    made = forms.form(declared("approve"), {"properties": {"digest": {}}}, replace(world(), waiting=(waiting,)), link)
    assert made.schema["properties"]["digest"]["enum"] == [f"{'d' * 12} · staging: roll back to aaaaaaaaaaaa"]


def test_there_is_no_form_of_an_approval_while_nothing_waits_for_one() -> None:
    assert forms.form(declared("approve"), parameter_schema(approve).model_dump(), world(), link) is None


def test_the_release_form_says_what_would_change_in_each_environment() -> None:
    standing = replace(on("staging", OLD), blocked="no")
    made = forms.form(declared("release"), RELEASE, world(on("dev", NEW), standing), link)
    assert "**The newest release:** `bbbbbbbbbbbb` A new shop" in made.description
    assert "**dev:** is there already: nothing would be changed." in made.description
    staging = next(part for part in made.description.split("\n\n") if "staging" in part)
    assert "would touch shop; as they are: network." in staging
    assert "Now: blocked by a failed rollback, until `flowmart resolve staging`." in staging
    assert "[See the plan](/plan/bbbbbbbbbbbb/staging)" in staging
    assert made.schema["properties"]["release"]["description"].startswith("**The newest release:**")


def test_a_form_asks_for_the_name_of_who_decides() -> None:
    waiting = replace(world(), waiting=(asked(),))
    made = forms.form(declared("approve"), parameter_schema(approve).model_dump(), waiting, link)
    assert made.schema["required"] == ["digest", "name"]


def test_a_plan_is_of_any_release_in_any_environment() -> None:
    made = forms.form(declared("plan"), FLOW, world(), link)
    assert (choices(made, "release"), choices(made, "environment")) == ([NEW.id, OLD.id], ["dev", "staging"])
    assert made.description == "What plan is."


def test_the_flows_own_schema_is_left_as_it_is() -> None:
    before = repr(FLOW)
    forms.form(declared("promote", "dev"), FLOW, world(on("dev", OLD)), link)
    assert repr(FLOW) == before


def test_a_release_cannot_be_promoted_to_an_environment_for_rehearsals() -> None:
    platform = replace(PLATFORM, environments=(replace(DEV, rehearsal=Rehearsal("staging")), STAGING))
    assert forms.form(declared("promote", "staging"), FLOW, replace(world(), platform=platform), link) is None
    made = forms.form(declared("release"), RELEASE, replace(world(), platform=platform), link)
    assert "**staging:**" not in made.description


def test_the_form_of_a_rehearsal_says_how_the_last_one_went() -> None:
    event = RollbackRehearsed(
        release=NEW.id,
        release_digest="",
        earlier=OLD.id,
        earlier_digest="",
        rehearsed_in="scratch",
        outcome=Outcome.FAILED,
        why="rolling back: quota exceeded",
    )
    last = RecordedRehearsal("2026-11-26T14:02:00+00:00", event)
    standing = replace(on("dev", NEW), rehearsals=(last,))
    made = forms.form(declared("rehearse", "dev"), RELEASE, world(standing), link)
    told = "rehearsal FAILED 2026-11-26 14:02 UTC in scratch: the rollback from bbbbbbbbbbbb to aaaaaaaaaaaa: rolling"
    assert f"**Last:** {told} back: quota exceeded." in made.description
    assert choices(made, "release") == [NEW.id, OLD.id]


def test_evidence_of_a_rehearsed_rollback_is_shown_where_an_approval_is_given() -> None:
    waiting = replace(asked(), rehearsal="rehearsed in scratch")
    made = forms.form(declared("approve"), {"properties": {"digest": {}}}, replace(world(), waiting=(waiting,)), link)
    assert "rollback: rehearsed in scratch" in made.description
