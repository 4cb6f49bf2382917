"""What an uploaded file is, found in its bytes. What the sender calls it must agree; what is not listed is refused.

Only kinds that no browser runs as a page or a script are listed.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from workflows.domain.errors import InvalidInput

LONGEST_NAME = 200
_GENERIC = {"", "application/octet-stream", "binary/octet-stream"}
"""Declared by senders that do not know; says nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    media_type: str
    extensions: tuple[str, ...]
    matches: Callable[[bytes], bool]
    also: tuple[str, ...] = ()
    """Other media types that senders declare for it."""
    zipped: bool = False


def recognised(content: bytes, name: str, declared: str | None) -> Kind:
    """The kind of `content`, when name and declared media type agree with it.

    Raises:
        InvalidInput: FILE_EMPTY, FILE_TYPE_NOT_ALLOWED, FILE_TYPE_MISMATCH.
    """
    if not content:
        raise _refused("FILE_EMPTY", name, "must not be empty")
    fitting = [kind for kind in KINDS if kind.matches(content)]
    if not fitting:
        raise _refused("FILE_TYPE_NOT_ALLOWED", name, f"must be one of {', '.join(EXTENSIONS)}")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    named = [kind for kind in fitting if extension in kind.extensions]
    if not named:
        constraint = f"is {fitting[0].media_type} by its content, which is not what its name says"
        raise _refused("FILE_TYPE_MISMATCH", name, constraint)
    said = (declared or "").partition(";")[0].strip().lower()
    if said not in _GENERIC and not any(said == kind.media_type or said in kind.also for kind in named):
        constraint = f"is {named[0].media_type} by its content, not {said[:100]}"
        raise _refused("FILE_TYPE_MISMATCH", name, constraint)
    return named[0]


def plain_name(name: str | None) -> str:
    """A file name that is no path and that every system can show.

    Raises:
        InvalidInput: FILE_NAME_NOT_ALLOWED.
    """
    given = (name or "").strip()
    if not given or len(given) > LONGEST_NAME:
        raise _refused("FILE_NAME_NOT_ALLOWED", given[:LONGEST_NAME], f"must have 1 to {LONGEST_NAME} characters")
    if re.search(r'[/\\:*?"<>|]', given) or given.startswith(".") or not given.isprintable():
        raise _refused("FILE_NAME_NOT_ALLOWED", given, "must be a plain file name, not a path")
    return given


def _refused(code: str, name: str, constraint: str) -> InvalidInput:
    violation = {"field": "file", "value": name, "constraint": constraint}
    return InvalidInput(f"{name or 'The file'} {constraint}", code=code, violations=[violation])


# --- how kinds are told -------------------------------------------------------------------------------------


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[:4] == b"RIFF" and content[8:12] == form


def _iso_media(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[4:8] == b"ftyp" and content[8:12] in brands


def _office(folder: str) -> Callable[[bytes], bool]:
    """Office Open XML: a ZIP with a table of contents and the folder of its application."""

    def matches(content: bytes) -> bool:
        names = _entries(content)
        return "[Content_Types].xml" in names and any(name.startswith(folder) for name in names)

    return matches


def _open_document(media_type: bytes) -> Callable[[bytes], bool]:
    """The first entry of the ZIP is its media type, not compressed."""
    return lambda content: content[:4] == b"PK\x03\x04" and content[30:].startswith(b"mimetype" + media_type)


def _plain_zip(content: bytes) -> bool:
    names = _entries(content)
    return bool(names) and "[Content_Types].xml" not in names and "mimetype" not in names


def _entries(content: bytes) -> frozenset[str]:
    if content[:4] != b"PK\x03\x04":
        return frozenset()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, RuntimeError, ValueError):
        return frozenset()


_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKUP = re.compile(rb"<\s*(!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|meta|style)\b", re.IGNORECASE)


def _text(content: bytes) -> bool:
    """Text in UTF-8 or an 8-bit code, with nothing that a browser would take for a page."""
    return not _CONTROLS.search(content) and not _MARKUP.search(content)


def _json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def _step(content: bytes) -> bool:
    return content.lstrip().startswith(b"ISO-10303-21;") and _text(content)


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_ODT = "application/vnd.oasis.opendocument.text"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_ZIPS = ("application/zip", "application/x-zip-compressed")

KINDS: tuple[Kind, ...] = (
    Kind("application/pdf", ("pdf",), _begins(b"%PDF-")),
    Kind("image/png", ("png",), _begins(b"\x89PNG\r\n\x1a\n")),
    Kind("image/jpeg", ("jpg", "jpeg"), _begins(b"\xff\xd8\xff"), ("image/jpg", "image/pjpeg")),
    Kind("image/gif", ("gif",), _begins(b"GIF87a", b"GIF89a")),
    Kind("image/webp", ("webp",), _riff(b"WEBP")),
    Kind("image/tiff", ("tif", "tiff"), _begins(b"II*\x00", b"MM\x00*")),
    Kind("image/bmp", ("bmp",), _begins(b"BM"), ("image/x-ms-bmp",)),
    Kind("image/heic", ("heic", "heif"), _iso_media(b"heic", b"heix", b"mif1", b"msf1"), ("image/heif",)),
    Kind("video/mp4", ("mp4",), _iso_media(b"isom", b"iso2", b"mp41", b"mp42", b"avc1")),
    Kind("video/quicktime", ("mov",), _iso_media(b"qt  ")),
    Kind(_DOCX, ("docx",), _office("word/"), _ZIPS, zipped=True),
    Kind(_XLSX, ("xlsx",), _office("xl/"), _ZIPS, zipped=True),
    Kind(_PPTX, ("pptx",), _office("ppt/"), _ZIPS, zipped=True),
    Kind(_ODT, ("odt",), _open_document(_ODT.encode()), _ZIPS, zipped=True),
    Kind(_ODS, ("ods",), _open_document(_ODS.encode()), _ZIPS, zipped=True),
    Kind("application/zip", ("zip",), _plain_zip, ("application/x-zip-compressed",), zipped=True),
    Kind("model/step", ("stp", "step"), _step, ("application/step", "text/plain")),
    Kind("application/json", ("json",), _json, ("text/plain", "text/json")),
    Kind("text/csv", ("csv",), _text, ("text/plain", "application/csv", "application/vnd.ms-excel")),
    Kind("text/plain", ("txt", "log", "dxf", "nc"), _text, ("text/markdown", "image/vnd.dxf", "application/dxf")),
)
EXTENSIONS: tuple[str, ...] = tuple(dict.fromkeys(extension for kind in KINDS for extension in kind.extensions))
