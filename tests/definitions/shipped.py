"""The process definitions that the product ships."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "definitions"
DEFINITIONS = sorted(path for path in ROOT.glob("*/*.yaml") if re.search(r"^process:", path.read_text(), re.MULTILINE))
"""Other files beside them are calendars and tables."""
