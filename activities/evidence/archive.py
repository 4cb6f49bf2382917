"""The file of an evidence pack: a ZIP archive of which there is one form only.

Members are stored as they are, without times, extra fields or comments. The same members give the same bytes on every
machine and with every release of a compression library, so a reader can make the archive anew and compare: not one
byte of it can be another. Any program that reads ZIP archives opens it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _UTF8, _STORED = 20, 0x0800, 0
_NO_TIME, _NO_DATE = 0, 0x21  # midnight, 1 January 1980: the earliest there is
_LARGEST = 2**32 - 1
_MOST = 2**16 - 1


class Archive:
    """Written front to back; holds the names of what was written, not the content."""

    def __init__(self) -> None:
        self._directory: list[bytes] = []
        self._written = 0

    def add(self, name: str, content: bytes) -> bytes:
        """The bytes of the next member. Raises ValueError when the archive becomes larger than 4 GB."""
        encoded, crc, size = name.encode(), zlib.crc32(content), len(content)
        if self._written + size > _LARGEST - 2**24 or len(self._directory) >= _MOST:
            raise ValueError("an evidence pack has at most 4 GB")
        about = (_UTF8, _STORED, _NO_TIME, _NO_DATE, crc, size, size, len(encoded), 0)
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *about) + encoded
        central = _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *about, 0, 0, 0, 0, self._written)
        self._directory.append(central + encoded)
        self._written += len(local) + size
        return local + content

    def close(self) -> bytes:
        """The directory, with which the archive ends."""
        directory, count = b"".join(self._directory), len(self._directory)
        return directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), self._written, 0)


def archive(members: Iterable[tuple[str, bytes]]) -> bytes:
    """All at once."""
    made = Archive()
    return b"".join([made.add(name, content) for name, content in members] + [made.close()])
