"""An experiment's life: the table of steps is whole, and no status is written past it."""

import ast
import itertools
from collections.abc import Iterator

import pytest

from service.experiments.states import (
    ACTIONS,
    ACTIVE,
    FIRST,
    GONE,
    STATUSES,
    TERMINAL,
    TRANSITIONS,
    WITHOUT_WORKER,
    WORKING,
    ForbiddenStep,
    possible,
    step,
)
from tests.architecture.source_tree import relative, source_files

# What a worker wishes for, which the fence turns into a step.
WISHES = "service/execution/worker/outcome.py"


def test_only_the_steps_of_the_table_are_taken() -> None:
    for status, following in itertools.product(STATUSES, repeat=2):
        if following in TRANSITIONS[status]:
            assert step(status, following) == following
        else:
            with pytest.raises(ForbiddenStep):
                step(status, following)


def test_every_status_can_be_reached_and_what_has_ended_stays() -> None:
    reached, waiting = set(), [FIRST]
    while waiting:
        status = waiting.pop()
        if status not in reached:
            reached.add(status)
            waiting += TRANSITIONS[status]
    assert reached == set(STATUSES)
    assert {"succeeded", "failed", "cancelled"} == TERMINAL
    assert not TERMINAL & ACTIVE


def test_an_engine_holds_what_it_can_lose() -> None:
    assert WITHOUT_WORKER.keys() == ACTIVE == {"dispatched", *WORKING}
    assert not ACTIVE.intersection(WITHOUT_WORKER.values())


def test_every_action_is_a_step_or_changes_nothing() -> None:
    for action, steps in ACTIONS.items():
        for status, following in steps.items():
            assert following in {status, GONE} or following in TRANSITIONS[status], (action, status)
            assert (action in possible(status)) == (following != status)
    # Nobody deletes what a worker trains.
    assert ACTIONS["delete"].keys().isdisjoint(WORKING)


def test_no_status_is_written_past_the_table() -> None:
    """A status is the argument of a step, never itself a value of the column ``status``."""
    found = [
        f"{relative(path)}:{value.lineno} {value.value}"
        for path in source_files(".py")
        if relative(path).startswith("service/") and relative(path) != WISHES
        for written in _written(ast.parse(path.read_text()))
        for value in _spelled_out(written)
        if value.value in STATUSES
    ]
    assert not found


def _written(tree: ast.AST) -> Iterator[ast.AST]:
    """What is given to something called status: by keyword, in a dict, or by assignment to a key or an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "status":
            yield node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "status":
                    yield value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                is_key = isinstance(target, ast.Subscript) and ast.unparse(target.slice) == "'status'"
                if is_key or (isinstance(target, ast.Attribute) and target.attr == "status"):
                    yield node.value


def _spelled_out(node: ast.AST) -> Iterator[ast.Constant]:
    """The constants of an expression that are neither arguments of ``step`` nor keys of a table."""
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.Subscript) or (isinstance(node, ast.Call) and ast.unparse(node.func) == "step"):
        return
    for child in ast.iter_child_nodes(node):
        yield from _spelled_out(child)
