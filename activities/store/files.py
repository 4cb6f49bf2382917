"""Where the bytes of attachments are kept: a folder of this machine by default, or a bucket by its URL.

Content has its SHA-256 for a name, per tenant: the same bytes are kept once, nothing is ever overwritten, and what
comes back is compared with its name. Knows nothing of file types or people.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Self

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from workflows.domain.errors import Unavailable

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


class Files:
    """One per process."""

    def __init__(self, open_store: Callable[[], ObjectStore]) -> None:
        """Args: open_store: called at first use, and again when it raises; nothing waits for a store at the start."""
        self._opened = cache(open_store)

    @classmethod
    def on_disk(cls, folder: Path) -> Self:
        """In `folder`, which is made when it is missing."""

        def opened() -> ObjectStore:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(folder)

        return cls(opened)

    @classmethod
    def at(cls, url: str) -> Self:
        """In a bucket: `s3://…`, `az://…`, `gs://…`; credentials come from the environment, as its clients read them.

        Raises:
            ValueError: no URL of a store.
        """
        try:
            store = from_url(url)
        except BaseError as problem:
            msg = f"{url.partition('?')[0]} names no store of files: {problem}"
            raise ValueError(msg) from problem
        return cls(lambda: store)

    async def put(self, tenant: str, content: bytes) -> tuple[str, str]:
        """Keeps `content`; gives its SHA-256 in hexadecimal and the key under which `get` finds it.

        Raises:
            Unavailable: the store is away.
        """
        digest = hashlib.sha256(content).hexdigest()
        key = f"{_folder(tenant)}/{digest[:2]}/{digest}"
        with _mapped():
            if not await self._has(key, len(content)):
                await obstore.put_async(self._opened(), key, content)
        return digest, key

    async def get(self, key: str, sha256: str) -> bytes:
        """
        Raises:
            Unavailable: the store is away, or what it has is missing or not what was put there.
        """
        with _mapped():
            found = await obstore.get_async(self._opened(), key)
            content = bytes(await found.bytes_async())
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unavailable("the stored file is not what was uploaded", code="FILE_DAMAGED")
        return content

    async def _has(self, key: str, size: int) -> bool:
        """Of the same size too: one that was cut short is put again."""
        try:
            return bool((await obstore.head_async(self._opened(), key))["size"] == size)
        except (FileNotFoundError, NotFoundError):
            return False


def _folder(tenant: str) -> str:
    """A tenant's key is a plain word; should one not be, its hash stands for it."""
    return tenant if _PLAIN.fullmatch(tenant) else hashlib.sha256(tenant.encode()).hexdigest()


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotFoundError) as problem:
        raise Unavailable("the stored file is missing", code="FILE_MISSING") from problem
    except (BaseError, OSError) as problem:
        raise Unavailable("the store of files does not answer") from problem
