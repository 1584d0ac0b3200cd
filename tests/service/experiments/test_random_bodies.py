"""Whatever is posted is stored or refused: a 201 and a row, or a 4xx problem and none."""

import collections
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings

from service.experiments.models import ExperimentRow
from service.storage.database import Database
from tests.service.experiments.random_bodies import bodies

URL = "/v1/experiments"
JSON = {"Content-Type": "application/json"}
FEW, MANY = 300, 10_000


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_is_stored_or_refused(client: TestClient, database: Database, count: int) -> None:
    stored: set[str] = set()
    answers: collections.Counter[int] = collections.Counter()

    def post(body: bytes) -> None:
        response = client.post(URL, content=body, headers=JSON)
        answers[response.status_code] += 1
        document = response.json()
        if response.status_code == 201:
            stored.add(document["id"])
            return
        assert response.status_code in {400, 422}, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert document["status"] == response.status_code
        assert document["detail"]
        # What is JSON is told where it is wrong.
        assert document["errors"] or response.status_code == 400

    with_random_bodies(post, count)
    with database.reading() as session:
        assert set(session.scalars(sa.select(ExperimentRow.id))) == stored
    # Bodies that are all refused, or all taken, would show nothing.
    assert min(answers[201], answers[422]) > sum(answers.values()) / 20, answers


def with_random_bodies(post: Callable[[bytes], None], count: int) -> None:
    # Every example is another one of the same service's requests, so that none of them is to be tried again.
    profile = settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    profile(given(bodies())(post))()
