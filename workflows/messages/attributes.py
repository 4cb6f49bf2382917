"""Search attributes that operators may filter instances by in Temporal; a fixed set, never one per definition.

Values are not encrypted there, so they carry no personal data.
"""

from __future__ import annotations

TENANT = "JidokaTenant"
PROCESS = "JidokaProcess"
NUMBER = "JidokaNumber"
STATE = "JidokaState"
INCIDENT = "JidokaIncident"

KEYWORDS = (TENANT, PROCESS, NUMBER, STATE)
BOOLS = (INCIDENT,)

LONGEST = 250
"""Characters of a keyword; the server ends an instance whose value is over 2,048 bytes."""
