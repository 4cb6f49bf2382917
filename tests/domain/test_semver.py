"""Order of versions, example of semver.org clause 11."""

from __future__ import annotations

import itertools

import pytest

from workflows.domain.semver import Version

ORDER = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
    "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("lower", "higher"), list(itertools.combinations(ORDER, 2)))
def test_order(lower: str, higher: str) -> None:
    assert Version.parse(lower) < Version.parse(higher)


def test_build_metadata_do_not_count() -> None:
    assert Version.parse("1.0.0+a") == Version.parse("1.0.0+b")


@pytest.mark.parametrize("text", ["1", "1.0", "v1.0.0", "1.0.0.0", "", "1.0.0-", "١.0.0"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="semantic version"):
        Version.parse(text)
