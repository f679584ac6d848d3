"""The board in a real browser: wide and narrow, dark and light, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tasks.reports import board_html
from tests.servers import browser
from tests.servers.browser import Browser
from tests.unit.test_board import example


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Browser]:
    (tmp_path / "board.html").write_text(board_html.page(example()))
    with browser.opened(tmp_path.as_uri()) as opened:
        opened.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        yield opened


def looks(seen: Browser, width: int, scheme: str = "light") -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    seen.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    seen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    seen.open("/board.html")


def box(seen: Browser, path: str) -> dict[str, Any]:
    return dict(seen.sees(path).rect)


def brightness(seen: Browser) -> float:
    colour = seen.driver.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    return sum(float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]) / 3


def test_everything_is_there_without_javascript(seen: Browser) -> None:
    looks(seen, 1400)
    for text in (
        "eu blocked",
        "asia paused",
        "south interrupted",
        "us frozen",
        "dev running",
        "us waits for approval",
        "Paint it blue",
        "drifted: 1 object",
        "left behind",
    ):
        seen.reads(text)
    run = seen.sees("//a[normalize-space(.)='run']").get_attribute("href")
    assert run == "http://prefect.example/runs/flow-run/run-7"


def test_on_a_wide_window_environments_are_beside_each_other(seen: Browser) -> None:
    looks(seen, 1400)
    dev, us = (box(seen, f"//thead//strong[.={name!r}]") for name in ("dev", "us"))
    assert dev["y"] == us["y"]
    assert dev["x"] < us["x"]
    assert box(seen, "//main")["width"] <= 1400


def test_on_a_narrow_window_nothing_is_cut_off(seen: Browser) -> None:
    looks(seen, 380)
    cells = seen.driver.find_elements(By.CSS_SELECTOR, "td.cell, thead th, .notices li, h1")
    outside = [cell.text for cell in cells if cell.is_displayed() and cell.rect["x"] + cell.rect["width"] > 380]
    assert (len(cells) > 10, outside) == (True, [])
    dev, us = (box(seen, f"//thead//strong[.={name!r}]") for name in ("dev", "us"))
    assert dev["y"] < us["y"]


def test_it_is_dark_for_those_who_want_that(seen: Browser) -> None:
    looks(seen, 1400, "dark")
    dark = brightness(seen)
    looks(seen, 1400, "light")
    assert dark < 60 < 200 < brightness(seen)
