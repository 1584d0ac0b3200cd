"""Which of two forms an Accept header gets."""

import pytest

from service.http.negotiation import preferred

OFFERED = ("application/json", "text/csv")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/xml", None),
        ("text/csv;q=0", None),
        ("text/csv;q=much", None),
        ("nonsense", None),
    ],
)
def test_prefers(accept: str, form: str | None) -> None:
    assert preferred(accept, OFFERED) == form
