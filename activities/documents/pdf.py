"""HTML to PDF, from the text alone: nothing is fetched, and the same text gives the same bytes."""

from __future__ import annotations

import hashlib
import logging
import os
from typing import Never

from weasyprint import HTML  # type: ignore[import-untyped]  # the library ships no types
from weasyprint.urls import FatalURLFetchingError, URLFetcher  # type: ignore[import-untyped]  # as above

# The library that cuts fonts down writes the time into them unless this is set (reproducible-builds.org).
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
# It warns at every page about the way fonts are cut down, which nobody can act on.
logging.getLogger("weasyprint").setLevel(logging.ERROR)


class FetchRefused(Exception):
    """The page refers to something outside itself; that is a fault of the template."""


class _NoFetcher(URLFetcher):  # type: ignore[misc]  # its base is untyped
    def fetch(self, url: str, headers: object = None) -> Never:
        raise FatalURLFetchingError(f"documents refer to nothing outside themselves, not to {url[:100]}")


def to_pdf(html: str) -> bytes:
    """The PDF of a complete HTML page. Takes from tenths of a second to seconds; call it in a thread.

    Raises:
        FetchRefused: the page refers to an image or a style sheet. A reference inside a drawing leaves the drawing out.
    """
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    try:
        pdf: bytes = HTML(string=html, url_fetcher=_NoFetcher()).write_pdf(pdf_identifier=identifier)
    except FatalURLFetchingError as problem:  # a BaseException, which would pass through everything above us
        raise FetchRefused(str(problem)) from problem
    return pdf
