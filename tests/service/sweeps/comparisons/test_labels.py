"""Labels distinguish groups whatever differs, and whatever labels are given."""

from __future__ import annotations

from typing import Any

from service.sweeps.comparisons.labels import labels_of


def test_layers_are_shown_by_what_differs() -> None:
    layer = {"units": 4, "activation": "relu", "init": {"name": "he"}}
    wide = {**layer, "units": 7}
    settings: list[dict[str, Any]] = [
        {"architecture": [layer]},
        {"architecture": [wide, layer]},
        {"architecture": []},
    ]
    assert labels_of(settings, [None] * 3) == [
        "architecture = [4]",
        "architecture = [7, 4]",
        "architecture = []",
    ]
    assert labels_of([settings[0], {"architecture": [{**layer, "activation": "tanh"}]}], [None, None]) == [
        'architecture = [{"units": 4, "activation": "relu"}]',
        'architecture = [{"units": 4, "activation": "tanh"}]',
    ]


def test_a_numbered_label_is_not_one_that_was_given() -> None:
    labels = labels_of([{}] * 3, ["x", "x", "x (group 0)"])
    assert len(set(labels)) == len(labels)
