"""Examples of the API description, with the values of the contract document where it has some."""

from __future__ import annotations

from typing import Any

_ACCESS = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJVU1ItMDAyIn0.c2lnbmF0dXJl"
_REFRESH = "jdr_Jx0m3bW5oC8kE2vQ7tZ1nL4sY6uA9dF0hG3iK5pR8wT"

USER: dict[str, Any] = {
    "user_id": "USR-002",
    "username": "operator1",
    "full_name": "John Doe",
    "role": "OPERATOR_DATAENTRY",
    "client_id": "BOOT-LINE-A",
}
TOKENS: dict[str, Any] = {
    "access_token": _ACCESS,
    "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": _REFRESH,
    "refresh_expires_in": 604800,
}
LOGIN: dict[str, Any] = {"username": "operator1", "password": "secure_password"}
SESSION: dict[str, Any] = TOKENS | {"user": USER}
REFRESH: dict[str, Any] = {"refresh_token": _REFRESH}
LOG_OUT: dict[str, Any] = {"refresh_token": _REFRESH}
