"""HTML to PDF, from the text alone: nothing is fetched, and the same text gives the same bytes."""

from __future__ import annotations

import hashlib
from typing import Never

from weasyprint import HTML  # type: ignore[import-untyped]  # the library ships no types
from weasyprint.urls import FatalURLFetchingError, URLFetcher  # type: ignore[import-untyped]  # as above


class FetchRefused(FatalURLFetchingError):  # type: ignore[misc]  # its base is untyped
    """The document refers to something outside itself; that is a fault of the template."""


class _NoFetcher(URLFetcher):  # type: ignore[misc]  # its base is untyped
    def fetch(self, url: str, headers: object = None) -> Never:
        raise FetchRefused(f"documents refer to nothing outside themselves, not to {url[:100]}")


def to_pdf(html: str) -> bytes:
    """The PDF of a complete HTML page. Takes from tenths of a second to seconds; call it in a thread.

    Raises:
        FetchRefused: the page refers to an image, a font or a style sheet.
    """
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    pdf: bytes = HTML(string=html, url_fetcher=_NoFetcher()).write_pdf(pdf_identifier=identifier)
    return pdf
