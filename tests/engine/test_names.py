"""What `from engine import …` gives, whatever was imported before."""

from __future__ import annotations

import importlib
import pkgutil

import engine


def test_every_public_name_resolves_to_what_its_module_defines() -> None:
    for name in engine.__all__:
        value = getattr(engine, name)
        assert value is getattr(importlib.import_module(value.__module__), name)


def test_no_public_name_is_hidden_by_a_module_of_the_same_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(engine.__path__)}
    assert not modules & set(engine.__all__)
