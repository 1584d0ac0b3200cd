"""A service that wants keys, on both databases, and keys to it."""

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import OpenClient


@pytest.fixture
def secured(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    """Return a client of an application that wants keys, which has none."""
    return open_client(fresh_database_url, auth="on")


@pytest.fixture
def secured_sqlite(fresh_sqlite_url: str, open_client: OpenClient) -> TestClient:
    """Return the same on SQLite only."""
    return open_client(fresh_sqlite_url, auth="on")
