"""In which encoding a file is written: by its mark, by its bytes, or guessed. A guess is called one."""

from __future__ import annotations

import codecs
from typing import BinaryIO, NamedTuple

import chardet
from django.core.files import File

# Python's name -> what people call it.
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16, without a mark (little-endian)",
    "utf-16-be": "UTF-16, without a mark (big-endian)",
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "iso8859-15": "ISO 8859-15 (Western Europe)",
    "iso8859-2": "ISO 8859-2 (Central Europe)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "mac-roman": "Mac Roman (old Macs)",
    "cp850": "DOS 850 (Western Europe)",
    "cp852": "DOS 852 (Central Europe)",
    "cp866": "DOS 866 (Cyrillic)",
    "cp932": "Shift JIS (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "EUC-KR (Korean)",
}
# Which a file of bytes alone may be in. Asked for all encodings there are, chardet takes short texts for rare ones.
GUESSED = [name for name in ENCODINGS if not name.startswith("utf")]
_OURS = {codecs.lookup(name).name: name for name in ENCODINGS}
_SUPERSETS = {"iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932"}

LATIN = ("cp1250", "cp1254", "cp1257", "iso8859-2", "iso8859-15")
AS_LIKELY = 0.7

SAMPLE_BYTES = 64 * 1024
LOOKED_AT = 200_000  # bytes of lines that hold more than ASCII: as many as chardet looks at
LONGEST_LINE = 1_000_000  # bytes

# Bytes that are no text in the chosen encoding become this lone surrogate, which no well-formed text can hold: so
# reading goes on, and the row that holds them is known.
UNREADABLE = "\udcff"
codecs.register_error("mark-unreadable", lambda error: (UNREADABLE, error.end))  # type: ignore[attr-defined]


class Encoding(NamedTuple):
    name: str  # of ENCODINGS
    guessed: bool = False


def find_encoding(file: BinaryIO | File) -> Encoding:
    """By the mark at the start; by the zeros of UTF-16; as UTF-8 where more of the file speaks for it than against it; and
    else guessed by the lines that hold more than ASCII, of which there may be few."""
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16")
    if start.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig")
    if unmarked := _utf_16_without_mark(start):
        return Encoding(unmarked)
    if _is_utf_8(file):
        return Encoding("utf-8-sig")
    return Encoding(_guess(_telling_lines(file)), guessed=True)


def _guess(text: bytes) -> str:
    """chardet's first choice; of Latin scripts that are as likely the Western one, in which by far most files are."""
    chances: dict[str, float] = {}
    for found in chardet.detect_all(text, ignore_threshold=True, include_encodings=GUESSED):
        chances.setdefault(_name_of(found["encoding"] or ""), found["confidence"])
    best = max(chances, key=lambda name: chances[name], default="cp1252")
    if best in LATIN and (
        chances.get("cp1252", 0) >= AS_LIKELY * chances[best]
        or text.decode(best, "replace") == text.decode("cp1252", "replace")
    ):
        return "cp1252"
    return best


def _utf_16_without_mark(start: bytes) -> str:
    """Of ASCII in UTF-16 every other byte is zero, and it tells which half. "" where that is not so."""
    pairs = len(start) // 2
    even, odd = start[: pairs * 2 : 2].count(0), start[1 : pairs * 2 : 2].count(0)
    if pairs and odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    return "utf-16-be" if pairs and even > pairs * 0.4 and odd < pairs * 0.05 else ""


def _is_utf_8(file: BinaryIO | File) -> bool:
    against = beyond_ascii = 0
    file.seek(0)
    text = codecs.getincrementaldecoder("utf-8")("mark-unreadable")
    while block := file.read(1024 * 1024):
        decoded = text.decode(block)
        if not decoded.isascii():
            against += decoded.count(UNREADABLE)
            beyond_ascii += len(decoded) - len(decoded.encode("ascii", "ignore"))
    against += bool(text.decode(b"", final=True))  # cut off within a character
    return against <= beyond_ascii - against


def _telling_lines(file: BinaryIO | File) -> bytes:
    file.seek(0)
    found, size = [], 0
    while size < LOOKED_AT and (line := file.readline(LONGEST_LINE)):
        if not line.isascii():
            found.append(line[:LOOKED_AT])
            size += len(found[-1])
    return b"".join(found)


def _name_of(found: str) -> str:
    try:
        name = codecs.lookup(found).name
    except LookupError:
        return "cp1252"
    return _SUPERSETS.get(name) or _OURS.get(name, "cp1252")


def telling_line(file: BinaryIO | File, encoding: str) -> str:
    """The first line of the file that holds more than ASCII, as this encoding reads it: who looks at it sees whether the
    guess was right. "" where there is none."""
    file.seek(0)
    while line := file.readline(LONGEST_LINE):
        if not line.isascii():
            return line.decode(encoding, "replace").strip()[:200]
    return ""
