"""/docs: what a student sees, chooses and starts there."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from scripts.fresh_service import FreshService
from service.experiments.examples import EXAMPLES
from tests.browser.visit import Visit


def test_is_drawn_from_this_service_alone(visit: Callable[..., Visit]) -> None:
    docs = visit("/docs")
    expect(docs.page.get_by_role("heading", name="Trainyard")).to_be_visible()
    docs.page.wait_for_load_state("networkidle")
    assert f"{docs.origin}/openapi.json" in docs.requests
    assert docs.foreign_requests() == []


def test_begins_folded_with_the_creation_of_an_experiment_on_top(visit: Callable[..., Visit]) -> None:
    page = visit("/docs").page
    expect(page.locator(".opblock").first).to_have_id("operations-Experiments-createExperiment")
    tags = [each.get_attribute("data-tag") for each in page.locator(".opblock-tag").all()]
    assert tags == ["Experiments", "Events", "Comparisons", "Checkpoints", "Datasets", "Keys", "Service"]
    expect(page.locator(".models")).to_be_visible()
    expect(page.locator(".opblock.is-open, .models.is-open")).to_have_count(0)


def test_offers_the_examples_with_the_first_one_filled_in(visit: Callable[..., Visit]) -> None:
    creation = visit("/docs").operation("createExperiment")
    choice = creation.get_by_role("combobox").and_(creation.locator(".examples-select-element"))
    offered = choice.locator("option").all_inner_texts()
    assert offered == [example["summary"] for example in EXAMPLES.values()]
    first = next(iter(EXAMPLES.values()))
    expect(creation.get_by_text(first["description"])).to_be_visible()
    assert json.loads(creation.locator("textarea").input_value()) == first["value"]


def test_shows_the_form_of_a_failure_once(visit: Callable[..., Visit]) -> None:
    creation = visit("/docs").operation("createExperiment")
    expect(creation.locator(".response[data-code='422'] .model-example")).to_be_visible()
    for status in ("400", "413", "415", "500"):
        response = creation.locator(f".response[data-code='{status}']")
        expect(response).to_be_visible()
        expect(response.locator(".model-example")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "stop_reason", "resolved"),
    [
        ("overfit", "max_epochs", {"penalty": "none", "patience": None}),
        ("l2", "max_epochs", {"penalty": "l2", "lambda": 0.1}),
        ("patience", "early_stopping", {"penalty": "none", "patience": 10}),
    ],
)
def test_an_example_runs_when_execute_is_pressed(
    visit: Callable[..., Visit],
    service: FreshService,
    name: str,
    stop_reason: str,
    resolved: dict[str, Any],
) -> None:
    creation = visit("/docs").operation("createExperiment")
    creation.locator(".examples-select-element").select_option(name)
    creation.get_by_role("button", name="Execute").click()
    answer = creation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_have_text("201")
    created = json.loads(answer.locator(".highlight-code code").inner_text())
    assert resolved.items() <= created["spec"].items()

    (ended,) = service.wait_for([created["id"]])
    assert (ended["status"], ended["stop_reason"]) == ("succeeded", stop_reason)
    assert ended["test"]["accuracy"] > 0.5
