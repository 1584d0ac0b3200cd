"""Pages for people: whole, and without a request to anywhere else."""

import re

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_and_all_it_refers_to_are_there(sqlite_client: TestClient, path: str) -> None:
    page = sqlite_client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    referred = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert referred
    for reference in set(referred) - {"/readyz"}:
        assert reference.startswith("/")
        assert sqlite_client.get(reference).status_code == 200, reference


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_browser_may_load_nothing_from_elsewhere(sqlite_client: TestClient, path: str) -> None:
    page = sqlite_client.get(path)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "://" not in page.text.replace("http://127.0.0.1:8000", "")


def test_the_documentation_asks_no_validator(sqlite_client: TestClient) -> None:
    assert "validatorUrl: null" in sqlite_client.get("/docs/pages/docs.js").text


def test_its_scripts_are_not_sent_twice(sqlite_client: TestClient) -> None:
    url = "/docs/swagger-ui/swagger-ui-bundle.js"
    tag = sqlite_client.get(url).headers["etag"]
    assert sqlite_client.get(url, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/docs/swagger-ui/../../app.py", "/docs/pages/%2e%2e/routes.py", "/docs/pages/"]
)
def test_nothing_else_of_the_package_is_served(sqlite_client: TestClient, path: str) -> None:
    assert sqlite_client.get(path).status_code == 404
