"""The engine as a notebook uses it: what the README and ``help(engine)`` show runs as it stands there."""

from __future__ import annotations

import contextlib
import io
import pydoc
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import engine
from engine import textbook
from engine.data import Dataset
from tests.engine.problems import dataset

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def notebook() -> dict[str, Any]:
    """Return the names that a notebook has: a small table of ten classes."""
    data = dataset("multiclass", rows=200)
    return {"x": data.x, "y": data.y}


def run(code: str, names: dict[str, Any]) -> str:
    """Run the code and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, names)  # noqa: S102 - the documentation's own code is what is tested
    return printed.getvalue()


def test_the_readmes_example_runs(notebook: dict[str, Any]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    printed = run(code, notebook)
    assert isinstance(notebook["dataset"], Dataset)
    assert re.match(r"\d+ \{'loss': [\d.]+, 'accuracy': [\d.]+\}", printed)


def test_the_examples_of_help_run_one_after_the_other(notebook: dict[str, Any]) -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n)+", engine.__doc__ or "", re.MULTILINE)
    code = [textwrap.dedent(block) for block in blocks if block.strip()]
    assert len(code) == 3
    printed = [run(each, notebook) for each in code]
    assert re.search(r"^\(30, 5\)$", printed[0], re.MULTILINE)
    assert len(notebook["curve"]) == notebook["result"].epochs
    assert notebook["warm"].epochs == 5
    assert len(printed[2].splitlines()) == 5
    assert all(len(line.split(",")) == 3 for line in printed[2].splitlines())


def test_the_example_of_the_textbook_runs(notebook: dict[str, Any]) -> None:
    notebook["dataset"] = Dataset(notebook["x"], notebook["y"], task="multiclass", classes=10)
    (code,) = re.findall(
        r"(?:^    .*\n|^\n)*^    run = .*\n(?:^    .*\n)+", textbook.__doc__ or "", re.MULTILINE
    )
    assert re.match(r"\d 0\.\d+\n", run(textwrap.dedent(code), notebook))


def test_lambda_may_be_given_in_the_terms_of_another_tool() -> None:
    data = dataset("multiclass", rows=200)
    shared: dict[str, Any] = {"penalty": "l2", "max_epochs": 2, "seed": 1}
    textbook = engine.train(engine.Experiment(lambda_=0.24, **shared), data)
    keras = engine.train(engine.Experiment(lambda_=0.001, lambda_convention="keras", **shared), data)
    assert {name: array.tobytes() for name, array in keras.last.arrays.items()} == {
        name: array.tobytes() for name, array in textbook.last.arrays.items()
    }


def test_help_shows_every_public_name() -> None:
    shown = pydoc.plain(pydoc.render_doc(engine))
    assert all(re.search(rf"\b{name}\b", shown) for name in engine.__all__)
