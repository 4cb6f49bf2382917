"""What receivers are told in the README is so."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import activities.webhooks
from activities.webhooks.message import LARGEST_BODY, headers, new_secret

README = (Path(activities.webhooks.__file__).parent / "README.md").read_text()


def test_the_code_for_receivers_verifies_a_message() -> None:
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    secret = new_secret()

    signed = headers('{"event":"x"}', "msg_1", [secret], dt.datetime.now(dt.UTC))

    assert names["receive"](b'{"event":"x"}', signed, secret) == {"event": "x"}


def test_the_figures_are_those_of_the_code() -> None:
    definition = (
        Path(activities.webhooks.__file__).parents[2] / "definitions/integration/webhook_delivery.yaml"
    ).read_text()
    [schedule] = re.findall(r"schedule: '\[(.*)\]'", definition)

    assert schedule == '"PT5S", "PT5M", "PT30M", "PT2H", "PT5H", "PT10H", "PT14H", "PT20H", "P1D"'
    assert "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h" in README
    assert LARGEST_BODY == 20 * 1024
