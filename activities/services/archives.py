"""Looks into ZIP archives, office documents among them, before they are kept: no bombs, no traps for who unpacks them.

What an archive says about its own sizes is not believed; everything is unpacked into nothing, up to a limit.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from dataclasses import dataclass

from workflows.domain.errors import InvalidInput

MOST_BYTES = 200 * 1024 * 1024
"""Unpacked, all levels together."""
MOST_RATIO = 150
"""Unpacked size by packed size; office documents of text reach 50."""
FREE_BYTES = 1024 * 1024
"""A little file may be packed as well as it can be."""
MOST_ENTRIES = 5_000
DEEPEST = 2
"""A document in an archive, or a sheet in a document; not more."""
_CHUNK = 64 * 1024
_OTHER_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_MACROS = "vbaproject.bin"


@dataclass
class _Budget:
    bytes: int
    entries: int = MOST_ENTRIES


def demand_harmless(content: bytes, name: str) -> None:
    """Returns when the archive may be kept. Takes up to seconds of one core: call it in a thread.

    Raises:
        InvalidInput: ARCHIVE_TOO_LARGE (a bomb), ARCHIVE_NOT_ALLOWED (encrypted, damaged, nested too deep, other
            archives within, paths that lead out of it, macros).
    """
    budget = _Budget(min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * len(content))))
    try:
        _look_into(content, name, budget, 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
    ) as problem:
        raise _refused(name, "is damaged or packed in a way that cannot be looked into") from problem


def _look_into(content: bytes, name: str, budget: _Budget, depth: int) -> None:
    if depth > DEEPEST:
        raise _refused(name, f"has archives within archives, more than {DEEPEST} deep")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            budget.entries -= 1
            if budget.entries < 0:
                raise _too_large(name)
            _demand_plain(entry, name)
            _unpacked(archive, entry, name, budget, depth)


def _demand_plain(entry: zipfile.ZipInfo, name: str) -> None:
    path = entry.filename.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or ":" in path.split("/")[0]:
        raise _refused(name, "has an entry whose path leads out of the archive")
    if entry.flag_bits & 0x1:
        raise _refused(name, "has encrypted entries, which cannot be looked into")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refused(name, "has links within")
    if path.lower().endswith(_MACROS):
        raise _refused(name, "has macros")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: _Budget, depth: int) -> None:
    """Counts what the entry really unpacks to; keeps it only when it is an archive itself."""
    kept: list[bytes] = []
    nested = first = False
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            if not first:
                first = True
                nested = chunk.startswith(b"PK\x03\x04")
                if chunk.startswith(_OTHER_ARCHIVES):
                    raise _refused(name, "has another kind of archive within")
            budget.bytes -= len(chunk)
            if budget.bytes < 0:
                raise _too_large(name)
            if nested:
                kept.append(chunk)
    if nested:
        _look_into(b"".join(kept), name, budget, depth + 1)


def _refused(name: str, constraint: str) -> InvalidInput:
    violation = {"field": "file", "value": name, "constraint": constraint}
    return InvalidInput(f"{name} {constraint}", code="ARCHIVE_NOT_ALLOWED", violations=[violation])


def _too_large(name: str) -> InvalidInput:
    constraint = "unpacks to far more than its size"
    violation = {"field": "file", "value": name, "constraint": constraint}
    return InvalidInput(f"{name} {constraint}", code="ARCHIVE_TOO_LARGE", violations=[violation])
