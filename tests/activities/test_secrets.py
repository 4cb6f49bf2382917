"""Secrets at rest."""

from __future__ import annotations

import pytest

from activities.secrets import SecretBox, SecretUnreadable

KEY = "the installation's key, long enough to be one"


def test_what_is_sealed_opens_again_and_does_not_show() -> None:
    sealed = SecretBox(KEY).seal("whsec_abc", "demo/7")

    assert b"whsec" not in sealed
    assert SecretBox(KEY).open(sealed, "demo/7") == "whsec_abc"


def test_sealing_twice_gives_two_texts() -> None:
    box = SecretBox(KEY)

    assert box.seal("s", "p") != box.seal("s", "p")


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02" + bytes(60), bytes(60)])
def test_what_was_not_sealed_here_does_not_open(damage: bytes) -> None:
    with pytest.raises(SecretUnreadable):
        SecretBox(KEY).open(damage, "p")


def test_a_changed_byte_is_noticed() -> None:
    sealed = bytearray(SecretBox(KEY).seal("s", "p"))
    sealed[-1] ^= 1

    with pytest.raises(SecretUnreadable):
        SecretBox(KEY).open(bytes(sealed), "p")


def test_a_value_copied_to_another_place_does_not_open() -> None:
    sealed = SecretBox(KEY).seal("s", "tenant a")

    with pytest.raises(SecretUnreadable):
        SecretBox(KEY).open(sealed, "tenant b")


def test_after_a_change_of_keys_old_values_still_open() -> None:
    sealed = SecretBox("old key").seal("s", "p")
    box = SecretBox("new key", "old key")

    assert box.open(sealed, "p") == "s"
    with pytest.raises(SecretUnreadable):
        SecretBox("old key").open(box.seal("s", "p"), "p")


def test_a_box_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        SecretBox()
