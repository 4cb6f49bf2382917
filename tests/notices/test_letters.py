"""Letters say what happened, escape what they are given, fetch nothing, and act on nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from activities.notices import letters
from activities.notices.letters import About, Message
from activities.store.repositories.notifications import DigestLine, Language

ABOUT = About("ncr_report", 7, "NCR-2026-007", "Nonconformance report")
NASTY = '<script>alert(1)</script><img src="https://evil.example/p.png"> & {0} {number} $subject ${body}'
_TEXTS = Path(letters.__file__).with_name("texts")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action", "background")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_comes_from_outside_is_shown_and_not_obeyed(language: Language) -> None:
    about = About("ncr_report", 7, NASTY, NASTY)
    message = Message("k", subject=NASTY, text=NASTY, urgency="critical", about=about)

    rendered = letters.letter(message, language, "https://plant.example", name=NASTY)

    read = _read(rendered.html)
    assert set(read.tags) <= {"html", "head", "meta", "title", "body", "h2", "p", "br", "a"}
    assert read.addresses == ["https://plant.example/instances/ncr_report/7"]
    assert NASTY in "".join(read.texts)
    assert NASTY in rendered.text


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_digest_escapes_too(language: Language) -> None:
    line = DigestLine(1, "anna", NASTY, NASTY, "../x?a=b&c", 7)

    rendered = letters.digest([line], language, "https://plant.example", name=NASTY)

    read = _read(rendered.html)
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert read.addresses == ["https://plant.example/instances/..%2Fx%3Fa%3Db%26c/7"]


def test_number_and_title_stand_in_the_letter_beside_the_link() -> None:
    rendered = letters.letter(Message("k", subject="Due", about=ABOUT), "en", "https://plant.example", name="Anna")

    assert (
        "Open in Jidoka: Nonconformance report NCR-2026-007\nhttps://plant.example/instances/ncr_report/7"
        in rendered.text
    )
    assert rendered.text.startswith("Hello Anna,\n\nDue\n")


def test_a_long_digest_ends_with_how_many_more_there_are() -> None:
    lines = [DigestLine(n, "anna", f"Notice {n}", None, None, None) for n in range(130)]

    rendered = letters.digest(lines, "en", "https://plant.example", name="Anna")

    assert rendered.subject == "130 notices since the last hour"
    assert "and 30 more" in rendered.text
    assert "Notice 100" not in rendered.text


def _fields(texts: Any) -> Any:
    if isinstance(texts, dict):
        return {key: _fields(value) for key, value in texts.items()}
    return sorted({name for _, name, _, _ in Formatter().parse(texts) if name})


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    english, german = (json.loads((_TEXTS / f"{name}.json").read_text("utf-8")) for name in ("en", "de"))

    assert _fields(english) == _fields(german)


def test_no_text_or_frame_names_another_place() -> None:
    for path in _TEXTS.iterdir():
        assert not re.search(r"https?://|//|src=|url\(", path.read_text("utf-8")), path
