"""Settings from the environment."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from activities.settings import Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("JIDOKA_", "TEMPORAL_")) or name in {"HOST", "PORT", "DATABASE_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("JIDOKA_DATA", str(tmp_path / "data"))


def test_keys_are_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    first, second = Settings.load(), Settings.load()

    assert first.jwt_secret is not None
    assert first.jwt_secret == second.jwt_secret != first.secret_key
    for name in ("jwt_secret", "secret_key"):
        assert stat.S_IMODE((tmp_path / "data" / f"{name}.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_a_database_url_is_taken(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://a:b@db/jidoka")

    url = Settings.load().database_url

    assert url is not None
    assert url.get_secret_value() == "postgresql+psycopg://a:b@db/jidoka"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:///x.db"),
        ("PORT", "70000"),
        ("JIDOKA_JWT_SECRET", "short"),
        ("JIDOKA_PAYLOAD_KEYS", "a:not-base64"),
    ],
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError):
        Settings.load()


def test_payload_keys_keep_their_order_since_the_first_encrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = bytes(range(32)), bytes(32)
    written = ", ".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in [("new", new), ("old", old)])
    monkeypatch.setenv("JIDOKA_PAYLOAD_KEYS", written)

    assert list(Settings.load().payload_keys.items()) == [("new", new), ("old", old)]


def test_secrets_do_not_appear_when_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:hunter22@db/jidoka")
    settings = Settings.load()
    assert settings.jwt_secret is not None

    assert "hunter22" not in repr(settings)
    assert settings.jwt_secret.get_secret_value() not in repr(settings)


def test_only_loopback_counts_as_this_machine_alone() -> None:
    assert Settings(host="localhost").loopback_only
    assert not Settings(host="0.0.0.0").loopback_only
