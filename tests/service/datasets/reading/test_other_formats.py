"""Files of formats that are not read: each is named, and the advice leads to a file that is."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.service.datasets.reading.reading import accepted, rejected

ROWS = "width,height,kind\n" + "".join(f"{row % 7}.5,{row % 11},{'ab'[row % 2]}\n" for row in range(20))
DOCUMENT = "application/vnd.oasis.opendocument."


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("t.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(6.0))
    return file.getvalue()


def sqlite(folder: Path) -> bytes:
    with sqlite3.connect(folder / "t.sqlite") as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
    connection.close()
    return (folder / "t.sqlite").read_bytes()


LIBSVM = "".join(f"{'+-'[row % 2]}1 1:0.{row} 3:-{row}e-2\n" for row in range(20))
QID = "# ranked\n" + "".join(f"{row % 3} qid:{row} 1:0.5 2:1 # x{row}\n" for row in range(20))
SHEET = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
ARFF = "% by Weka\n\n@relation 'my t'\n@attribute a numeric\n@ATTRIBUTE 'b c' real\n@data\n1,2\n3,4\n"
DUMP = "-- MySQL dump 10.13\n\nCREATE TABLE `t` (a int);\nINSERT INTO `t` VALUES (1),(2);\n"
PAGE = "\n<!-- saved -->\n<!DOCTYPE html>\n<html><head><title>404 Not\nFound</title></head></html>\n"


CASES = [
    (zipped(**{"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<w/>"}), "Excel workbook", "CSV"),
    (zipped(**{"mimetype": DOCUMENT + "spreadsheet", "content.xml": "<w/>"}), "OpenDocument", "CSV"),
    (zipped(**{"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}), "Word document", "CSV"),
    (zipped(**{"iris.csv": ROWS}), 'member called "iris.csv"', "not in a ZIP archive"),
    (zipped(**{"model/data.pkl": "x", "model/data/0": "x"}), "PyTorch", "numpy.savez"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "Workbook".encode("utf-16-le"), "old Excel", "CSV"),
    (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "with a password", "CSV"),
    (bz2.compress(ROWS.encode()), "bzip2", "Unpack"),
    (lzma.compress(ROWS.encode()), "compressed with xz", "Unpack"),
    (b"\x28\xb5\x2f\xfd\x04\x00", "Zstandard", "Unpack"),
    (tarred(ROWS.encode()), "tar archive", "Unpack"),
    (gzip.compress(tarred(ROWS.encode())), "tar archive", "Unpack"),
    (gzip.compress(gzip.compress(ROWS.encode())), "gzip", "Unpack"),
    (npy(), "NumPy array (.npy)", "numpy.savez"),
    (pickle.dumps({"a": [1, 2]}), "Python pickle", "CSV"),
    (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5", "numpy.savez"),
    (b"MATLAB 5.0 MAT-file, Platform" + bytes(99), "MATLAB", "loadmat"),
    (gzip.compress(b"RDX3\nX\n" + bytes(20)), "R data file", "write.csv"),
    (b"$FL2@(#) SPSS DATA FILE", "SPSS", "read_spss"),
    (b"<stata_dta><header>", "Stata", "read_stata"),
    (b"r\x01\x01\0\x05\0" + bytes(99), "Stata", "read_stata"),
    (b"\x89PNG\r\n\x1a\n" + bytes(99), "PNG picture", "numpy.savez"),
    (b"\0\0\x08\x03\0\0\xea\x60", "IDX", "numpy.savez"),
    (b"%PDF-1.7 ...", "PDF", "CSV"),
    (rb"{\rtf1\ansi a,b\par 1,2}", "Rich Text", "plain text"),
    (PAGE, 'web page (HTML) with the title "404 Not', "Download the file itself"),
    ("<html>\n<body>a,b\n1,2\n</body></html>", "web page", "Download"),
    (PAGE.encode("utf-16"), "web page", "Download"),
    ("<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "AccessDenied", "Download"),
    ("<rows><row a='1' b='2'/></rows>", "XML", "CSV"),
    (SHEET, "Excel workbook in XML", "CSV"),
    ('{"message": "Not Found", "status": "404"}', "message in JSON (Not Found)", "Download"),
    ('{"error": {"code": 404, "message": "gone"}}', "message in JSON (gone)", "Download"),
    (json.dumps({"cells": [], "nbformat": 4}), "Jupyter notebook", "Upload the table"),
    (POINTER, "Git LFS pointer", "git lfs pull"),
    ("/annex/objects/SHA256E-s1--ab.csv\n", "git-annex pointer", "git annex get"),
    ("outs:\n- md5: a304\n  path: t.csv\n", "DVC pointer", "dvc pull"),
    ("https://example.org/iris.csv\n", "address", "Download"),
    (LIBSVM, "LibSVM", "load_svmlight_file"),
    (QID, "LibSVM", "load_svmlight_file"),
    ("| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n", "Markdown table", "second line"),
    (DUMP, "SQL script", "CSV"),
    (ARFF, "ARFF", "(a,b c)"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "way_out"), CASES, ids=[name for _, name, _ in CASES])
def test_another_format_is_named(
    monkeypatch: pytest.MonkeyPatch, content: str | bytes, name: str, way_out: str
) -> None:
    # Where it is installed, workbooks are read.
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    found = rejected(content)
    assert name in found.reasons[0].found
    assert way_out in found.advice
    assert "delimiter" not in found.advice


def test_a_database_is_named(tmp_path: Path) -> None:
    assert "SQLite database" in rejected(sqlite(tmp_path)).reasons[0].found


@pytest.mark.parametrize(
    "first",
    ["PK", "BM", "ORC", "ID;Price", "MATLAB score", "GIF8", "RDX", "BZh", "a<b", "II*"],
)
def test_a_column_may_be_called_like_the_beginning_of_another_format(first: str) -> None:
    rows = "".join(f"{row % 7}.5;{row % 11};{'ab'[row % 2]}\n" for row in range(20))
    names = first if ";" in first else f"{first};height"
    assert accepted(f"{names};kind\n{rows}").target_names == ("kind",)


def test_places_and_values_beside_other_columns_are_a_table() -> None:
    rows = "".join(f"{row % 7}:{row % 3} {row % 11}\n" for row in range(60))
    assert accepted("ratio size\n" + rows, target="size").options.delimiter == " "
