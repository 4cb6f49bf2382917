"""What Temporal stores of our payloads: compressed when that pays, encrypted when a key is set.

Ids, search attributes and failure types are not payloads and stay readable; they carry no personal data.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

COMPRESS_FROM = 512
"""Bytes; below this the header costs more than compression saves."""
ZLIB = b"binary/zlib"
AES_GCM = b"binary/aes-gcm"


class CompressingCodec(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._shrink(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload.FromString(zlib.decompress(payload.data)) if payload.metadata.get("encoding") == ZLIB else payload
            for payload in payloads
        ]

    def _shrink(self, payload: Payload) -> Payload:
        if len(payload.data) < COMPRESS_FROM:
            return payload
        small = zlib.compress(payload.SerializeToString(), 1)
        return Payload(metadata={"encoding": ZLIB}, data=small) if len(small) < len(payload.data) else payload


class EncryptingCodec(CompressingCodec):
    """AES-256-GCM over the compressed payload. `keys`: key id -> 32 bytes; the first encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("at least one payload key is needed")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._current = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._seal(payload) for payload in await super().encode(payloads)]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await super().decode([self._open(payload) for payload in payloads])

    def _seal(self, payload: Payload) -> Payload:
        nonce = os.urandom(12)
        sealed = self._keys[self._current].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": AES_GCM, "key": self._current.encode()}, data=nonce + sealed)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != AES_GCM:
            return payload
        name = payload.metadata["key"].decode()
        if name not in self._keys:
            raise ValueError(f"payload key {name!r} is not configured")
        return Payload.FromString(self._keys[name].decrypt(payload.data[:12], payload.data[12:], None))


def converter(keys: Mapping[str, bytes] | None = None) -> DataConverter:
    """JSON, compressed; with `keys` also encrypted, including the texts of failures."""
    if not keys:
        return replace(DataConverter.default, payload_codec=CompressingCodec())
    return replace(
        DataConverter.default,
        payload_codec=EncryptingCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
