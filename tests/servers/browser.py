"""A headless Chromium, for tests and for the pictures in docs/images, and what a person does with Prefect's UI."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"),
    "--window-size=1500,1300",
)

_PATIENCE = 60.0
"""Seconds for a page to show what is expected on it."""


class Browser:
    """The UI at `address`, as one person sees it."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str) -> None:
        self.driver.get(f"{self.address}{path}")

    def leave(self) -> None:
        """Show nothing: while nobody looks, a page of Prefect's keeps drawing and asking the server."""
        self.driver.get("about:blank")

    def log_in(self, password: str) -> None:
        """Type `user:password` into the page that everybody lands on, and wait to be let in."""
        self.open("/")
        self.sees("//input[@type='password']").send_keys(password)
        self.click("//button[@type='submit']")
        self.reads("Dashboard")

    def sees(self, path: str, within: float = _PATIENCE) -> WebElement:
        """The first element of an XPath that is visible, as soon as there is one."""
        waiting = WebDriverWait(self.driver, within, ignored_exceptions=[StaleElementReferenceException])
        found = waiting.until(lambda _: self._visible(path), f"{path} is not to be seen at {self.driver.current_url}")
        return cast(WebElement, found)

    def _visible(self, path: str) -> WebElement | None:
        return next((one for one in self.driver.find_elements(By.XPATH, path) if one.is_displayed()), None)

    def reads(self, text: str, within: float = _PATIENCE) -> WebElement:
        """The visible element with this text in it."""
        return self.sees(f"//*[text()[contains(normalize-space(.), {text!r})]]", within)

    def click(self, path: str) -> None:
        """Click what an XPath leads to, as soon as it can be clicked."""
        clickable = expected_conditions.element_to_be_clickable((By.XPATH, path))
        WebDriverWait(self.driver, _PATIENCE).until(clickable).click()

    def submit(self) -> None:
        """Press Submit until the form is left: it stays as it is when the server is too busy to take it."""
        form = self.driver.current_url
        for _ in range(4):
            self.click("//button[normalize-space(.)='Submit']")
            with suppress(TimeoutException):
                WebDriverWait(self.driver, _PATIENCE).until(expected_conditions.url_changes(form))
                return
        raise AssertionError(f"the form was not taken: {form}")

    def follow(self, path: str) -> None:
        """Click a link that opens a window of its own, close this one, and go on there."""
        before = set(self.driver.window_handles)
        self.click(path)
        WebDriverWait(self.driver, _PATIENCE).until(lambda driver: set(driver.window_handles) - before)
        (opened,) = set(self.driver.window_handles) - before
        self.driver.close()
        self.driver.switch_to.window(opened)

    def choose(self, field: str, beginning: str) -> str:
        """Choose what begins so from the list under a field's title; the whole choice."""
        offered = Select(self.sees(f"//*[normalize-space(text())={field!r}]/following::select[1]"))
        chosen = next(option.text.strip() for option in offered.options if option.text.strip().startswith(beginning))
        offered.select_by_visible_text(chosen)
        return chosen

    def photograph(self, file: Path) -> None:
        """What the window shows."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(file))


@contextmanager
def opened(address: str) -> Iterator[Browser]:
    """A browser with nothing remembered; it is closed afterwards."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, "chromium is missing: apt-get install chromium chromium-driver"
    assert chromedriver, "chromium is missing: apt-get install chromium chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    with tempfile.TemporaryDirectory(prefix="flowmart-browser-", ignore_cleanup_errors=True) as folder:
        for flag in (*_FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        try:
            yield Browser(driver, address)
        finally:
            driver.quit()
