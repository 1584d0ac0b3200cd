"""The README's story on real output: overfitting, and what penalties and patience do about it.

    python -m scripts.tour            # prints the table and what it shows
    python -m scripts.tour --write    # also puts both into README.md, between its two tour marks

Starts a service of its own, trains every chapter with seeds 1 to 3 over the REST API, and checks each claim for each
seed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from scripts.fresh_service import FreshService, fresh_service
from scripts.readme import row, write

if TYPE_CHECKING:
    from collections.abc import Mapping

SEEDS = (1, 2, 3)
PATIENCE, L2_LAMBDA, L1_LAMBDA, MAX_EPOCHS = 10, 0.1, 0.3, 400
CAPTION = "Means over the seeds; test results and exact zeros are those of the best epoch's weights:"

BASE = {
    "dataset": "mnist-mini",
    "architecture": [30],
    "activation": "sigmoid",
    "loss": "binary_cross_entropy",
    "init": "large",
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
    "batch_size": 10,
    "max_epochs": MAX_EPOCHS,
}
PLAIN, LAST = "no penalty", "no penalty, last epoch's weights"
ACCURATE, PATIENT = "no penalty, best validation accuracy", f"no penalty, patience {PATIENCE}"
L2, L1, GLOROT = f"L2, λ = {L2_LAMBDA}", f"L1, λ = {L1_LAMBDA}", "no penalty, glorot_normal"
CHAPTERS: dict[str, dict[str, Any]] = {
    PLAIN: {},
    # The best epoch is the one with the lowest training loss: the end, where no one looks at the validation rows.
    LAST: {"monitor": "train_loss"},
    ACCURATE: {"monitor": "val_accuracy"},
    PATIENT: {"patience": PATIENCE},
    L2: {"penalty": "l2", "lambda": L2_LAMBDA},
    L1: {"penalty": "l1", "lambda": L1_LAMBDA},
    GLOROT: {"init": "glorot_normal"},
}


@dataclass(frozen=True)
class Run:
    """What the service reports of one experiment; test results and zeros are those of the best epoch's weights."""

    epochs: int
    best_epoch: int
    highest_train_accuracy: float
    last_train_accuracy: float
    lowest_val_loss: float
    last_val_loss: float
    test_loss: float
    test_accuracy: float
    zero_fraction: float


@dataclass(frozen=True)
class Claim:
    """A sentence of the story, with its numbers, and for which seeds it is true."""

    text: str
    holds: tuple[bool, ...]

    def line(self) -> str:
        """The claim as a list item that says how often it held."""
        return f"- {self.text} ({sum(self.holds)} of {len(self.holds)} seeds)"


Story = dict[str, list[Run]]


def whole(value: float) -> str:
    """No decimals."""
    return f"{value:.0f}"


def two(value: float) -> str:
    """Two decimals."""
    return f"{value:.2f}"


def percent(share: float) -> str:
    """A share with one decimal."""
    return f"{100 * share:.1f} %"


COLUMNS: tuple[tuple[str, Callable[[Run], float], Callable[[float], str]], ...] = (
    ("epochs", lambda run: run.epochs, whole),
    ("best epoch", lambda run: run.best_epoch, whole),
    ("training accuracy, last epoch", lambda run: run.last_train_accuracy, percent),
    ("validation loss, lowest", lambda run: run.lowest_val_loss, two),
    ("validation loss, last", lambda run: run.last_val_loss, two),
    ("test loss", lambda run: run.test_loss, two),
    ("test accuracy", lambda run: run.test_accuracy, percent),
    ("weights exactly 0", lambda run: run.zero_fraction, percent),
)


def tell(service: FreshService) -> Story:
    """Train every chapter with every seed; all experiments are queued at once."""
    posted = {
        chapter: [service.post("/v1/experiments", BASE | changes | {"seed": seed})["id"] for seed in SEEDS]
        for chapter, changes in CHAPTERS.items()
    }
    return {
        chapter: [read(service, experiment) for experiment in service.wait_for(ids)]
        for chapter, ids in posted.items()
    }


def read(service: FreshService, experiment: Mapping[str, Any]) -> Run:
    """The numbers of one finished experiment."""
    if experiment["status"] != "succeeded":
        message = f"{experiment['id']} ended as {experiment['status']}: {experiment['error']}"
        raise RuntimeError(message)
    curves = service.get(f"/v1/experiments/{experiment['id']}/metrics")
    return Run(
        epochs=curves["epoch"][-1],
        best_epoch=experiment["best"]["epoch"],
        highest_train_accuracy=max(curves["train_accuracy"]),
        last_train_accuracy=curves["train_accuracy"][-1],
        lowest_val_loss=min(curves["val_loss"]),
        last_val_loss=curves["val_loss"][-1],
        test_loss=experiment["test"]["loss"],
        test_accuracy=experiment["test"]["accuracy"],
        zero_fraction=experiment["best"]["zero_fraction"],
    )


def table(story: Story) -> list[str]:
    """One row a chapter, each cell the mean over the seeds."""
    lines = [row(["", *(name for name, _, _ in COLUMNS)]), row(["---", *["--:"] * len(COLUMNS)])]
    for chapter, runs in story.items():
        cells = [spell(mean(value(run) for run in runs)) for _, value, spell in COLUMNS]
        lines.append(row([chapter, *cells]))
    return lines


def each(values: Sequence[float], spell: Callable[[float], str]) -> str:
    """One value per seed."""
    return ", ".join(spell(value) for value in values)


def claims(story: Story) -> list[Claim]:
    """What the story says, checked seed by seed."""
    checks = (
        _memorizes,
        _turns_up,
        _accuracy_rises,
        _patience,
        _l2_is_better,
        _l1_is_sparse,
        _a_small_start_is_better,
    )
    return [check(story) for check in checks]


def _memorizes(story: Story) -> Claim:
    top = [run.highest_train_accuracy for run in story[PLAIN]]
    text = f"Without a penalty the training rows are memorized: {each(top, percent)} right."
    return Claim(text, tuple(share == 1 for share in top))


def _turns_up(story: Story) -> Claim:
    plain, last = story[PLAIN], story[LAST]
    text = (
        f"Meanwhile the validation loss falls until epoch {each([r.best_epoch for r in plain], str)} and then rises "
        f"from {each([r.lowest_val_loss for r in plain], two)} to {each([r.last_val_loss for r in plain], two)}; "
        f"on the test rows that is {each([r.test_loss for r in plain], two)} against "
        f"{each([r.test_loss for r in last], two)} at the end."
    )
    pairs = zip(plain, last, strict=True)
    return Claim(
        text, tuple(a.lowest_val_loss < a.last_val_loss and a.test_loss < b.test_loss for a, b in pairs)
    )


def _accuracy_rises(story: Story) -> Claim:
    plain, last = story[PLAIN], story[LAST]
    text = (
        f"The test accuracy rises all the same, from {each([r.test_accuracy for r in plain], percent)} to "
        f"{each([r.test_accuracy for r in last], percent)} with the last epoch's weights."
    )
    pairs = zip(plain, last, strict=True)
    return Claim(
        text, tuple(a.test_loss < b.test_loss and a.test_accuracy < b.test_accuracy for a, b in pairs)
    )


def _patience(story: Story) -> Claim:
    plain, patient = story[PLAIN], story[PATIENT]
    text = (
        f"Patience {PATIENCE} stops after {each([r.epochs for r in patient], str)} epochs instead of {MAX_EPOCHS}, and "
        f"returns epoch {each([r.best_epoch for r in patient], str)}: the same weights."
    )
    pairs = zip(plain, patient, strict=True)
    same = tuple((a.best_epoch, a.test_loss) == (b.best_epoch, b.test_loss) for a, b in pairs)
    return Claim(text, same)


def _l2_is_better(story: Story) -> Claim:
    plain, last, l2 = story[PLAIN], story[LAST], story[L2]
    text = (
        f"L2 with λ = {L2_LAMBDA} raises the test accuracy from {each([r.test_accuracy for r in plain], percent)} "
        f"({each([r.test_accuracy for r in last], percent)} with the last epoch's weights) to "
        f"{each([r.test_accuracy for r in l2], percent)}."
    )
    seeds = zip(plain, last, l2, strict=True)
    return Claim(text, tuple(c.test_accuracy > max(a.test_accuracy, b.test_accuracy) for a, b, c in seeds))


def _l1_is_sparse(story: Story) -> Claim:
    zeros = [run.zero_fraction for run in story[L1]]
    text = f"L1 with λ = {L1_LAMBDA} sets {each(zeros, percent)} of the weights to exactly 0; none of the others does."
    others = [
        max(runs[seed].zero_fraction for name, runs in story.items() if name != L1)
        for seed in range(len(SEEDS))
    ]
    return Claim(text, tuple(share > 0 == other for share, other in zip(zeros, others, strict=True)))


def _a_small_start_is_better(story: Story) -> Claim:
    small, l1, l2 = story[GLOROT], story[L1], story[L2]
    text = (
        f"glorot_normal alone has a test loss of {each([r.test_loss for r in small], two)} at epoch "
        f"{each([r.best_epoch for r in small], str)}, L2 one of {each([r.test_loss for r in l2], two)} and L1 one of "
        f"{each([r.test_loss for r in l1], two)} from large weights. Trained on, it overfits, too: its validation loss "
        f"rises from {each([r.lowest_val_loss for r in small], two)} to {each([r.last_val_loss for r in small], two)}."
    )
    seeds = zip(small, l1, l2, strict=True)
    return Claim(text, tuple(a.test_loss < min(b.test_loss, c.test_loss) for a, b, c in seeds))


def main() -> None:
    """Tell the story; the exit status is 1 where a claim failed for every seed."""
    parser = argparse.ArgumentParser(description="Train the README's story and print what came out.")
    parser.add_argument("--write", action="store_true", help="put the result into README.md as well")
    options = parser.parse_args()
    with fresh_service() as service:
        story = tell(service)
    found = claims(story)
    lines = [CAPTION, "", *table(story), "", *(claim.line() for claim in found)]
    print("\n".join(lines))
    if options.write:
        write("tour", lines)
    sys.exit(not all(any(claim.holds) for claim in found))


if __name__ == "__main__":
    main()
