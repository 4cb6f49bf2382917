"""The archive of a pack: read by everybody, and of one form only."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from activities.evidence.archive import archive

NAMES = st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20), unique=True, max_size=5)


@given(NAMES, st.data())
def test_others_read_what_was_put_in(names: list[str], data: st.DataObject) -> None:
    members = [(name, data.draw(st.binary(max_size=50))) for name in names]

    with zipfile.ZipFile(io.BytesIO(archive(members))) as opened:
        assert opened.testzip() is None
        assert [(name, opened.read(name)) for name in opened.namelist()] == members


def test_the_same_members_give_the_same_bytes() -> None:
    assert archive([("a", b"1")]) == archive([("a", b"1")])
