"""Letters in plain text and in HTML, in the reader's language. Knows words and pages, neither rows nor servers.

Everything that comes from outside is escaped; nothing is fetched from anywhere; a link leads to a page that shows an
instance and never acts, so that a mail scanner may follow it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from activities.store.repositories.notifications import DigestLine, Language, Urgency

_TEXTS = Path(__file__).with_name("texts")
_SUBJECT = 200
_DIGEST_LINES = 100


@dataclass(frozen=True, slots=True)
class About:
    """The instance a message is about."""

    process: str
    entity_id: int
    number: str
    title: str = ""
    """What people call such a thing: "Nonconformance report"."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told on one occasion. Its words are given, or one of the product's own in the reader's language."""

    key: str
    """The occasion: a repeat tells nobody twice."""
    subject: str = ""
    text: str = ""
    """Plain; blank lines part paragraphs."""
    urgency: Urgency = "normal"
    about: About | None = None
    wording: str | None = None
    """Name of the product's own words, e.g. `incident_opened`; then `subject` and `text` are not used."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """For `wording`."""
    topic: str | None = None
    """What it is about, for occasions that are told only now and then."""

    def words(self, language: Language) -> tuple[str, str]:
        """Subject and text."""
        if self.wording is None:
            return one_line(self.subject), self.text or self.subject
        said = _said(language)[self.wording]
        return one_line(said["subject"].format_map(self.values)), said["text"].format_map(self.values)


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def letter(message: Message, language: Language, base_url: str, *, name: str | None) -> Rendered:
    """The message as a letter.

    Args:
        name: of the reader; None: an address that belongs to nobody here.
    """
    said = _said(language)
    subject, text = message.words(language)
    if message.urgency == "critical":
        subject = one_line(said["critical"].format(subject=subject))
    greeting = [said["greeting"].format(name=name)] if name else []
    links: list[tuple[str, str]] = []
    about = message.about
    if about is not None:
        label = " ".join(said["about"].format(title=about.title, number=about.number).split())
        links.append((f"{said['open']}: {label}", page_of(base_url, about.process, about.entity_id)))
    footer = said["footer" if name else "address_footer"]
    return _rendered(language, subject, [*greeting, *_paragraphs(text)], links, footer)


def digest(lines: Sequence[DigestLine], language: Language, base_url: str, *, name: str) -> Rendered:
    """Several notices that could wait, in one letter."""
    said = _said(language)
    subject = said["digest_subject_one" if len(lines) == 1 else "digest_subject"].format(count=len(lines))
    links = [
        (
            f"{line.number}: {line.subject}" if line.number and line.number not in line.subject else line.subject,
            page_of(base_url, line.process, line.entity_id) if line.process and line.entity_id else base_url,
        )
        for line in lines[:_DIGEST_LINES]
    ]
    if len(lines) > _DIGEST_LINES:
        links.append((said["digest_more"].format(count=len(lines) - _DIGEST_LINES), base_url))
    body = [said["greeting"].format(name=name), said["digest_intro"]]
    return _rendered(language, subject, body, links, said["footer"])


def page_of(base_url: str, process: str, entity_id: int) -> str:
    """Where people look at an instance."""
    return f"{base_url}/instances/{quote(process, safe='')}/{entity_id}"


def one_line(text: str) -> str:
    return " ".join(text.split())[:_SUBJECT]


def _rendered(
    language: str, subject: str, paragraphs: Sequence[str], links: Sequence[tuple[str, str]], footer: str
) -> Rendered:
    plain = [*paragraphs, *(f"{label}\n{url}" for label, url in links), f"-- \n{footer}"]
    body = "\n".join("<p>" + html.escape(part).replace("\n", "<br>\n") + "</p>" for part in paragraphs)
    anchors = "\n".join(f'<p><a href="{html.escape(url)}">{html.escape(label)}</a></p>' for label, url in links)
    page = _frame().substitute(
        language=language, subject=html.escape(subject), body=body, links=anchors, footer=html.escape(footer)
    )
    return Rendered(subject, "\n\n".join(plain) + "\n", page)


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text.strip()) if part]


@lru_cache
def _said(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((_TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return found


@lru_cache
def _frame() -> Template:
    return Template((_TEXTS / "letter.html").read_text(encoding="utf-8"))
