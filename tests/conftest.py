"""Profiles of the property tests, and the one browser that a process of tests drives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# ``--hypothesis-profile=thorough`` runs all examples.
settings.register_profile("thorough", settings.default)
settings.register_profile("same", derandomize=True)
settings.load_profile("same")  # a change is judged by the same examples each time


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once: a second driver in one process would be refused."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "the browser tests need Chromium: see tools/install-browser"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-background-timer-throttling",
            ],
        )
        yield chromium
        chromium.close()
