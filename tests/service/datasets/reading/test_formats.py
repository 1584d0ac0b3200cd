import sys

import pytest

from tests.service.datasets.reading.reading import rejected


def test_parquet_without_pyarrow_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = rejected(b"PAR1" + bytes(100) + b"PAR1")
    assert found.reasons[0].expected == "CSV, JSON or NPZ"
    assert "trainyard[parquet]" in found.advice
