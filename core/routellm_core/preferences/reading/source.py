"""Source: the text of a file, a pipe or standard input, unpacked and decoded; read once, from start to end.

A file's first bytes identify it better than its name does: people gzip without ".gz", export UTF-16 from
spreadsheets and call Parquet ".json".
"""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, BinaryIO, cast

from routellm_core.preferences.reading.records import DataError

STANDARD_INPUT = "-"

HEAD = 1 << 16
"""Bytes from which a file's kind, encoding and layout are detected."""

LONGEST_LINE = 1 << 26
"""Most characters of a line; a longer one is not a row, and might not fit memory."""

SQLITE_SCHEME = "sqlite:///"
"""What `decision_log=` puts in front of the path of a database."""

_BUFFER = 1 << 20

_BINARY = (
    (b"PAR1", "parquet"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PK\x03\x04", "zip"),
)

_NO_TEXT = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a numpy array"),
    (b"\x80\x04\x95", "a Python pickle, which is never loaded"),
)

_PAGES = (b"<!doctype html", b"<html")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Source:
    """An opened source.

    Attributes:
        origin: its name in messages.
        suffix: of its name, in lower case, ".gz" aside; "" if it has none.
        kind: "text", "parquet", "sqlite" or "xlsx".
        path: its place, if it is a plain file that can be read in any order.
        stream: the unpacked bytes, from the start.
        head: the first of them as text; "" if the kind is not text.
        encoding: of the text.
    """

    origin: str
    suffix: str
    kind: str
    path: Path | None
    stream: BinaryIO
    head: str
    encoding: str

    def text(self) -> IO[str]:
        """Return the text, from the start; line ends are left as they are."""
        text = _BoundedLines(self.stream, encoding=self.encoding, newline="")
        text.origin = self.origin
        return text


@contextmanager
def opened(path: str | PathLike[str], encoding: str | None = None) -> Iterator[Source]:
    """Open a path, a pipe or, for "-", standard input.

    Raises:
        DataError: there is no such file, or its kind can't be read; the message says what to do.
    """
    path = str(path).removeprefix(SQLITE_SCHEME)
    origin = "standard input" if str(path) == STANDARD_INPUT else str(path)
    with _raw(path) as raw:
        try:
            yield _source(raw, origin, path, encoding)
        except UnicodeDecodeError as error:
            raise DataError(decoding_message(origin, error)) from error
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"{origin} can't be read ({error}).") from error


@contextmanager
def _raw(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    if str(path) == STANDARD_INPUT:
        # It may be replaced, such as by a test's text.
        binary = getattr(sys.stdin, "buffer", None)
        yield io.BytesIO(sys.stdin.read().encode("utf-8", "surrogatepass")) if binary is None else binary
        return
    source = Path(path)
    try:
        mode = source.stat().st_mode
    except (OSError, ValueError):
        raise DataError(f"{source} does not exist.") from None
    # A device such as /dev/zero never ends.
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise DataError(f"{source} is not a file{' but a folder' if stat.S_ISDIR(mode) else ''}.")
    with source.open("rb") as stream:
        yield stream


def _source(raw: BinaryIO, origin: str, path: str | PathLike[str], encoding: str | None) -> Source:
    head = raw.read(HEAD)
    stream = _joined(head, raw)
    plain = Path(path) if Path(path).is_file() else None
    if head.startswith(b"\x1f\x8b"):
        unpacked = gzip.GzipFile(fileobj=stream, mode="rb")
        head = unpacked.read(HEAD)
        stream, plain = _joined(head, cast(BinaryIO, unpacked)), None
    suffix = _suffix(path)
    kind = _kind(head, suffix, origin)
    if kind != "text":
        return Source(origin, suffix, kind, plain, stream, "", "")
    found = encoding or _encoding(head)
    _check_text(head, found, origin)
    # The end of the head may cut a character in two.
    decoder = codecs.getincrementaldecoder(found)()
    return Source(origin, suffix, kind, plain, stream, decoder.decode(head), found)


def _suffix(path: str | PathLike[str]) -> str:
    source = Path(path)
    return (Path(source.stem) if source.suffix.lower() == ".gz" else source).suffix.lower()


def _kind(head: bytes, suffix: str, origin: str) -> str:
    for start, kind in _BINARY:
        if head.startswith(start):
            if kind != "zip":
                return kind
            if suffix in (".xlsx", ".xlsm") or b"[Content_Types].xml" in head or b"xl/" in head:
                return "xlsx"
            raise DataError(f"{origin} is a zip archive: unpack it and give the file inside.")
    text = head[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, name in (*_NO_TEXT, *((start, "a web page") for start in _PAGES if text.startswith(start))):
        if head.startswith(start) or name == "a web page":
            raise DataError(
                f"{origin} is {name}: save it as JSON Lines, CSV, .xlsx or Parquet, plain or .gz."
            )
    return "text"


def _encoding(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Mostly Latin UTF-16 without a mark has a NUL in nearly every second place.
    sample = head[:2048]
    if len(sample) >= 4 and b"\0" in sample:
        pairs = len(sample) // 2
        if sample[1::2].count(0) > 0.4 * pairs > 4 * sample[0::2].count(0):
            return "utf-16-le"
        if sample[0::2].count(0) > 0.4 * pairs > 4 * sample[1::2].count(0):
            return "utf-16-be"
    return "utf-8"


def _check_text(head: bytes, encoding: str, origin: str) -> None:
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if not wide and b"\0" in head:
        raise DataError(f"{origin} is not text: it holds a NUL byte at {head.index(0)}.")


def decoding_message(origin: str, error: UnicodeDecodeError) -> str:
    """Return the message for a source that is not in the encoding used to read it."""
    message = f"{origin} can't be read as {error.encoding} ({error.reason})"
    if not error.encoding.lower().startswith("utf-8"):
        return f"{message}: give --encoding with the encoding it was saved in."
    around = error.object[max(0, error.start - 20) : error.start + 20]
    return (
        f"{message}: near {around.decode('cp1252', 'replace')!r} it looks like Windows-1252. "
        "Save it as UTF-8, or give --encoding windows-1252."
    )


def _joined(head: bytes, rest: BinaryIO) -> BinaryIO:
    """Return a stream of the bytes already read, followed by the rest."""
    return cast(BinaryIO, io.BufferedReader(_Joined(head, rest.read), _BUFFER))


class _BoundedLines(io.TextIOWrapper):
    origin = ""

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as io.TextIOBase has it
        line = super().readline(size if 0 <= size < LONGEST_LINE else LONGEST_LINE)
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise DataError(f"{self.origin} holds a line of more than {LONGEST_LINE} characters.")
        return line


class _Joined(io.RawIOBase):
    def __init__(self, head: bytes, read: Callable[[int], bytes]) -> None:
        self._head = head
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        data = self._head[: len(buffer)] or self._read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
