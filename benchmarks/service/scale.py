"""How lists and the queue bear many experiments: the same look at few and at many, in turn, without HTTP."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from benchmarks.service.crowd import Crowd, crowd
from benchmarks.service.figures import MS, Figure
from service.access.caller import LOCAL_OWNER
from service.execution.dispatching.dispatcher import Dispatcher
from service.execution.dispatching.executor import Slots
from service.experiments import service as experiments
from service.experiments.service import Filters
from service.http.pagination import NEWEST_FIRST, OLDEST_FIRST, encode_cursor

__all__ = ["measure"]

FEW, MANY, QUEUED, WORKERS = 1_000, 1_000_000, 10_000, 2
ROUNDS, CLAIMS, PAGE = 40, 20, 20
BEAT, BETWEEN_BEATS = 1.0, 1.5
RATIO, CLAIM_MS = 2.0, 30
NAMES = ("trainyard_bench_few", "trainyard_bench_many")

QUEUES: dict[str, dict[str, str]] = {
    "one cohort": {},
    "each a cohort of its own": {"cohort": "'c' || i"},
    "100 owners, 3 priorities, 20 cohorts": {
        "owner": "'o' || (i % 100)",
        "priority": "i % 3",
        "cohort": "'c' || (i % 20)",
    },
}


def measure(server: str | None = None) -> Iterator[Figure]:
    """On SQLite, or in two databases of a PostgreSQL server that are made for this and dropped."""
    with databases(server) as (few_url, many_url), crowd(few_url, FEW) as few, crowd(many_url, MANY) as many:
        yield from pages(few, many)
        yield from claims(many)


def pages(few: Crowd, many: Crowd) -> Iterator[Figure]:
    """The worst of each kind of look."""
    for kind, looks in LOOKS.items():
        compared = {name: Compared.of(look, few, many) for name, look in looks.items()}
        name = max(compared, key=lambda name: compared[name].ratio)
        worst = compared[name]
        note = f"worst of {len(looks)}: {name}, {worst.many_ms:.2f} ms instead of {worst.few_ms:.2f} ms"
        what = f"{kind} of {MANY:,} experiments by that of {FEW:,}, {database_name(many)}"
        yield Figure(what, worst.ratio, "×", RATIO, note=note)


def database_name(crowd: Crowd) -> str:
    """What it is kept in."""
    return "SQLite" if crowd.database.is_sqlite else "PostgreSQL"


Look = Callable[[Session, Crowd], object]


def look(
    *, place: float | None = None, sort: Literal["-created_at", "created_at"] = NEWEST_FIRST, **filters: Any
) -> Look:
    """A page, from the beginning or from behind the experiment in that place, 0 the oldest and 1 the newest."""

    def page(session: Session, crowd: Crowd) -> object:
        after = None if place is None else encode_cursor(crowd.position(place), sort)
        return experiments.list_page(
            session, LOCAL_OWNER, Filters(**filters), sort=sort, limit=PAGE, after=after
        )

    return page


LOOKS: dict[str, dict[str, Look]] = {
    "first page": {"newest first": look(), "oldest first": look(sort=OLDEST_FIRST)},
    "deep page": {"half-way": look(place=0.5), "near the end": look(place=0.05)},
    "filtered page": {
        "status": look(status=["failed"]),
        "two statuses": look(status=["failed", "cancelled"]),
        "dataset": look(dataset=["iris"]),
        "penalty": look(penalty=["l2"]),
        "status and dataset": look(status=["failed"], dataset=["iris"]),
        "status and penalty": look(status=["failed"], penalty=["l2"]),
        "dataset and penalty": look(dataset=["iris"], penalty=["l2"]),
        "status, dataset and penalty": look(status=["failed"], dataset=["iris"], penalty=["l2"]),
        "two filters that nothing fits": look(status=["failed"], dataset=["moons"]),
        "half-way, status": look(place=0.5, status=["failed"]),
    },
    "page by metadata": {
        "a label of many": look(metadata={"team": ["t5"]}),
        "a label of one": look(metadata={"note": ["n502"]}),
        "two labels": look(metadata={"note": ["n502"], "team": ["t5"]}),
        "a label and a status": look(metadata={"team": ["t5"]}, status=["failed"]),
        "a label and a status that nothing has": look(metadata={"team": ["t5"]}, status=["running"]),
        "half-way, a label": look(place=0.5, metadata={"team": ["t5"]}),
    },
}


@dataclass(frozen=True)
class Compared:
    """Milliseconds of one look at few experiments and at many."""

    few_ms: float
    many_ms: float

    @classmethod
    def of(cls, look: Look, few: Crowd, many: Crowd) -> Compared:
        """Medians; the looks take turns, and the first one of each is for the caches."""
        pairs = [(milliseconds(look, few), milliseconds(look, many)) for _ in range(ROUNDS + 1)][1:]
        return cls(*(median(times) for times in zip(*pairs, strict=True)))

    @property
    def ratio(self) -> float:
        """How many times longer the look at many takes."""
        return self.many_ms / self.few_ms


def milliseconds(look: Look, crowd: Crowd) -> float:
    """How long one look takes, in a transaction of its own."""
    begun = time.perf_counter()
    with crowd.database.reading() as session:
        look(session, crowd)
    return (time.perf_counter() - begun) * MS


class Idle:
    """Workers that have nothing to do, whatever they are given."""

    def slots(self) -> Slots:
        """All are idle."""
        return Slots(total=WORKERS, idle=WORKERS)

    def memory_bytes(self) -> None:
        """They have no limit."""

    def submit(self, dispatch_id: str) -> None:
        """Leave it lying."""

    def close(self) -> None:
        """There is nothing to close."""


def claims(crowd: Crowd) -> Iterator[Figure]:
    """A dispatcher's step that finds and claims the experiments for two idle workers."""
    dispatcher = Dispatcher(crowd.database, "engine", lambda _: Idle())
    dispatcher.step(BEAT)
    for name, own in QUEUES.items():
        crowd.add(range(MANY + 1, MANY + 1 + QUEUED), {"status": "'queued'", **own})
        times = [claim_ms(dispatcher, crowd) for _ in range(CLAIMS)]
        with crowd.database.transaction() as session:
            session.execute(sa.text("DELETE FROM experiments WHERE status = 'queued'"))
        note = f"{name}, beside {MANY:,} that have ended; median of {CLAIMS}, slowest {max(times):.1f} ms"
        yield Figure(
            f"dispatch of the next {WORKERS} of {QUEUED:,} queued, {database_name(crowd)}",
            median(times),
            "ms",
            CLAIM_MS,
            note=note,
        )


def claim_ms(dispatcher: Dispatcher, crowd: Crowd) -> float:
    """How long a step takes; what it claimed is queued again afterwards."""
    begun = time.perf_counter()
    dispatcher.step(BETWEEN_BEATS)
    seconds = time.perf_counter() - begun
    with crowd.database.transaction() as session:
        back = "UPDATE experiments SET status = 'queued', dispatch_id = NULL WHERE dispatch_id IS NOT NULL"
        assert cast("sa.CursorResult[Any]", session.execute(sa.text(back))).rowcount >= WORKERS
    return seconds * MS


@contextlib.contextmanager
def databases(server: str | None) -> Iterator[list[str]]:
    """The URLs of two empty databases, which are gone afterwards."""
    if server is None:
        with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
            yield [f"sqlite:///{folder}/{name}.sqlite3" for name in NAMES]
        return
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with contextlib.closing(engine.connect()) as connection:
        for name in NAMES:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        try:
            yield [url.set(database=name).render_as_string(hide_password=False) for name in NAMES]
        finally:
            for name in NAMES:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
