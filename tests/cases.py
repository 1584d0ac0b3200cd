"""Many small cases as one test, which runs them all and names each that fails."""

import functools
import inspect
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

__all__ = ["folded"]

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def folded(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Callable[..., None]], Any]:
    """Run the test once for each case, as ``pytest.mark.parametrize`` does, but within one test.

    All cases share the test's fixtures, so that this fits cases that leave them as they are. It saves a set-up per
    case: often an application with its database, for one refused request.
    """
    parameters = (names,) if isinstance(names, str) else names
    rows = [(case,) if isinstance(names, str) else tuple(case) for case in cases]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def every(**fixtures: Any) -> None:
            # An empty list of cases would pass whatever the code does.
            assert rows, f"{function.__name__} has no cases"
            failures = []
            for row in rows:
                case = dict(zip(parameters, row, strict=True))
                try:
                    function(**fixtures, **case)
                except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - all are raised again
                    failure.add_note(f"in the case {_named(case)}")
                    failures.append((case, failure))
            if failures:
                listed = "; ".join(_named(case) for case, _ in failures)
                message = f"{len(failures)} of {len(rows)} cases failed: {listed}"
                raise BaseExceptionGroup(message, [failure for _, failure in failures])

        signature = inspect.signature(function)
        left = [each for name, each in signature.parameters.items() if name not in parameters]
        every.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]  # what pytest looks at
        return every

    return decorate


def _named(case: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_SHORT.repr(value)}" for name, value in case.items())
