"""What `make truth` adds to a run of the oracle tests: it refuses a folder without cases, and ends with a count."""

import os
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.truth import oracle


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "oracle(file, called, left_out): a case of this file, and what of it is not compared"
    )
    if "TRUTH_DIR" in os.environ:
        config.pluginmanager.register(Tally(oracle.FOLDER))


class Tally:
    """Counts the cases that ran, by oracle file; one that several tests look at is one, a skipped one did not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: dict[str, tuple[str, str, str]] = {}
        self.ran: defaultdict[str, set[str]] = defaultdict(set)
        self.outcomes: Counter[str] = Counter()
        self.not_compared: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()

    def pytest_report_header(self) -> str:
        return f"oracle files: {self.folder}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        marks = {item.nodeid: item.get_closest_marker("oracle") for item in session.items}
        self.cases = {node: mark.args for node, mark in marks.items() if mark}
        if not self.cases and not session.testsfailed:
            reason = "holds no oracle file with cases" if self.folder.is_dir() else "is not a folder"
            raise pytest.UsageError(f"TRUTH_DIR: {self.folder} {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.cases or (report.when != "call" and report.passed):
            return
        file, called, left_out = self.cases[report.nodeid]
        self.outcomes[report.outcome] += 1
        if isinstance(report.longrepr, tuple):
            self.not_compared[file, report.longrepr[2].removeprefix("Skipped: ")] += 1
        elif left_out:
            self.left_out[file, left_out] += 1
        if not report.skipped:
            self.ran[file].add(called)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Print after pytest's own summary; a run of no case at all is no success."""
        yield
        if not self.ran and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(reporter, pytest.TerminalReporter)
        for line in self.lines():
            reporter.write_line(line)

    def lines(self) -> Iterator[str]:
        """Why cases are not compared, or not wholly, and the count: ``truth: losses.json 54 (53 passed, 1 failed)``."""
        for (file, reason), count in self.left_out.items():
            yield f"compared in part: {file} {count}: {reason}"
        for (file, reason), count in self.not_compared.items():
            yield f"not compared: {file} {count}: {reason}"
        counts = ", ".join(f"{name} {len(self.ran[name])}" for name in sorted(self.ran)) or "no case ran"
        order = ("passed", "failed", "skipped")
        outcomes = [f"{self.outcomes[outcome]} {outcome}" for outcome in order if self.outcomes[outcome]]
        yield f"truth: {counts} ({', '.join(outcomes) or '0 passed'})"
