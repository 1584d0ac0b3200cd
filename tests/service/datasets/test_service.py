"""Other domains ask for data sets by name; a wrong name must lead to the right one."""

import pytest

from service.datasets.service import UnknownDatasetError, describe, list_datasets


def test_describes_a_set_by_name() -> None:
    assert describe("wine").title == "Wine cultivars"


def test_lists_what_it_describes() -> None:
    listed = list_datasets()
    assert [describe(dataset.name) for dataset in listed] == list(listed)
    assert len(listed) == 9


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("digit", "digits"),
        ("Digits", "digits"),
        ("mnist", "mnist-mini"),
        ("cancer", "breast_cancer"),
        ("mnist_mini", "mnist-mini"),
        ("breast-cancer", "breast_cancer"),
        ("Breast Cancer", "breast_cancer"),
        ("friedman", "friedman1"),
        ("spiral", "spirals"),
    ],
)
def test_a_misspelled_name_leads_to_the_right_one(wrong: str, right: str) -> None:
    with pytest.raises(UnknownDatasetError, match=f'Did you mean "{right}"') as caught:
        describe(wrong)
    assert caught.value.name == wrong
    assert caught.value.candidates[0] == right


@pytest.mark.parametrize("wrong", ["", "imagenet", "../../etc/passwd", "x" * 1_000_000, "\ud800", "\0"])
def test_a_name_unlike_any_other_names_those_that_exist(wrong: str) -> None:
    with pytest.raises(UnknownDatasetError, match=r"a built-in one: digits, .*friedman1\.$") as caught:
        describe(wrong)
    assert caught.value.candidates == ()
