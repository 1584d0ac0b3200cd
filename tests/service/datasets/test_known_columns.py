"""A target that the file does not have is refused while it arrives, where its first line tells for sure."""

from typing import Any

from fastapi.testclient import TestClient

from tests.cases import folded

ROWS = "".join(f"{row % 7}.5,{row % 11},{'ab'[row % 2]}\n" for row in range(20))


def posted(client: TestClient, content: str | bytes, **fields: str) -> Any:
    return client.post("/v1/datasets", files={"file": ("t.csv", content)}, data=fields)


@folded(
    "head",
    ["width,height,kind", '"width";"height";"kind"', "\ufeffwidth\theight\tkind", "\nwidth,height,kind"],
)
def test_a_wrong_name_is_refused_with_those_there_are(client: TestClient, head: str) -> None:
    answer = posted(client, f"{head}\n{ROWS}", target="kinds")
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("#/target", "unknown_column")
    assert '"width", "height", "kind"' in problem["message"]
    assert 'Did you mean "kind"?' in problem["message"]


@folded(
    ("content", "fields"),
    [
        (f"width,height,kind\n{ROWS}", {"target": "kind"}),
        (f"width,height,kind\n{ROWS}", {"target": "-1"}),
        (f"width,height,kind\n{ROWS}", {"target": "column_2", "header": "false"}),
        (f"width,kind,kind\n{ROWS}", {"target": "kind_2"}),
        (ROWS, {"target": "column_2"}),
        ('"two\nlines",b,kind\n' + ROWS, {"target": "kind"}),
        (f"größe,b,kind\n{ROWS}".encode("cp1252"), {"target": "größe"}),
        (f"width,height,kind\n{ROWS}".encode("utf-16"), {"target": "kinds"}),
        ('[{"a": 1, "y": 0}, {"a": 2, "y": 1}]', {"target": "z"}),
        ("<html><head></head>\n<body>a, b</body></html>\n", {"target": "z"}),
    ],
)  # fmt: skip
def test_what_the_first_line_cannot_tell_is_left_to_the_reader(
    client: TestClient, content: str | bytes, fields: dict[str, str]
) -> None:
    assert posted(client, content, **fields).status_code == 201
