"""Events as a page of the browser follows them, and as /docs shows them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.fresh_service import FreshService
from tests.browser.visit import Visit

FOLLOW = """([path, types]) => new Promise((resolve) => {
    const events = [], stream = new EventSource(path);
    for (const type of types) {
        stream.addEventListener(type, ({type, lastEventId, data}) =>
            events.push([lastEventId, type, JSON.parse(data).experiment_id]));
    }
    // It comes back by itself when the stream ends, and is told that there is no more.
    stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && resolve(events));
})"""
TYPES = [f"experiment.{name}" for name in ("status", "epoch", "checkpoint", "warning", "finished")]
RUN = {"dataset": "iris", "max_epochs": 40, "seed": 1}


LIST = """async (path) => {
    const answer = await fetch(path + "?limit=1000", {headers: {Accept: "application/json"}});
    return await answer.json();
}"""


def listed(page: Page, experiment_id: str) -> list[list[str]]:
    """The same events as the list has them."""
    events = page.evaluate(LIST, f"/v1/experiments/{experiment_id}/events")["data"]
    return [[event["id"], event["type"], event["experiment_id"]] for event in events]


def test_an_event_source_gets_every_event_once_and_then_leaves(
    visit: Callable[..., Visit], service: FreshService
) -> None:
    page = visit("/").page
    first = service.post("/v1/experiments", RUN)["id"]
    events = page.evaluate(FOLLOW, [f"/v1/experiments/{first}/events", TYPES])
    assert [type_ for _, type_, _ in events].count("experiment.epoch") == 40
    assert events[-1][1] == "experiment.finished"
    assert events == listed(page, first)

    second = service.post("/v1/experiments", RUN)["id"]
    both = f"/v1/events?experiment={first}&experiment={second}"
    told = page.evaluate(FOLLOW, [both, TYPES])
    for identifier in (first, second):
        own = [type_ for _, type_, of in told if of == identifier]
        assert own == [type_ for _, type_, _ in listed(page, identifier)]


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
def test_the_documentation_shows_the_events_of_a_run(
    visit: Callable[..., Visit], service: FreshService, media_type: str
) -> None:
    identifier = service.post("/v1/experiments", RUN)["id"]
    service.wait_for([identifier])
    docs = visit("/docs")
    operation = docs.operation("getExperimentEvents")
    operation.locator("tr[data-param-name='experiment_id'] input").fill(identifier)
    operation.locator("tr.response[data-code='200'] select.content-type").select_option(media_type)
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_have_text("200")
    shown: Any = answer.locator(".highlight-code code").first.inner_text()
    if media_type == "application/json":
        assert [event["type"] for event in json.loads(shown)["data"]][-1] == "experiment.finished"
    else:
        assert shown.count("event: experiment.epoch") == 40
        assert "event: experiment.finished" in shown
