"""What `make truth` adds to a run of the oracle tests: it refuses a folder without cases, and ends with a count."""

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.truth import oracle


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "oracle(file): a case of this oracle file")
    if "TRUTH_DIR" in os.environ:
        config.pluginmanager.register(Tally(oracle.FOLDER))


class Tally:
    """Counts the cases that ran, by oracle file; a skipped case did not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, str] = {}
        self.ran: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    def pytest_report_header(self) -> str:
        return f"oracle files: {self.folder}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        marks = {item.nodeid: item.get_closest_marker("oracle") for item in session.items}
        self.files = {node: mark.args[0] for node, mark in marks.items() if mark}
        if not self.files and not session.testsfailed:
            reason = "holds no oracle file with cases" if self.folder.is_dir() else "is not a folder"
            raise pytest.UsageError(f"TRUTH_DIR: {self.folder} {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.files or (report.when != "call" and report.passed):
            return
        self.outcomes[report.outcome] += 1
        if not report.skipped:
            self.ran[self.files[report.nodeid]] += 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Print after pytest's own summary; a run of no case at all is no success."""
        yield
        if not self.ran and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(reporter, pytest.TerminalReporter)
        reporter.write_line(self.line())

    def line(self) -> str:
        """For example ``truth: losses.json 54, train_steps.json 112 (165 passed, 1 failed)``."""
        counts = ", ".join(f"{name} {count}" for name, count in self.ran.items()) or "no case ran"
        order = ("passed", "failed", "skipped")
        outcomes = [f"{self.outcomes[outcome]} {outcome}" for outcome in order if self.outcomes[outcome]]
        return f"truth: {counts} ({', '.join(outcomes) or '0 passed'})"
