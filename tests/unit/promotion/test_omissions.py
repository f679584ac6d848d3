"""Where no search server may be asked, units on one stay as they are, and the ledger says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.logging import DashboardsServer, ElasticsearchServer
from tasks.domain.platform import Unit
from tasks.domain.servers import Secret
from tasks.promotion import eligibility
from tasks.promotion.runtime import Runtime
from tasks.promotion.session import opened
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import engine_of, environment, unit

DECLARED = ElasticsearchServer("https://search.flowmart.example", api_key=Secret(variable="SEARCH_KEY"))


@pytest.fixture
def searching(shop: Shop) -> Shop:
    """The shop, with units of an engine whose units are on a search server that may not be asked."""
    fake = engine_of(shop.world)
    engines = {"fake": fake, "search": replace(fake, name="search", on_search_server=True)}
    shop.runtime = chosen(replace(shop.runtime, engines=engines), "none")
    return shop


def chosen(runtime: Runtime, opensearch: str) -> Runtime:
    return replace(runtime, settings=runtime.settings.model_copy(update={"opensearch": opensearch}))


def search_unit(name: str) -> Unit:
    return replace(unit(name, good="^[a-z]+$"), engine="search")


def test_units_on_a_search_server_are_left_out_and_the_others_promoted(searching: Shop) -> None:
    searching.promote(searching.release("blue", search_unit("logs"), unit("app", needs=("logs",))))
    assert searching.state().verified == "blue"
    assert searching.kinds("applied", "units_omitted") == ["units_omitted", "applied app"]
    (omitted,) = (e for e in searching.runtime.ledger().entries("dev") if e.kind == "units_omitted")
    assert omitted.body == {"release": "blue", "why": "FLOWMART_OPENSEARCH=none", "units": ["logs"]}


def test_what_takes_outputs_from_a_unit_that_is_left_out_is_left_out_too(searching: Shop) -> None:
    taking = replace(unit("app", needs=("logs",)), inputs={"objects": {"it": "{logs.it}"}})
    searching.promote(searching.release("blue", search_unit("logs"), taking, unit("mail")))
    assert searching.kinds("applied") == ["applied mail"]


def test_once_a_server_may_be_asked_the_same_release_brings_what_was_left_out(searching: Shop) -> None:
    release = searching.release("blue", search_unit("logs"), unit("app"))
    searching.promote(release)
    searching.runtime = chosen(searching.runtime, "")
    searching.promote(release)
    assert searching.kinds("applied") == ["applied app", "applied logs"]
    assert searching.live()["logs"] == {"it": "blue"}
    assert searching.state().past.omitted == {}


def test_what_is_there_already_stays_and_is_not_compared(searching: Shop) -> None:
    searching.runtime = chosen(searching.runtime, "")
    searching.promote(searching.release("blue", search_unit("logs"), unit("app")))
    searching.runtime = chosen(searching.runtime, "none")
    searching.world.by_hand("dev", "logs", it="by hand")
    searching.promote(searching.release("green", replace(search_unit("logs"), inputs={}), unit("app")))
    assert searching.live()["logs"] == {"it": "by hand"}
    assert searching.drift("green").drifted == ()


def test_a_release_that_is_verified_without_them_is_there(searching: Shop) -> None:
    release = searching.release("blue", search_unit("logs"), unit("app"))
    searching.promote(release)
    with opened(searching.runtime, release, "dev") as run:
        assert eligibility.is_there(run)


def test_a_server_in_place_of_the_declared_ones_gets_none_of_their_credentials(searching: Shop) -> None:
    searching.runtime = chosen(searching.runtime, "http://127.0.0.1:9200")
    declared = environment("dev", elasticsearch=DECLARED, dashboards=DashboardsServer("https://kibana.example"))
    seen = searching.runtime.at(declared, "search")
    assert (seen.elasticsearch, seen.dashboards) == (ElasticsearchServer("http://127.0.0.1:9200"), None)
    assert searching.runtime.at(declared, "fake") == declared


def test_work_on_a_unit_that_was_begun_is_refused_while_none_may_be_asked(searching: Shop) -> None:
    release = searching.release("blue", search_unit("logs"))
    with (
        opened(searching.runtime, release, "dev") as run,
        pytest.raises(InvalidInput, match="FLOWMART_OPENSEARCH=none: no search server may be asked"),
    ):
        run.engine(run.target("logs"))
