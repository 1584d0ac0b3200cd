"""The keys of a class as a CSV file says them, or the lines that are wrong."""

import pytest

from service.keys.roster import Member, RosterError, read_roster
from service.keys.submission import NewKey


def test_reads_a_line_for_each_key() -> None:
    text = "\ufeffname;owner;queued;group\r\nAnn, of course 7;ann;5;ml\r\n\r\n;bob;;\r\n"
    common = {"scopes": ["read"], "expires_in_seconds": 60}
    assert read_roster(text, common) == [
        Member(NewKey("ann", "Ann, of course 7", ("read",), 60, {"queued": 5}), "ml"),
        Member(NewKey("bob", None, ("read",), 60, {})),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner,queued\nann,5\na b,0\n", "line 3: owner: Must be 1 to 64 letters"),
        ("owner,queued\nann,5\nbob,0\n", "line 3: limits/queued: Must be"),
        ("owner,queued\nann,5\nbob,many\n", "line 3: limits/queued: Must be"),
        ("owner\nann\nbob\nann\n", "line 4: owner ann is also on line 2"),
        ("owner,qeued\nann,5\n", 'Did you mean "queued"?'),
        ("name\nann\n", "the column owner is required"),
        ("owner,name\nann,x,y\n", "line 2: cells: 3 fields under 2 columns"),
        ('owner\n"ann\n', "line 2: unexpected end of data"),
        ("", "expected a header line"),
    ],
)
def test_names_the_lines_that_are_wrong(text: str, said: str) -> None:
    with pytest.raises(RosterError) as caught:
        read_roster(text, {})
    assert said in str(caught.value)
