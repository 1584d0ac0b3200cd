"""The Dask executor where there is no scheduler; with one it is tested in tests/end_to_end and tests/chaos."""

import pytest

from service.execution.dispatching import dask_executor
from service.execution.dispatching.dask_executor import DaskExecutor
from service.execution.dispatching.executor import Slots


def test_a_scheduler_that_is_away_has_no_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "ANSWER_SECONDS", 0.2)
    executor = DaskExecutor("tcp://127.0.0.1:9", lambda _dispatch_id: None)
    assert executor.slots() == Slots(0, 0)
    with pytest.raises(ConnectionError, match="tcp://127"):
        executor.submit("dispatch-engine_a-1")
    executor.close()
