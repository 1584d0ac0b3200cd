"""Early stopping and the plateau's rate on random traces of a metric, against the plain rules."""

import numpy as np

from engine.optimization.schedules import PlateauState, reduced
from engine.spec import Experiment, Plateau
from engine.textbook.stopping import EarlyStopping, PlateauRate
from engine.training.stopping import Patience, Progress
from tests.engine.random_specs import Dice

TRACES, EPOCHS = 400, 40


def random_trace(dice: Dice) -> list[float | None]:
    """Values with few digits, so that some are equal; None for an epoch without the metric."""
    return [None if dice.often(0.05) else round(dice.between(0, 1), 2) for _ in range(EPOCHS)]


def test_runs_stop_and_remember_their_best_epoch_as_the_plain_rule_says() -> None:
    for seed in range(TRACES):
        dice = Dice(seed)
        experiment = Experiment(
            monitor=dice.one("val_loss", "train_mae", "val_accuracy", "train_r2"),
            patience=dice.one(None, 0, 1, 2, 5, 9),
            min_delta=dice.one(0.0, 0.01, -0.05, 0.2),
            start_from_epoch=dice.one(0, 0, 1, 7),
            baseline=dice.one(None, 0.1, 0.5, 0.9),
        )
        rule, progress, plain = Patience.of([experiment]), Progress.start(1), EarlyStopping(experiment)
        for epoch, value in enumerate(random_trace(dice), start=1):
            metric = np.array([np.nan if value is None else value])
            progress, verdict = rule(progress, np.array([epoch]), metric)
            ended = plain.see(epoch, 0.0, value)
            assert bool(verdict.stop[0]) == (ended == "early_stopping"), (seed, epoch)
            if ended:
                break
        found = (int(progress.best_epoch[0]), int(progress.least_epoch[0]), int(progress.wait[0]))
        assert found == (plain.best_epoch, plain.least_epoch, plain.wait), seed


def test_the_rate_falls_on_plateaus_as_the_plain_rule_says() -> None:
    for seed in range(TRACES):
        dice = Dice(seed)
        spec = Plateau(
            patience=dice.one(0, 1, 2, 3, 5),
            factor=dice.one(0.5, 0.1),
            cooldown=dice.one(0, 1, 2, 4),
            min_delta=dice.one(0.0, 0.01, 0.2),
            min_learning_rate=dice.one(0.0, 0.02),
        )
        experiment = Experiment(monitor=dice.one("val_loss", "val_accuracy"), schedule=spec)
        state, plain = PlateauState(experiment.optimizer.learning_rate), PlateauRate(experiment)
        sign = 1 if experiment.monitor == "val_loss" else -1
        for epoch, value in enumerate(random_trace(dice), start=1):
            plain.see(value)
            state = state if value is None else reduced(spec, state, sign * value)
            assert state.rate == plain.eta, (seed, epoch)
