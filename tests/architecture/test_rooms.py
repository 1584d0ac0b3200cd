"""Rooms of the service import each other in one direction, but for the pairs that docs/architecture.md explains."""

import grimp

from tests.architecture.source_tree import ROOT

TWO_WAY = {
    ("checkpoints", "experiments"),
    ("datasets", "experiments"),
    ("datasets", "limits"),
    ("experiments", "limits"),
}


def test_rooms_import_each_other_in_one_direction() -> None:
    graph = grimp.build_graph("service", exclude_type_checking_imports=True, cache_dir=None)
    arrows = {
        (room_of(importer), room_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    both = {(a, b) for a, b in arrows if a < b and (b, a) in arrows}
    assert both == TWO_WAY


def test_every_exception_is_explained() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert [pair for pair in TWO_WAY if f"`{pair[0]}` ⇄ `{pair[1]}`" not in text] == []


def room_of(module: str) -> str:
    """The folder below ``service/`` that holds a module, or the name of one beside the folders."""
    return module.split(".")[1] if "." in module else module
