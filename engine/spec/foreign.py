"""Names from other tools (Keras, PyTorch, scikit-learn, textbooks), each with its equivalent here."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = [
    "FIELDS",
    "NEAREST",
    "NEEDLESS",
    "PARAMETERS",
    "WORDS",
    "fields_instead",
    "sizes_of",
    "word_instead",
]

Fields = dict[str, Any]

WORDS: Mapping[str, tuple[Any, ...]] = {
    # losses
    "mse": ("mean_squared_error", "val_loss"),
    "l2_loss": ("mean_squared_error",),
    "rmse": ("mean_squared_error", "val_rmse"),
    "root_mean_squared_error": ("mean_squared_error", "val_rmse"),
    "reg:squarederror": ("squared_error",),
    "quadratic": ("squared_error",),
    "sse": ("squared_error",),
    "mae": ("absolute_error",),
    "mean_absolute_error": ("absolute_error",),
    "l1_loss": ("absolute_error",),
    "smooth_l1": ("huber",),
    "huber_loss": ("huber",),
    "categorical_crossentropy": ("cross_entropy",),
    "sparse_categorical_crossentropy": ("cross_entropy",),
    "crossentropy": ("cross_entropy",),
    "nll": ("cross_entropy",),
    "nll_loss": ("cross_entropy",),
    "log_loss": ("cross_entropy",),
    "deviance": ("cross_entropy",),
    "ce": ("cross_entropy",),
    "multi:softmax": ("cross_entropy",),
    "multi:softprob": ("cross_entropy",),
    "binary:logistic": ("binary_cross_entropy",),
    "binary_crossentropy": ("binary_cross_entropy",),
    "bce": ("binary_cross_entropy",),
    "bce_with_logits": ("binary_cross_entropy",),
    # activations and outputs
    "swish": ("silu",),
    "linear": ("identity", {"name": "polynomial"}),
    "logistic": ("sigmoid",),
    "leakyrelu": ("leaky_relu",),
    "lrelu": ("leaky_relu",),
    "prelu": ("leaky_relu",),
    "mish": ("silu",),
    # initializers
    "he": ("he_normal",),
    "kaiming": ("he_normal",),
    "xavier": ("glorot_uniform",),
    "glorot": ("glorot_uniform",),
    "lecun": ("lecun_normal",),
    "random": ({"name": "normal", "std": 0.05},),
    "random_normal": ({"name": "normal", "std": 0.05},),
    "truncated_normal": ({"name": "normal", "std": 0.05},),
    "gaussian": ({"name": "normal", "std": 0.05},),
    "random_uniform": ({"name": "uniform", "limit": 0.05},),
    "zero": ("zeros",),
    # penalties
    "ridge": ("l2",),
    "lasso": ("l1",),
    "elasticnet": ("elastic_net",),
    "l1_l2": ("elastic_net",),
    "weight_decay": ("l2",),
    "tikhonov": ("l2",),
    # optimizers
    "rms_prop": ("rmsprop",),
    "adam_w": ("adamw",),
    "ada_grad": ("adagrad",),
    "momentum": ({"name": "sgd", "momentum": 0.9},),
    "nesterov": ({"name": "sgd", "momentum": 0.9, "nesterov": True},),
    "lbfgs": ("adam",),
    "nadam": ("adam",),
    "adamax": ("adam",),
    "adadelta": ("adagrad",),
    # schedules
    "cosine_annealing": ("cosine",),
    "cosine_decay": ("cosine",),
    "multi_step": ("multistep",),
    "piecewise_constant": ("multistep",),
    "exponential_decay": ("exponential",),
    "invscaling": ("inverse_time",),
    "adaptive": ("plateau",),
    "reduce_on_plateau": ("plateau",),
    "reducelronplateau": ("plateau",),
    "reduce_lr_on_plateau": ("plateau",),
    "onecycle": ("one_cycle",),
    # the rest
    "standard": ("standardize",),
    "zscore": ("standardize",),
    "standardscaler": ("standardize",),
    "val_acc": ("val_accuracy",),
    "acc": ("train_accuracy",),
    "accuracy": ("train_accuracy",),
    "val_mse": ("val_loss",),
    "fp32": ("float32",),
    "single": ("float32",),
    "fp64": ("float64",),
    "double": ("float64",),
}
"""A foreign word and its equivalents here; the first one that the field knows is used."""

NEAREST = frozenset(
    (
        "lbfgs",
        "nadam",
        "adamax",
        "adadelta",
        "mish",
        "prelu",
        "truncated_normal",
        "rmse",
        "root_mean_squared_error",
    )
)
"""Foreign words without an equivalent, and the nearest word here."""

PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(("lr", "eta", "eta0", "learning_rate_init", "step_length"), "learning_rate"),
    **dict.fromkeys(("eps",), "epsilon"),
    "beta_1": "beta1",
    "beta_2": "beta2",
    **dict.fromkeys(("neurons", "size", "n_units", "hidden_units", "out_features"), "units"),
    **dict.fromkeys(("dropout_rate", "rate"), "dropout"),
    **dict.fromkeys(("batchnorm", "batch_normalization"), "batch_norm"),
    **dict.fromkeys(("kernel_initializer", "weight_init"), "init"),
    **dict.fromkeys(
        ("val", "val_split", "validation_split", "validation_fraction", "val_size"), "validation"
    ),
    **dict.fromkeys(("test_size", "test_split", "test_fraction"), "test"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("T_max", "t_max", "T_0"), "period"),
    **dict.fromkeys(("eta_min", "min_lr", "lr_min"), "min_learning_rate"),
    **dict.fromkeys(("total_iters", "max_steps", "num_training_steps"), "total_steps"),
    **dict.fromkeys(("num_warmup_steps", "warmup"), "warmup_steps"),
    **dict.fromkeys(("kernel_regularizer", "regularizer"), "penalty"),
    "decay_rate": "gamma",
}
"""Parameters inside a specification, by their names in other tools."""


NEEDLESS: Mapping[str, str] = {
    **dict.fromkeys(("verbose", "n_jobs", "device", "gpu", "use_gpu", "callbacks"), "Leave it out."),
    "max_depth": "Omit it: it applies to trees.",
    "sample_weight": 'Omit it: the data set option "weight" selects a column of weights.',
    **dict.fromkeys(
        ("input_shape", "input_dim", "input_size", "in_features", "n_features", "num_classes", "n_classes"),
        "Omit it: it is a property of the data set.",
    ),
    **dict.fromkeys(
        ("metrics", "eval_metric", "scoring"),
        'Omit it: every metric is measured. "monitor" selects the one that decides.',
    ),
    **dict.fromkeys(("use_bias", "fit_intercept", "bias"), "Omit it: every layer has biases."),
    "shuffle": "Omit it: every epoch has its own order.",
    "restore_best_weights": "Omit it: the best epoch's weights are always kept.",
    "save_best_only": "Omit it: the best epoch's weights are always kept.",
    "warm_start": 'Omit it, or write "init": {"name": "given", "checkpoint": "…"}.',
    "train_size": 'Omit it: rows not in "validation" or "test" of "split" are training rows.',
}
"""Fields of other tools without an equivalent, with the reason."""


def word_instead(word: str, allowed: tuple[str, ...]) -> str:
    """Replacement for another tool's word in a field with these words; empty if unknown."""
    candidates = list(_candidates(word))
    words = {each for each in candidates if isinstance(each, str)}
    for each in candidates:
        if (each["name"] if isinstance(each, dict) else each) in allowed:
            known = "unknown here; the nearest is to" if NEAREST & words else "named differently here:"
            return f'"{word}" is {known} write {json.dumps(each)} instead.'
    if "softmax" in words:
        return f'"{word}" is for the output layer, which is added automatically: see "output".'
    return ""


def _candidates(word: str) -> Iterator[Any]:
    """Possible meanings of a word, written like ``mse``, ``MSELoss`` or ``torch.nn.MSELoss``."""
    plain = word.strip().replace("-", "_").replace(" ", "_").rpartition(".")[2].strip("_")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain).lower()
    for spelled in (plain.lower(), snake):
        for each in (spelled, re.sub(r"_?(loss|lr|decay|schedule)$", "", spelled)):
            yield each
            yield from WORDS.get(each, ())


def fields_instead(name: str, document: Mapping[str, Any]) -> Iterator[Fields]:
    """The fields to write in place of one that does not exist, with its value, else with a usual one."""
    if (row := FIELDS.get(name)) is None:
        return
    make, usual = row
    given = document[name]
    for value in (given, *_candidates(given)) if isinstance(given, str) else (given,):
        with contextlib.suppress(TypeError, ValueError, ArithmeticError):
            yield make(value, document)
    yield make(usual, document)


Row = tuple[Callable[[Any, Mapping[str, Any]], Fields], Any]


def _same(field: str) -> Callable[[Any, Mapping[str, Any]], Fields]:
    return lambda value, _: {field: value}


def _rows(names: str, make: Callable[[Any, Mapping[str, Any]], Fields], usual: object) -> dict[str, Row]:
    return dict.fromkeys(names.split(), (make, usual))


def _of_optimizer(parameter: str, *, name: str | None = None) -> Callable[[Any, Mapping[str, Any]], Fields]:
    def make(value: Any, document: Mapping[str, Any]) -> Fields:
        given = document.get("optimizer", document.get("solver"))
        of = given if isinstance(given, Mapping) else {"name": name or _optimizer_name(given)}
        return {"optimizer": {**of, parameter: value}}

    return make


def _learning_rate(value: Any, document: Mapping[str, Any]) -> Fields:
    """A rate, or the schedule that scikit-learn gives by this name."""
    if isinstance(value, str):
        return {"schedule": value}
    return _of_optimizer("learning_rate")(value, document)


def _optimizer_name(given: Any) -> str:
    plain = given.lower() if isinstance(given, str) else "sgd"
    return "adam" if plain == "lbfgs" else plain


def _sizes(value: Any, _: Mapping[str, Any]) -> Fields:
    return {"architecture": sizes_of(value)}


def sizes_of(value: Any) -> list[Any]:
    """Layers that are given as a number, or as numbers between commas; raises ValueError."""
    if isinstance(value, str):
        return [int(part) for part in value.strip("()[] ").rstrip(",").split(",")]
    return list(value) if isinstance(value, (list, tuple)) else [int(value)]


def _of_layers(parameter: str) -> Callable[[Any, Mapping[str, Any]], Fields]:
    def make(value: Any, document: Mapping[str, Any]) -> Fields:
        layers = document.get("architecture") or [64]
        as_objects = [each if isinstance(each, Mapping) else {"units": each} for each in layers]
        return {"architecture": [{**each, parameter: value} for each in as_objects]}

    return make


def _penalty(kind: str, convention: str | None = None) -> Callable[[Any, Mapping[str, Any]], Fields]:
    extra = {} if convention is None else {"lambda_convention": convention}
    return lambda value, _: {"penalty": kind, "lambda": float(value), **extra}


def _inverse(value: Any, _: Mapping[str, Any]) -> Fields:
    return {"penalty": "l2", "lambda": 1 / float(value)}


def _nesterov(value: Any, _: Mapping[str, Any]) -> Fields:
    return {"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": value}}


def _warmup(value: Any, _: Mapping[str, Any]) -> Fields:
    return {"schedule": {"name": "constant", "warmup_steps": value}}


def _positive_weight(value: Any, _: Mapping[str, Any]) -> Fields:
    return {"class_weight": {"1": value}}


def _patience(value: Any, _: Mapping[str, Any]) -> Fields:
    if isinstance(value, Mapping):
        value = value.get("patience", True)
    return {"patience": (10 if value else None) if isinstance(value, bool) else int(value)}


def _of_split(part: str) -> Callable[[Any, Mapping[str, Any]], Fields]:
    def make(value: Any, document: Mapping[str, Any]) -> Fields:
        given = document.get("split")
        return {"split": {**(given if isinstance(given, Mapping) else {}), part: value}}

    return make


FIELDS: Mapping[str, Row] = {
    **_rows("learning_rate lr eta eta0 learning_rate_init step_size", _learning_rate, 0.01),
    **_rows("nesterovs_momentum nesterov", _nesterov, usual=True),
    **_rows("momentum", _of_optimizer("momentum", name="sgd"), 0.9),
    **_rows("beta1 beta_1", _of_optimizer("beta1", name="adam"), 0.9),
    **_rows("beta2 beta_2", _of_optimizer("beta2", name="adam"), 0.999),
    **_rows("solver", _same("optimizer"), "adam"),
    **_rows("alpha", _penalty("l2", "sklearn"), 0.0001),
    **_rows("weight_decay", _penalty("l2", "pytorch"), 0.0001),
    **_rows("l2 l2_regularization l2_reg reg_lambda ridge", _penalty("l2"), 0.1),
    **_rows("l1 l1_regularization l1_reg reg_alpha lasso", _penalty("l1"), 0.1),
    **_rows("C", _inverse, 1.0),
    **_rows("lam lambd", _same("lambda"), 0.1),
    **_rows("regularization regularizer reg kernel_regularizer", _same("penalty"), "l2"),
    **_rows(
        "size n_hidden hidden_size "
        "hidden_layer_sizes hidden_layers hidden hidden_units hidden_sizes hidden_dims layers layer_sizes units",
        _sizes,
        [64, 32],
    ),
    **_rows(
        "epochs n_epochs num_epochs nb_epoch max_iter maxit n_iter iterations num_train_epochs n_estimators nrounds "
        "num_boost_round",
        _same("max_epochs"),
        100,
    ),
    **_rows("batch batchsize minibatch_size mini_batch_size", _same("batch_size"), 32),
    **_rows("dropout dropout_rate", _of_layers("dropout"), 0.2),
    **_rows("batch_norm batchnorm batch_normalization", _of_layers("batch_norm"), usual=True),
    **_rows(
        "early_stopping early_stop n_iter_no_change early_stopping_rounds early_stopping_patience",
        _patience,
        10,
    ),
    **_rows("tol tolerance", _same("min_delta"), 0.0001),
    **_rows(
        "validation_fraction val_split validation_split val_size validation_size validation",
        _of_split("validation"),
        0.2,
    ),
    **_rows("test_size test_split test_fraction", _of_split("test"), 0.2),
    **_rows("random_state random_seed", _same("seed"), 1),
    **_rows("activation_function hidden_activation act nonlinearity act.fct", _same("activation"), "relu"),
    **_rows("output_activation out_activation", _same("output"), "auto"),
    **_rows("loss_function criterion loss_fn objective err.fct", _same("loss"), "auto"),
    **_rows(
        "kernel_initializer weight_init weights_init initializer initialization", _same("init"), "he_normal"
    ),
    **_rows("bias_initializer", _same("bias_init"), "zeros"),
    **_rows("scheduler lr_schedule lr_scheduler learning_rate_schedule", _same("schedule"), "cosine"),
    **_rows(
        "clipnorm max_grad_norm gradient_clipping gradient_clip gradient_clip_val clip grad_clip",
        _same("clip_norm"),
        1.0,
    ),
    **_rows("kernel_constraint max_norm_constraint maxnorm", _same("max_norm"), 3.0),
    **_rows("warmup_steps num_warmup_steps warmup", _warmup, 100),
    **_rows("scale_pos_weight pos_weight", _positive_weight, 2.0),
    **_rows("stratify", _of_split("stratify"), usual=True),
    **_rows("train_rows", _of_split("train_rows"), 100),
    **_rows("class_weights", _same("class_weight"), "balanced"),
    **_rows("normalization normalize standardize preprocessing", _same("scaling"), "standardize"),
    **_rows("dtype", _same("precision"), "float32"),
}
"""A field of other tools at the top level, a function that builds the fields to write, and a typical value.
"""
