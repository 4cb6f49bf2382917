"""A machine without the libraries that draw text says so, instead of failing in the dark."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from activities.documents.pdf import PdfUnavailable, to_pdf


def test_missing_system_libraries_are_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pango(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pango)

    with pytest.raises(PdfUnavailable, match=r"libpango-1\.0-0.*jidoka doctor"):
        to_pdf("<p>text</p>")
