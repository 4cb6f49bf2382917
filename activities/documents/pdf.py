"""HTML to PDF, from the text alone: nothing is fetched, and the same text gives the same bytes.

The library is loaded at the first document: it takes a second, and needs Pango from the system, whose absence must
not keep everything else from running.
"""

from __future__ import annotations

import hashlib
import logging
import os
from functools import cache
from typing import Any, Never

from workflows.domain.errors import Unavailable


class FetchRefused(Exception):
    """The page refers to something outside itself; that is a fault of the template."""


class PdfUnavailable(Unavailable):
    """The system lacks the libraries that draw text."""

    code = "PDF_LIBRARIES_MISSING"


def to_pdf(html: str) -> bytes:
    """The PDF of a complete HTML page. Takes from tenths of a second to seconds; call it in a thread.

    Raises:
        FetchRefused: the page refers to an image or a style sheet. A reference inside a drawing leaves the drawing out.
        PdfUnavailable: this machine cannot make PDFs until an administrator installs Pango.
    """
    weasyprint = library()
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    try:
        pdf = weasyprint.HTML(string=html, url_fetcher=_no_fetcher()).write_pdf(pdf_identifier=identifier)
    except weasyprint.urls.FatalURLFetchingError as problem:  # a BaseException, which would pass through all above us
        raise FetchRefused(str(problem)) from problem
    assert isinstance(pdf, bytes)  # without a target the library gives the content
    return pdf


def library() -> Any:
    """The library, loaded.

    Raises:
        PdfUnavailable: the system lacks what it needs.
    """
    # The library that cuts fonts down writes the time into them unless this is set (reproducible-builds.org).
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    # It warns at every page about the way fonts are cut down, which nobody can act on.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        import weasyprint  # type: ignore[import-untyped]  # the library ships no types
        import weasyprint.urls  # type: ignore[import-untyped]  # as above
    except OSError as missing:
        raise PdfUnavailable(
            f"PDF documents cannot be made on this machine: {missing}; `jidoka doctor` names the remedy"
        ) from missing
    return weasyprint


@cache
def _no_fetcher() -> Any:
    urls = library().urls

    def fetch(_self: object, url: str, _headers: object = None) -> Never:
        raise urls.FatalURLFetchingError(f"documents refer to nothing outside themselves, not to {url[:100]}")

    return type("NoFetcher", (urls.URLFetcher,), {"fetch": fetch})()
