"""The textbook: everything that the engine computes, once more in plain NumPy, to read and to prove it by.

The engine's own code trains many networks at once, allocates nothing while it steps, and scatters each formula over
buffers. Here every formula stands above the few lines that compute it. Nothing is fast, and in float64 the numbers are
those of the engine: tests/engine/test_textbook.py compares every step and whole runs of random experiments.

Read in this order:

1. ``activations``   f(z) and f'(z)
2. ``losses``        ℓ of a row, and its gradient by the logits
3. ``network``       layers, batch normalization, the forward pass and backpropagation
4. ``initializers``  where weights begin
5. ``penalties``     L1, L2, elastic net: λ/n, and the proximal step
6. ``optimizers``    SGD to AdamW, a class each
7. ``schedules``     the learning rate of a step
8. ``stopping``      early stopping, and the rate on plateaus
9. ``data``          splits, scaling, label smoothing, weights of rows and classes
10. ``evaluation``   metrics
11. ``training``     the algorithm: ``Trainer.step`` is one step, ``train`` a whole run

A run, with a data set as in ``help(engine)``:

    from engine import Experiment, resolve
    from engine.textbook import prepare, train

    resolved = resolve(Experiment(architecture=[30], penalty="l2", lambda_=0.1, seed=1, max_epochs=5), dataset.facts)
    run = train(resolved.experiment, prepare(dataset, resolved))
    print(run.best_epoch, run.test["accuracy"])

B rows of a batch, n of the training split, I inputs and J units of a layer, O outputs. Sources stand beside the
formulas; docs/numerics.md has the same formulas in tables. Taken from the engine are the specification and the streams
of random numbers, for which there is no plainer version.
"""

from __future__ import annotations

from engine.textbook.data import Part, Parts, prepare
from engine.textbook.training import Run, Trainer, train

__all__ = ["Part", "Parts", "Run", "Trainer", "prepare", "train"]
