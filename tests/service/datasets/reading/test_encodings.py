"""Texts in other encodings: read where it is said or plain which, and said to be a guess where it is one."""

import codecs
import json
import re
from encodings.aliases import aliases

import pytest

from engine.errors import InvalidSpec
from service.datasets.reading.options import Options
from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, codes, messages, outcome, rejected

NO_TEXT = {
    "rot_13",
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "quopri_codec",
    "uu_codec",
    "zlib_codec",
    "mbcs",
}
READ_AS = {"ascii": "utf-8", "latin_1": "cp1252"}


def table(*names: str, rows: int = 30) -> str:
    """Names in turn, a number, and a target."""
    lines = (f"{names[row % len(names)]},{row / 7:.3f},{row * row // 3 % 2}\n" for row in range(rows))
    return f"name {names[0]},x,y\n" + "".join(lines)


RUSSIAN, JAPANESE, GERMAN = table("Москва", "Тула"), table("東京", "大阪"), table("Größe", "Köln")
CHINESE, FRENCH = table("北京", "通", "一"), table("“CAFÉ”", "Nîmes")


def test_every_name_of_an_encoding_is_accepted() -> None:
    for name, codec in aliases.items():
        if codec in NO_TEXT:
            continue
        found = Options.from_document({"encoding": name.replace("_", "-").upper()}).encoding
        assert found == READ_AS.get(codec, codecs.lookup(codec).name)
        assert Options.from_document({"encoding": found}).encoding == found
    assert Options.from_document({"encoding": "Windows-1251"}).encoding == "cp1251"
    assert Options.from_document({"encoding": "x-sjis"}).encoding == "shift_jis"


@pytest.mark.parametrize(
    "name",
    [
        *sorted(NO_TEXT),
        "rot13",
        "base64",
        "hex",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "charmap",
    ],
)
def test_what_is_no_encoding_of_text_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        Options.from_document({"encoding": name})
    assert [(each.pointer, each.code) for each in caught.value.problems] == [("#/encoding", "choice")]
    assert caught.value.problems[0].message.startswith(f"{name} is not a text encoding")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        *((RUSSIAN, each) for each in ("cp1251", "koi8-r", "mac-cyrillic", "iso8859-5", "cp866", "utf-7", "utf-32-be")),
        *((JAPANESE, each) for each in ("shift_jis", "cp932", "euc_jp", "iso2022_jp", "utf-16-be", "utf-32-le")),
        *((CHINESE, each) for each in ("gb18030", "gbk", "utf-16-le", "utf-16-be")),
        *((GERMAN, each) for each in ("cp1252", "cp850", "mac-roman", "cp037", "cp500", "iso8859-15")),
    ],
)  # fmt: skip
def test_an_encoding_that_was_given_is_read(content: str, encoding: str) -> None:
    found = accepted(content.encode(encoding), encoding=encoding)
    assert found.options.encoding == encoding
    assert found.columns[0].name == content.split(",", maxsplit=1)[0]
    assert set(found.columns[0].levels) == {line.split(",")[0] for line in content.splitlines()[1:]}
    assert not found.warnings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("content", [RUSSIAN, JAPANESE, CHINESE, GERMAN, table("a", "b")])
def test_wide_text_is_found_with_and_without_a_mark(content: str, encoding: str) -> None:
    raw = content.encode(encoding)
    found = accepted(raw)
    assert found.options.encoding == (f"{encoding}-le" if encoding[-2:].isdecimal() else encoding)
    assert found.columns[0].levels == accepted(content).columns[0].levels
    family = encoding[:6]
    assert accepted(raw, encoding=family).columns[0].levels == found.columns[0].levels
    assert not found.warnings


@pytest.mark.parametrize(
    ("content", "encoding", "wrong"),
    [
        (RUSSIAN, "cp1251", "Ìîñêâà"),
        (RUSSIAN, "koi8-r", "íÏÓË×Á"),
        (GERMAN, "mac-roman", "Gr"),
        (CHINESE, "gb18030", "±±¾©"),
        (FRENCH, "cp1252", "“CAFÉ”"),
    ],
)
def test_a_guess_is_said_to_be_one_with_a_line_as_it_was_read(
    content: str, encoding: str, wrong: str
) -> None:
    found = accepted(content.encode(encoding))
    assert (found.options.encoding, codes(found)[0]) == ("cp1252", "encoding_guessed")
    message = messages(found)[0]
    assert f'line 1 reads "name {wrong}' in message
    assert found.warnings[0].pointer == "#/options/encoding"
    if encoding != "cp1252":
        assert f'as {encoding} "{content.splitlines()[0]}"' in message


@pytest.mark.parametrize(
    "encoding", ["shift_jis", "cp932", "euc_jp", "gb18030", "big5", "cp1251", "koi8-r", "euc_kr"]
)
def test_advice_about_encodings_can_be_followed(encoding: str) -> None:
    letters = {"cp1251": "абвгдежзийклмн", "koi8-r": "абвгдежзийклмн", "euc_kr": "서울부산대구인천광주"}
    text = letters.get(encoding, "東京大阪名古屋市高山")
    names = [text[start : start + 4] for start in range(4)]
    raw = table(*names).encode(encoding)
    found = outcome(raw)
    text = messages(found)[0] if isinstance(found, Parsed) else found.advice
    offered = re.findall(r'as ([a-z0-9_-]+) "', text)
    assert offered
    for each in offered:
        assert codes(accepted(raw, encoding=each)) == [], each
    read = [set(accepted(raw, encoding=each).columns[0].levels) for each in offered]
    assert set(names) in read


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        pytest.param(
            RUSSIAN[:99].encode() + RUSSIAN[99:].encode("cp1251"), 8, "in UTF-8", id="two encodings"
        ),
        pytest.param(GERMAN.encode() + bytes(600), 32, "600 NUL characters", id="padded"),
        pytest.param(GERMAN.encode().replace(b"3.", b"3\0", 1), 23, "1 NUL character,", id="NUL"),
        pytest.param(b"a,b\r\n1,\0\r\n2,3\r\n", 2, "1 NUL character,", id="short"),
        pytest.param(JAPANESE.encode("shift_jis"), 3, "neither UTF-8 nor Windows-1252", id="neither"),
    ],
)
def test_what_is_no_text_is_named_by_its_line(content: bytes, row: int, words: str) -> None:
    reason = rejected(content).reasons[0]
    assert words in reason.found
    assert reason.row == row


@pytest.mark.parametrize(
    ("content", "encoding", "row"),
    [
        (RUSSIAN.encode("cp1251"), "utf-8", 1),
        (table("a", "b").encode() + b"\xe9,1,1\n", "utf-8", 32),
        (table("a", "b").replace("\n", "\r\n").encode() * 40_000 + b"\x81\x8d", "cp1252", 1_240_001),
        (RUSSIAN.encode(), "utf-16", None),
        (RUSSIAN.encode("utf-16-be"), "utf-16-le", None),
        (RUSSIAN.encode("utf-16-be"), "cp1251", None),
    ],
)
def test_another_encoding_than_was_given_is_refused(content: bytes, encoding: str, row: int | None) -> None:
    found = rejected(content, encoding=encoding)
    assert found.reasons[0].row == row
    assert found.reasons[0].expected.startswith(encoding)
    assert "Omit the encoding" in found.advice


def test_a_mark_and_utf_8_speak_against_what_was_given() -> None:
    overruled = accepted(codecs.BOM_UTF8 + RUSSIAN.encode(), encoding="cp1251")
    assert (overruled.options.encoding, codes(overruled)) == ("utf-8", ["encoding_overruled"])
    assert codes(outcome_of(RUSSIAN.encode(), "cp1251")) == ["encoding_doubtful"]
    assert accepted(RUSSIAN.encode("utf-16"), encoding="utf-16").warnings == ()


def outcome_of(content: bytes, encoding: str) -> Parsed:
    """What is read in an encoding that may be the wrong one."""
    found = outcome(content, encoding=encoding)
    assert isinstance(found, Parsed)
    return found


def test_two_letters_that_look_like_a_mark_are_letters() -> None:
    found = accepted("яю,x,y\n1,2,да\n3,4,нет\n".encode("cp1251"), encoding="cp1251")
    assert found.feature_names[0] == "яю"
    assert codes(found) == ["guessed_target"] * (
        found.options.target is None
    ) or "guessed_target" not in codes(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K\x07öln", "odd_character"),
        ("K\x1b[1möln", "odd_character"),
        ("K\x7fln", "odd_character"),
        ("K\x85ln", "odd_character"),
        ("K\ufffdln", "odd_character"),
        ("KÃ¶ln", "encoded_twice"),
        ("itâ€™s", "encoded_twice"),
        ("Москва".encode().decode("cp1252", "replace").replace("\ufffd", "œ"), "encoded_twice"),
    ],
)
def test_odd_characters_are_kept_and_told_by_their_line(text: str, code: str) -> None:
    content = table("Bonn", "Trier").replace("Trier", text, 3).replace("\n", "\r\n")
    found = accepted(content.encode())
    assert codes(found) == [code]
    assert "Line 3 " in messages(found)[0]
    assert text in found.columns[0].levels


def test_the_end_of_a_file_of_dos_is_no_row() -> None:
    assert accepted(GERMAN.encode() + b"\x1a").warnings == ()


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "utf-16-le", "utf-32", "cp037"])
def test_json_in_other_encodings(encoding: str) -> None:
    name = {"cp1251": "Москва", "cp037": "Größe"}.get(encoding, "東京")
    rows = json.dumps([{name: row, "y": row % 2} for row in range(20)], ensure_ascii=False)
    found = accepted(rows.encode(encoding), encoding=encoding, format="json")
    assert (found.feature_names, found.warnings) == ((name,), ())


def test_a_text_that_is_cut_after_its_mark_is_said_to_be() -> None:
    found = rejected("a,b,y\n1,2,0\n3,4,1\n".encode("utf-16")[:-1])
    assert (
        found.advice
        == "The byte order mark says utf-16-le, so the file is damaged or truncated: write it again."
    )


def test_a_second_byte_order_mark_is_no_part_of_a_name() -> None:
    assert [each.name for each in accepted("\ufeff\ufeffa,b,y\n1,2,0\n3,4,1\n").columns] == ["a", "b"]
