"""`make` says what it can do, and the README names nothing else."""

import re
import subprocess

from tests.architecture.source_tree import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def phony_targets() -> set[str]:
    return set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, flags=re.MULTILINE))


def test_help_lists_every_target() -> None:
    run = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    listed = re.findall(r"^  make (\S+) +\S", run.stdout, flags=re.MULTILINE)
    assert sorted(listed) == sorted(phony_targets())


def test_every_target_without_a_file_is_phony() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, flags=re.MULTILINE))
    assert targets == phony_targets()


def test_documents_name_existing_targets() -> None:
    named = {
        target
        for document in ("README.md", "CONTRIBUTING.md")
        for target in re.findall(
            r"`make ([a-z][a-z0-9-]*)|^make ([a-z][a-z0-9-]*)", (ROOT / document).read_text()
        )
        for target in target
        if target
    }
    assert named <= phony_targets()
