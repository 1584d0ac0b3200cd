"""What is said of a file is answered as it was understood."""

from fastapi.testclient import TestClient

from tests.cases import folded

AGE = {"column": "age", "decimal": "auto", "thousands": "auto", "unit": "auto"}


@folded(
    ("given", "shown"),
    [
        ({"numeric": "age"}, {"numeric": [AGE]}),
        ({"numeric": [{"column": "age", "thousands": "space"}]}, {"numeric": [AGE | {"thousands": " "}]}),
        ({"categorical": 5}, {"categorical": [5]}),
        ({"missing": "?"}, {"missing": ["?"]}),
        ({"header": "summary"}, {"header": "summary"}),
        ({"encoding": "latin-1"}, {"encoding": "cp1252"}),
    ],
)
def test_options_are_shown_in_their_normal_form(
    client: TestClient, given: dict[str, object], shown: dict[str, object]
) -> None:
    announced = client.post("/v1/datasets/announcements", json=given)
    assert announced.status_code == 201
    assert shown.items() <= announced.json()["options"].items()
