"""Secrets that must be read again, sealed at rest with AES-256-GCM. Passwords and keys are hashed, never sealed.

A sealed value is bound to its place (e.g. tenant and endpoint): copied into another row it does not open.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workflows.domain.errors import JidokaError

_FORMAT = b"\x01"
_NONCE = 12


class SecretUnreadable(JidokaError):
    """The installation's secret key is not the one that sealed the value, or the value was tampered with."""

    code = "SECRET_UNREADABLE"


class SecretBox:
    """Seals with the first key and opens with any, so that the installation's key can be changed."""

    def __init__(self, *keys: str) -> None:
        """`keys`: high-entropy texts as configured; AES keys are derived from them (HKDF, RFC 5869)."""
        if not keys:
            msg = "a secret box needs a key"
            raise ValueError(msg)
        self._ciphers = [AESGCM(_derived(key)) for key in keys]

    def seal(self, secret: str, place: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _FORMAT + nonce + self._ciphers[0].encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """Raises SecretUnreadable."""
        nonce, ciphertext = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] == _FORMAT and len(nonce) == _NONCE:
            for cipher in self._ciphers:
                try:
                    return cipher.decrypt(nonce, ciphertext, place.encode()).decode()
                except InvalidTag:
                    continue
        raise SecretUnreadable("a stored secret cannot be opened with the configured key")


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"jidoka secrets at rest").derive(key.encode())
