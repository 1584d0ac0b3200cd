"""A queue in memory, read by the plainest of means."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from service.execution.dispatching.cohorts import Waiting


def waiting(
    number: int, owner: str = "a", cohort: str | None = "x", priority: int = 0, lanes: int = 4
) -> Waiting:
    """An experiment that was queued at this place."""
    created_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return Waiting(f"exp_{number:04}", owner, priority, created_at, cohort, lanes)


class ListedQueue:
    """What waits, as a list."""

    def __init__(self, rows: Iterable[Waiting]) -> None:
        self.rows = list(rows)

    def fronts(self, cohort: str | None = None) -> Mapping[str, Waiting]:
        fronts: dict[str, Waiting] = {}
        for row in sorted(self.rows, key=lambda row: (-row.priority, row.created_at, row.id)):
            if cohort in {None, row.cohort}:
                fronts.setdefault(row.owner, row)
        return fronts

    def take(self, waiting: Waiting) -> None:
        self.rows.remove(waiting)
