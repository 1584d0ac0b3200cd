"""/docs of a service that wants keys: a key is given once, and every operation can be tried."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from scripts.fresh_service import FreshService
from tests.browser.visit import Visit

BODY = {"dataset": "iris", "max_epochs": 1}


def test_a_key_that_is_given_once_opens_every_operation(
    visit_secured: Callable[..., Visit], secured: FreshService, token: str
) -> None:
    with pytest.raises(RuntimeError, match=" 401 "):
        secured.post("/v1/experiments", BODY)
    docs = visit_secured("/docs")
    docs.page.locator(".auth-wrapper .authorize").click()
    window = docs.page.locator(".modal-ux")
    window.get_by_role("textbox").fill(token)
    window.get_by_role("button", name="Apply credentials").or_(window.locator(".btn.authorize")).first.click()
    window.locator(".btn-done").click()
    creation = docs.operation("createExperiment")
    creation.locator("textarea").fill(json.dumps(BODY))
    creation.get_by_role("button", name="Execute").click()
    answer = creation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_have_text("201")
    reading = docs.operation("listExperiments")
    reading.get_by_role("button", name="Execute").click()
    answer = reading.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_have_text("200")
    assert len(json.loads(answer.locator(".highlight-code code").inner_text())["data"]) == 1
    # The key is in a header of the requests, never in an address.
    assert not [url for url in docs.requests if token in url]


def test_a_service_that_wants_no_keys_asks_for_none(visit: Callable[..., Visit]) -> None:
    page = visit("/docs").page
    expect(page.locator(".opblock").first).to_be_visible()
    expect(page.locator(".auth-wrapper .authorize")).to_be_hidden()
