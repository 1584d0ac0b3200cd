"""/docs takes a file: chosen on one's own machine, uploaded, read, and ready to be trained on."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from scripts.fresh_service import FreshService
from tests.browser.visit import Visit

ROWS = "".join(f"{row % 7},{row * 3 % 11},{'yes' if row % 2 else 'no'}\n" for row in range(40))


def test_a_file_is_uploaded_where_execute_is_pressed(
    visit: Callable[..., Visit], service: FreshService, tmp_path: Path
) -> None:
    file = tmp_path / "Blumen.csv"
    file.write_text(f"Breite,Höhe,Art\n{ROWS}")
    creation = visit("/docs").operation("createDataset")
    creation.locator("input[type=file]").set_input_files(file)
    creation.locator("tr[data-property-name=target] input").first.fill("Art")
    creation.get_by_role("button", name="Execute").click()
    answer = creation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_have_text("201")
    made = json.loads(answer.locator(".highlight-code code").inner_text())
    while (found := service.get(made["links"]["self"]))["finished_at"] is None:
        time.sleep(0.1)
    assert (found["status"], found["name"], found["classes"]) == ("ready", "Blumen.csv", ["no", "yes"])
    # What the page fills in by itself leaves everything to be found out.
    assert (found["options"]["delimiter"], found["options"]["header"], found["options"]["weight"]) == (
        ",",
        True,
        None,
    )
    assert "NA" in found["options"]["missing"]
