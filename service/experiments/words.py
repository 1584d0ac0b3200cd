"""What every field of a specification means, in the words of the API's documentation."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FIELD_WORDS"]

FIELD_WORDS: Mapping[str, Mapping[str, str]] = {
    "Experiment": {
        "architecture": "Hidden layers, input to output: a number of units, or an object. `[]` is a linear model.",
        "activation": "Activation of every hidden layer that does not name its own.",
        "penalty": "Added to the data loss: nothing, λ/n Σ|w| (`l1`), λ/(2n) Σw² (`l2`), or a mixture.",
        "lambda": "The textbook λ: divided by n, the training rows. Biases are never penalized.",
        "l1_ratio": "`elastic_net` only: the share of L1 in the mixture.",
        "l1_update": "`proximal` reaches exact zeros; `subgradient` adds λ/n sgn(w) to the gradient and does not.",
        "init": "How weights begin. `auto` is `he_normal` before relu, else `glorot_uniform`; `large` is N(0, 1).",
        "patience": "Stop after this many epochs without improvement of `monitor`; null never stops early.",
        "monitor": "What decides which epoch is best. `auto` is `val_loss`, or `train_loss` without validation rows.",
        "min_delta": "A smaller change of `monitor` is no improvement.",
        "start_from_epoch": "Neither track nor stop before this epoch has passed.",
        "baseline": "Patience is not renewed until `monitor` is better than this.",
        "max_epochs": "Passes over the training rows, at most.",
        "optimizer": "How the gradient becomes a step.",
        "loss": "Loss of a row; `auto` follows from the data set's task.",
        "output": "Activation of the output layer; `auto` follows from the loss.",
        "scaling": "Scaling of the features, fitted on the training rows; `auto` is the data set's own.",
        "target_scaling": "Scaling of regression targets while training.",
        "batch_size": "Rows in a mini-batch.",
        "split": "Which rows train, validate and test.",
        "label_noise": "Share of the training rows that get a wrong label: overfitting on demand.",
        "seed": "Decides initial weights, order of rows and dropout; null draws one and echoes it.",
        "precision": "Floating-point type of the whole computation.",
    },
    "Layer": {
        "units": "Neurons in this layer.",
        "activation": "This layer's activation; null is the experiment's.",
        "dropout": "Share of this layer's outputs dropped in training (inverted dropout).",
        "init": "How this layer's weights begin; null is the experiment's `init`.",
    },
    "Split": {
        "validation": "Share of all rows that watch over training.",
        "test": "Share of all rows kept for the one final test; null is the data set's own test rows.",
        "stratify": "Whether each part gets its share of every class; `auto` does so for classification.",
        "seed": "Decides the shuffling, and with it which rows are in which part.",
        "train_rows": "Keep only the first n of the shuffled training rows; null keeps all.",
    },
    "Sgd": {
        "learning_rate": "Length of a step, η.",
        "momentum": "Share of the last step that is kept, μ.",
        "nesterov": "Look ahead along the momentum; needs some.",
    },
    "Adam": {
        "learning_rate": "Length of a step, η.",
        "beta1": "Decay of the mean of gradients.",
        "beta2": "Decay of the mean of squared gradients.",
        "epsilon": "Added to the denominator.",
    },
    "Normal": {
        "std": "Standard deviation of the weights.",
    },
    "Divide": {
        "divide_by": "Constant that every feature is divided by.",
    },
}
"""For each record its fields, spelled as in JSON."""
