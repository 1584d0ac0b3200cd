"""Labels of groups, made of the settings in which they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["differing", "labels_of", "setting_of"]

_PENALTIES = {"l1": "L1", "l2": "L2", "elastic_net": "elastic net"}
_VARIED = ("seed", "name", "metadata")
_LONGEST = 100


def setting_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification without what replicates vary: the seed and the seed of the split."""
    setting = {name: value for name, value in spec.items() if name not in _VARIED}
    split = setting.get("split")
    if isinstance(split, Mapping):
        setting["split"] = {name: value for name, value in split.items() if name != "seed"}
    return setting


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the dotted paths of the fields in which settings differ, in the order of the specification."""
    flat = [dict(_leaves(setting)) for setting in settings]
    names = dict.fromkeys(name for each in flat for name in each)
    return [name for name in names if len({json.dumps(each.get(name), sort_keys=True) for each in flat}) > 1]


def labels_of(settings: Sequence[Mapping[str, Any]], given: Sequence[str | None]) -> list[str]:
    """Return a label for each group: the one given, or what distinguishes its setting from the others."""
    settings = _without_equal_members(settings)
    names = differing(settings)
    labels = [
        label if label is not None else _label(dict(_leaves(setting)), names) or f"group {index}"
        for index, (setting, label) in enumerate(zip(settings, given, strict=True))
    ]
    while repeated := {label for label in labels if labels.count(label) > 1}:
        # Again, where a numbered label is one that was given.
        labels = [f"{label} (group {i})" if label in repeated else label for i, label in enumerate(labels)]
    return labels


def _without_equal_members(settings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out what all layers of all settings have in common, and show layers of units alone by their units."""
    layers = [layer for each in settings for layer in each.get("architecture") or ()]
    if not all(isinstance(layer, Mapping) for layer in layers):
        return list(settings)
    varied = {*differing(layers), "units"} if layers else set()
    names = {path.split(".")[0] for path in varied}
    shown: list[Mapping[str, Any]] = []
    for each in settings:
        kept = [
            {name: layer[name] for name in layer if name in names} for layer in each.get("architecture") or ()
        ]
        units = [layer["units"] for layer in kept if set(layer) == {"units"}]
        shown.append({**each, "architecture": units if len(units) == len(kept) else kept})
    return shown


def _label(leaves: Mapping[str, Any], names: Sequence[str]) -> str:
    parts = []
    if {"penalty", "lambda"} & set(names):
        kind = str(leaves.get("penalty"))
        strength = f"λ = {leaves.get('lambda'):g} ({_PENALTIES.get(kind, kind)})"
        parts.append("no penalty" if kind == "none" else strength)
    parts += [f"{name} = {_shown(leaves.get(name))}" for name in names if name not in {"penalty", "lambda"}]
    return ", ".join(parts)[:_LONGEST]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _leaves(setting: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every field."""
    for name, value in setting.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
