"""Both pages can be read in light and in dark, and one leads to the other."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import Visit

# What a heading's color is then: dark text in the light, bright text in the dark.
TEXT_COLORS = {
    "light": re.compile(r"rgb\(\d\d?, \d\d?, \d\d?\)"),
    "dark": re.compile(r"rgb\(2\d\d, 2\d\d, 2\d\d\)"),
}


def expect_color_scheme(page: Page, color_scheme: str) -> None:
    """Wait until the page has these colors."""
    heading = page.get_by_role("heading", name="Trainyard")
    expect(heading).to_have_css("color", TEXT_COLORS[color_scheme])


@pytest.mark.parametrize("color_scheme", TEXT_COLORS)
def test_the_start_page_is_readable(visit: Callable[..., Visit], color_scheme: str) -> None:
    start = visit("/", color_scheme)
    assert start.faint_texts() == []
    expect_color_scheme(start.page, color_scheme)


def test_the_documentation_is_readable_and_follows_the_system_while_it_is_open(
    visit: Callable[..., Visit],
) -> None:
    docs = visit("/docs")
    creation = docs.operation("createExperiment")
    creation.locator("textarea").fill('{"dataset": "iris", "max_epochs": 1}')
    creation.get_by_role("button", name="Execute").click()
    expect(creation.locator(".live-responses-table .response-col_status").last).to_have_text("201")
    reading = docs.operation("getCheckpoint")
    reading.get_by_role("tab", name="Schema").first.click()
    expect(reading.get_by_text("CheckpointRead")).to_be_visible()
    for color_scheme in TEXT_COLORS:
        docs.page.emulate_media(color_scheme=color_scheme)
        expect_color_scheme(docs.page, color_scheme)
        assert docs.faint_texts() == [], color_scheme


def test_the_documentation_begins_in_the_dark_where_the_system_is_dark(visit: Callable[..., Visit]) -> None:
    expect_color_scheme(visit("/docs", "dark").page, "dark")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_nothing_sticks_out_of_a_narrow_window(visit: Callable[..., Visit], path: str) -> None:
    page = visit(path).page
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.get_by_role("heading", name="Trainyard")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_start_page_leads_to_the_documentation(visit: Callable[..., Visit]) -> None:
    start = visit("/")
    expect(start.page.get_by_text("curl")).to_contain_text(f"{start.origin}/v1/experiments")
    start.page.get_by_role("link", name="Try every operation").click()
    expect(start.page.locator(".opblock").first).to_be_visible()
    assert start.page.url == f"{start.origin}/docs"
