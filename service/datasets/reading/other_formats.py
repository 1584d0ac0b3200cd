"""Recognize files of other formats by their first and last bytes, with advice on how to convert them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.datasets.reading.results import refuse, shown

__all__ = ["READABLE", "check_format", "recognize"]

READABLE = "CSV, JSON, NPZ or Parquet"
_HEAD = 1 << 16
_TAIL = 1 << 17
_FEWEST_LINES = 2
_LINES = 50
_ATTRIBUTES_SHOWN = 6

_SAVE = "Open it in a spreadsheet program, save the sheet as CSV, and upload that."
_EXCEL = "Save the sheet as CSV (in Excel: File, Save As, CSV UTF-8), and upload that."
_INSTALL = " Alternatively, install python-calamine on the server: pip install 'trainyard[excel]'."
_UNPACK = "Unpack it, and upload the table in it."
_EXPORT = "Export the table as CSV, and upload that."
_PANDAS = "Read it with pandas.{}, write it with to_csv(..., index=False), and upload that."
_SAVEZ = "Save the arrays with numpy.savez(file, x=x, y=y), and upload that."
_PICTURES = "Save images of one size as arrays with numpy.savez(file, x=x, y=y), and upload that."
_R = "In R, write the table with write.csv(table, file, row.names = FALSE), and upload that."
_DOWNLOAD = "Download the file itself, not the page about it, check it in an editor, and upload that."


@dataclass(frozen=True, slots=True)
class OtherFormat:
    """A format that is not read: what it is, and what to do."""

    name: str
    advice: str
    is_workbook: bool = False


_PACKED = OtherFormat("a compressed file", _UNPACK)
_BY_START: tuple[tuple[bytes, OtherFormat], ...] = (
    (b"\x1f\x8b", OtherFormat("a gzip file within a gzip file", _UNPACK)),
    (b"BZh91AY&SY", OtherFormat("a file compressed with bzip2", _UNPACK)),
    (b"\xfd7zXZ\x00", OtherFormat("a file compressed with xz", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", OtherFormat("a file compressed with Zstandard", _UNPACK)),
    (b"\x04\x22\x4d\x18", OtherFormat("a file compressed with LZ4", _UNPACK)),
    (b"\x1f\x9d", _PACKED),
    (b"\x1f\xa0", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", OtherFormat("a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", OtherFormat("a RAR archive", _UNPACK)),
    (
        b"%PDF",
        OtherFormat("a PDF file", "Copy its table into a spreadsheet, save that as CSV, and upload it."),
    ),
    (b"%!PS", OtherFormat("a PostScript file", "Upload the table it was made from as CSV.")),
    (
        b"{\\rtf",
        OtherFormat("a document in Rich Text Format (RTF)", "Save it as plain text, and upload that."),
    ),
    (
        b"SQLite format 3\0",
        OtherFormat("an SQLite database", "Export one table or query as CSV, and upload that."),
    ),
    (b"\x89HDF\r\n\x1a\n", OtherFormat("an HDF5 file", _SAVEZ)),
    (b"CDF\x01", OtherFormat("a NetCDF file", _SAVEZ)),
    (b"CDF\x02", OtherFormat("a NetCDF file", _SAVEZ)),
    (b"MATLAB 5.0 MAT-file", OtherFormat("a MATLAB file", f"Read it with scipy.io.loadmat. {_SAVEZ}")),
    (b"MATLAB 7.3 MAT-file", OtherFormat("a MATLAB file", f"Read it with h5py. {_SAVEZ}")),
    (b"\x93NUMPY", OtherFormat("a single NumPy array (.npy)", _SAVEZ)),
    (b"RDX2\n", OtherFormat("an R data file", _R)),
    (b"RDX3\n", OtherFormat("an R data file", _R)),
    (b"X\n\0\0\0", OtherFormat("an R data file (.rds)", _R)),
    (b"ARROW1\0\0", OtherFormat("an Arrow (Feather) file", _PANDAS.format("read_feather"))),
    (b"FEA1", OtherFormat("a Feather file", _PANDAS.format("read_feather"))),
    (b"Obj\x01", OtherFormat("an Avro file", _EXPORT)),
    (b"$FL2", OtherFormat("an SPSS file", _PANDAS.format("read_spss"))),
    (b"$FL3", OtherFormat("an SPSS file", _PANDAS.format("read_spss"))),
    (b"<stata_dta>", OtherFormat("a Stata file", _PANDAS.format("read_stata"))),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", OtherFormat("a SAS file", _PANDAS.format("read_sas"))),
    (b"HEADER RECORD*******LIB", OtherFormat("a SAS transport file", _PANDAS.format("read_sas"))),
    (b"\0\0\x08\x01", OtherFormat("an IDX file, as MNIST is published in", _SAVEZ)),
    (b"\0\0\x08\x03", OtherFormat("an IDX file, as MNIST is published in", _SAVEZ)),
    (b"\x89PNG", OtherFormat("a PNG picture", _PICTURES)),
    (b"\xff\xd8\xff", OtherFormat("a JPEG picture", _PICTURES)),
    (b"GIF89a", OtherFormat("a GIF picture", _PICTURES)),
    (b"GIF87a", OtherFormat("a GIF picture", _PICTURES)),
    (b"II*\0", OtherFormat("a TIFF picture", _PICTURES)),
    (b"MM\0*", OtherFormat("a TIFF picture", _PICTURES)),
    (b"ID;PWXL", OtherFormat("a spreadsheet in SYLK format", _SAVE)),
    (b"[InternetShortcut]", OtherFormat("a link to a web page", _DOWNLOAD)),
    (b"bplist", OtherFormat("an Apple property list", _EXPORT)),
)
# Names stand uncompressed in a ZIP archive's list of contents.
_BY_MEMBER: tuple[tuple[bytes, OtherFormat], ...] = (
    (b"xl/workbook", OtherFormat("an Excel workbook", _EXCEL, is_workbook=True)),
    (b"opendocument.spreadsheet", OtherFormat("an OpenDocument spreadsheet (ODS)", _SAVE, is_workbook=True)),
    (b"opendocument.", OtherFormat("an OpenDocument file", "Save its table as CSV, and upload that.")),
    (b"word/document.xml", OtherFormat("a Word document", "Save its table as CSV, and upload that.")),
    (b"ppt/presentation.xml", OtherFormat("a PowerPoint file", "Save its table as CSV, and upload that.")),
    (b"Index/Document.iwa", OtherFormat("an Apple Numbers or Pages document", _SAVE)),
    (b"data.pkl", OtherFormat("a PyTorch file", _SAVEZ)),
    (b"model.weights.h5", OtherFormat("a Keras model", "Upload the training data, not a model.")),
)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# A beginning that could be a word of a table is recognized by the binary data after it.
_BY_PATTERN: tuple[tuple[re.Pattern[bytes], OtherFormat], ...] = tuple(
    (re.compile(pattern, re.DOTALL), found)
    for pattern, found in (
        (rb".{257}ustar", OtherFormat("a tar archive", _UNPACK)),
        (rb"RIFF.{4}(?:WEBP|WAVE|AVI )", OtherFormat("an image, audio or video file", _PICTURES)),
        (rb"BM.{0,14}\0", OtherFormat("a BMP picture", _PICTURES)),
        (rb"ORC.*\0", OtherFormat("an ORC file", _PANDAS.format("read_orc"))),
        (rb".{512}\x89HDF\r\n\x1a\n", OtherFormat("an HDF5 file", _SAVEZ)),
        (
            rb"\x80[\x02-\x05].*\0",
            OtherFormat("a Python pickle", f"A pickle can run code and is never read. {_EXPORT}"),
        ),
        (rb"[ilnopqrs][\x01\x02]\x01\0", OtherFormat("a Stata file", _PANDAS.format("read_stata"))),
    )
)
_TAG = re.compile(r"<[A-Za-z!?/]")
_HTML = re.compile(r"<(?:!doctype html|html|head|body|script|meta)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>\s*([^<]*?)\s*</title", re.IGNORECASE)
_CODE = re.compile(r"<(?:Code|message|error)>([^<]{1,80})<", re.IGNORECASE)
_ARFF = re.compile(r"\s*@relation\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"^\s*@attribute\s+('[^'\n]*'|\"[^\"\n]*\"|\S+)", re.IGNORECASE | re.MULTILINE)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LIBSVM = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*(?: +qid:\d+)?(?: +\d+:{_NUMBER})+ *(?:#.*)?")
_RULE = re.compile(r"\|?(?: *(?::-+:?|-+:|-{2,}) *\|)+(?: *(?::-+:?|-+:|-{2,}) *)?")
_ANNEX = re.compile(r"(?:\S*/)?annex/objects/\S+")
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs)://\S+")
_MESSAGE_KEYS = ("error", "errors", "message", "detail", "title", "error_description")
_SQL = re.compile(
    r"(?:--|/\*!|CREATE TABLE\b|INSERT INTO\b|DROP TABLE\b|SET [A-Z_]+ *=|BEGIN TRANSACTION|PRAGMA )",
    re.IGNORECASE,
)
_SQL_STATEMENT = re.compile(r"^\s*(?:CREATE TABLE|INSERT INTO)\b", re.IGNORECASE | re.MULTILINE)


def check_format(path: Path, *, reads_workbooks: bool) -> bool:
    """Whether this is a workbook that can be read; raises Refused for another known format that is not read."""
    found = recognize(path)
    if found is None or (found.is_workbook and reads_workbooks):
        return found is not None
    server = _INSTALL if found.is_workbook else ""
    raise refuse(found.name, READABLE, f"This is {found.name}. {found.advice}{server}")


def recognize(path: Path) -> OtherFormat | None:
    """The known format that is not read here, None for what may be one that is; an Excel workbook is named, too."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if head.startswith(_ZIP):
        return _zipped(head + tail)
    if head.startswith(_OLE):
        return _compound(head + tail)
    return _by_bytes(head) or _by_text(head)


def _zipped(content: bytes) -> OtherFormat | None:
    """Recognize the content of a ZIP archive; None for arrays."""
    return next((found for member, found in _BY_MEMBER if member in content), None)


def _compound(content: bytes) -> OtherFormat:
    """Recognize the content of a Microsoft compound file: the names in it are UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return OtherFormat("an Office file with a password", f"Open it with its password. {_EXCEL}")
    if "WordDocument".encode("utf-16-le") in content:
        return OtherFormat("a Word document", "Save its table as CSV, and upload that.")
    return OtherFormat("an old Excel workbook (.xls)", _EXCEL, is_workbook=True)


def _by_bytes(head: bytes) -> OtherFormat | None:
    for start, found in _BY_START:
        if head.startswith(start):
            return found
    return next((found for pattern, found in _BY_PATTERN if pattern.match(head)), None)


def _by_text(head: bytes) -> OtherFormat | None:
    """Recognize a text by its first lines."""
    for mark in _MARKS:
        head = head.removeprefix(mark)
    # Of UTF-16 every second byte is NUL as long as the text is a format's own words.
    text = head.replace(b"\0", b"").decode("latin-1").lstrip()
    if _TAG.match(text):
        return _markup(text)
    if text.startswith("{"):
        return _json_document(text)
    lines = [line for line in map(str.strip, text.splitlines()[:_LINES]) if line]
    if _ARFF.match(next((line for line in lines if not line.startswith("%")), "")):
        return _arff(text)
    return _pointer(lines) or _lined(lines) or _database_script(lines, text)


def _pointer(lines: list[str]) -> OtherFormat | None:
    """A few words in the place of a file that lies elsewhere."""
    first = lines[0] if lines else ""
    if first.startswith("version https://git-lfs"):
        advice = "Fetch the file it points to (git lfs pull), and upload that."
        return OtherFormat("a Git LFS pointer, not the file itself", advice)
    if first == "outs:" and any(line.startswith("- md5:") for line in lines):
        return OtherFormat(
            "a DVC pointer, not the file itself", "Fetch the file (dvc pull), and upload that."
        )
    if len(lines) == 1 and _ANNEX.fullmatch(first):
        advice = "Fetch the file (git annex get), and upload that."
        return OtherFormat("a git-annex pointer, not the file itself", advice)
    if len(lines) == 1 and _ADDRESS.fullmatch(first):
        return OtherFormat("an address of a file, not the file itself", "Download the file, and upload that.")
    return None


def _lined(lines: list[str]) -> OtherFormat | None:
    """A format of lines that all have one form."""
    data = [line for line in lines if not line.startswith("#")]
    if len(data) >= _FEWEST_LINES and all(map(_LIBSVM.fullmatch, data[:-1])):
        advice = (
            "In Python: x, y = sklearn.datasets.load_svmlight_file(file), then "
            "numpy.savez(new, x=x.toarray(), y=y), and upload that."
        )
        return OtherFormat("a file in LibSVM format (index:value pairs)", advice)
    if len(lines) > _FEWEST_LINES and "|" in lines[0] and _RULE.fullmatch(lines[1]):
        return OtherFormat("a Markdown table", "Remove its second line, or write it as CSV.")
    return None


def _database_script(lines: list[str], text: str) -> OtherFormat | None:
    if lines and _SQL.match(lines[0]) and _SQL_STATEMENT.search(text):
        return OtherFormat(
            "an SQL script", "Load it into a database, export a table as CSV, and upload that."
        )
    return None


def _json_document(text: str) -> OtherFormat | None:
    """A single JSON object that is known to be no table; one that goes on beyond ``text`` is left to its reader."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if "nbformat" in document:
        return OtherFormat("a Jupyter notebook", "Upload the table it reads, not the notebook.")
    if document.get("type") in ("FeatureCollection", "Topology"):
        return OtherFormat("a map (GeoJSON)", "Write the properties of its features as CSV, and upload that.")
    said = [document[key] for key in _MESSAGE_KEYS if key in document]
    if said and not any(isinstance(value, list) and len(value) > 1 for value in document.values()):
        return OtherFormat(f"a message in JSON ({shown(_sentence(said[0]))[1:-1]})", _DOWNLOAD)
    return None


def _sentence(value: Any) -> str:
    """The words of an error in JSON, which may lie one deeper."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = next((value[key] for key in _MESSAGE_KEYS if key in value), "")
    return str(value)


def _markup(text: str) -> OtherFormat:
    """A page or another document of tags."""
    if _HTML.search(text[:2048]):
        title = _TITLE.search(text)
        name = f" with the title {shown(title[1])}" if title and title[1] else ""
        return OtherFormat(f"a web page (HTML){name}", _DOWNLOAD)
    if "urn:schemas-microsoft-com:office:spreadsheet" in text:
        return OtherFormat("an Excel workbook in XML", _EXCEL)
    if (code := _CODE.search(text[:2048])) and re.search(r"<error\b", text[:512], re.IGNORECASE):
        return OtherFormat(f"an error message in XML ({shown(code[1])[1:-1]})", _DOWNLOAD)
    return OtherFormat("an XML file", "Write its table as CSV, and upload that.")


def _arff(text: str) -> OtherFormat:
    """An ARFF file; its table needs nothing but the names."""
    names = [name.strip("'\"") for name in _ATTRIBUTE.findall(text)]
    row = ",".join(names[:_ATTRIBUTES_SHOWN]) + (",…" if len(names) > _ATTRIBUTES_SHOWN else "")
    instead = f" ({shown(row)[1:-1]})" if names else ""
    advice = f"Replace all lines down to @DATA with one line of the attributes' names{instead}, and upload that as CSV."
    return OtherFormat("an ARFF file of Weka", advice)
