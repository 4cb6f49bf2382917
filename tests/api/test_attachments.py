"""Files at instances: what is kept, what is refused, and how they come back."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import httpx
import pytest

from activities.services import archives
from activities.store.files import Files
from tests.api.conftest import Plant
from tests.api.work import Work
from workflows.domain.errors import Unavailable

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
TYPES = '<?xml version="1.0"?><Types/>'


def zipped(entries: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


DOCX = zipped({"[Content_Types].xml": TYPES, "word/document.xml": "<w/>"})


@pytest.fixture
async def place(plant: Plant) -> str:
    return f"/api/v1/workflows/ncr_report/{await Work(plant).open()}/attachments"


@pytest.fixture
async def eva(plant: Plant) -> httpx.AsyncClient:
    return await plant.as_("inspector", username="eva")


async def sent(
    client: httpx.AsyncClient, place: str, name: str, content: bytes, declared: str = "", **form: str
) -> httpx.Response:
    return await client.post(place, files={"file": (name, content, declared)}, data=form)


@pytest.mark.parametrize(
    ("name", "content", "declared", "found"),
    [
        ("crack 2.PNG", PNG, "image/png", "image/png"),
        ("report.pdf", PDF, "application/octet-stream", "application/pdf"),
        ("8D.docx", DOCX, "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("werte.csv", "Maß;Wert\n1;2,5\n".encode("cp1252"), "application/vnd.ms-excel", "text/csv"),
        ("data.json", b'{"x": 1}', "application/json", "application/json"),
        ("teil.stp", b"ISO-10303-21;\nHEADER;", "", "model/step"),
        ("photos.zip", zipped({"a/1.png": PNG, "8D.docx": DOCX}), "application/zip", "application/zip"),
        ("Prüfung №7.txt", "größer < kleiner".encode(), "text/plain", "text/plain"),
    ],
)
async def test_a_file_comes_back_as_it_was_sent(
    place: str, eva: httpx.AsyncClient, name: str, content: bytes, declared: str, found: str
) -> None:
    made = await sent(eva, place, name, content, declared)

    assert made.status_code == 201, made.text
    item = made.json()
    assert (item["name"], item["media_type"], item["size"]) == (name, found, len(content))
    assert item["sha256"] == hashlib.sha256(content).hexdigest()
    assert "storage_key" not in item
    back = await eva.get(f"{place}/{item['id']}")
    assert back.content == content
    assert back.headers["content-type"].startswith(found)
    assert back.headers["content-disposition"].startswith("attachment;")
    assert back.headers["x-content-type-options"] == "nosniff"
    assert (await eva.get(place)).json() == {"attachments": [item]}


@pytest.mark.parametrize(
    ("name", "content", "declared", "code"),
    [
        ("report.pdf", HTML, "application/pdf", "FILE_TYPE_NOT_ALLOWED"),
        ("notes.txt", b"  \n" + HTML, "text/plain", "FILE_TYPE_NOT_ALLOWED"),
        ("drawing.svg", b'<svg onload="x()"/>', "image/svg+xml", "FILE_TYPE_NOT_ALLOWED"),
        ("tool.exe", b"MZ\x90\x00\x03", "", "FILE_TYPE_NOT_ALLOWED"),
        ("report.pdf", PNG, "application/pdf", "FILE_TYPE_MISMATCH"),
        ("photo.png", PNG, "application/pdf", "FILE_TYPE_MISMATCH"),
        ("photo.png", PNG, "text/html", "FILE_TYPE_MISMATCH"),
        ("photo", PNG, "image/png", "FILE_TYPE_MISMATCH"),
        ("photo.png.html", PNG, "", "FILE_TYPE_MISMATCH"),
        ("8D.zip", DOCX, "", "FILE_TYPE_MISMATCH"),
        ("empty.txt", b"", "text/plain", "FILE_EMPTY"),
        ("../../etc/cron.txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
        ("..\\x.txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
        (".htaccess.txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
        ("C:x.txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
        ("a\u202etxt.txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
        ("x" * 200 + ".txt", b"x", "", "FILE_NAME_NOT_ALLOWED"),
    ],
)
async def test_what_is_not_what_it_says_is_refused(
    place: str, eva: httpx.AsyncClient, name: str, content: bytes, declared: str, code: str
) -> None:
    answer = await sent(eva, place, name, content, declared)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["details"][0]["field"] == "file"
    assert (await eva.get(place)).json() == {"attachments": []}


def _nested(levels: int) -> bytes:
    inner = zipped({"x.txt": "x"})
    for _ in range(levels):
        inner = zipped({"inner.zip": inner})
    return inner


def _lying() -> bytes:
    """An archive whose directory says that its entry is small."""
    real = zipped({"a.txt": b"0" * 3_000_000})
    size = (3_000_000).to_bytes(4, "little")
    return real.replace(size, (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bomb.zip", zipped({"a.txt": b"0" * 30_000_000}), "ARCHIVE_TOO_LARGE"),
        ("sum.zip", zipped({f"{n}.txt": b"0" * 3_000_000 for n in range(10)}), "ARCHIVE_TOO_LARGE"),
        ("nested.zip", zipped({"in.zip": zipped({"a.txt": b"0" * 30_000_000})}), "ARCHIVE_TOO_LARGE"),
        (
            "bomb.docx",
            zipped({"[Content_Types].xml": TYPES, "word/document.xml": b" " * 30_000_000}),
            "ARCHIVE_TOO_LARGE",
        ),
        ("deep.zip", _nested(3), "ARCHIVE_NOT_ALLOWED"),
        ("lying.zip", _lying(), "ARCHIVE_NOT_ALLOWED"),
        ("many.zip", zipped({f"{n}.txt": "" for n in range(5_001)}, zipfile.ZIP_STORED), "ARCHIVE_TOO_LARGE"),
        ("other.zip", zipped({"a.gz": b"\x1f\x8b\x08\x00"}), "ARCHIVE_NOT_ALLOWED"),
        ("out.zip", zipped({"../../a.txt": "x"}), "ARCHIVE_NOT_ALLOWED"),
        ("rooted.zip", zipped({"/etc/passwd": "x"}), "ARCHIVE_NOT_ALLOWED"),
        (
            "macro.docx",
            zipped({"[Content_Types].xml": TYPES, "word/document.xml": "<w/>", "word/vbaProject.bin": "x"}),
            "ARCHIVE_NOT_ALLOWED",
        ),
        ("cut.zip", zipped({"a.txt": bytes(range(256)) * 40})[:-300], "FILE_TYPE_NOT_ALLOWED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bombs_and_traps_are_refused(
    place: str, eva: httpx.AsyncClient, name: str, content: bytes, code: str
) -> None:
    answer = await sent(eva, place, name, content)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_an_encrypted_archive_is_refused() -> None:
    plain = bytearray(zipped({"a.txt": "x"}, zipfile.ZIP_STORED))
    plain[plain.index(b"PK\x01\x02") + 8] |= 1
    from workflows.domain.errors import InvalidInput

    with pytest.raises(InvalidInput, match="encrypted"):
        archives.demand_harmless(bytes(plain), "secret.zip")


async def test_a_file_over_the_limit_is_refused_before_it_is_read(place: str, eva: httpx.AsyncClient) -> None:
    content = PNG + b"\x00" * (10 * 1024 * 1024)

    a_little = await sent(eva, place, "big.png", content[: 10 * 1024 * 1024 + 1])
    far = await sent(eva, place, "big.png", content + b"\x00" * 200_000)

    assert (a_little.status_code, a_little.json()["code"]) == (413, "FILE_TOO_LARGE")
    assert far.status_code == 413


async def test_a_form_without_a_file_or_with_more_is_refused(place: str, eva: httpx.AsyncClient) -> None:
    two = [("file", ("a.png", PNG, "")), ("file", ("b.png", PNG, ""))]

    answers = [
        await eva.post(place, json={"file": "x"}),
        await eva.post(place, data={"file": "x"}),
        await eva.post(place, files=two),
        await sent(eva, place, "a.png", PNG, colour="red"),
        await eva.post(place, content=b"--x\r\ngarbage", headers={"content-type": "multipart/form-data; boundary=x"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5


async def test_a_file_belongs_to_a_task_if_it_says_so(place: str, eva: httpx.AsyncClient) -> None:
    assert (await sent(eva, place, "a.png", PNG, task="1")).json()["task"] == "1"
    assert (await sent(eva, place, "a.png", PNG, task="99")).status_code == 404


async def test_an_upload_that_is_repeated_is_one_file(place: str, eva: httpx.AsyncClient) -> None:
    body, kind = _form(PNG)
    headers = {"Idempotency-Key": "k1", "content-type": kind}

    first, second = [await eva.post(place, content=body, headers=headers) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await eva.get(place)).json()["attachments"]) == 1


def _form(content: bytes) -> tuple[bytes, str]:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"


async def test_a_void_file_stays_and_says_why(plant: Plant, place: str, eva: httpx.AsyncClient) -> None:
    item = (await sent(eva, place, "a.png", PNG)).json()
    tom = await plant.as_("inspector", username="tom")

    assert (await tom.post(f"{place}/{item['id']}/void", json={"reason": "x"})).status_code == 403
    assert (await eva.post(f"{place}/{item['id']}/void", json={})).status_code == 400
    done = [await eva.post(f"{place}/{item['id']}/void", json={"reason": "Wrong lot"}) for _ in range(2)]

    assert [answer.json()["void_reason"] for answer in done] == ["Wrong lot", "Wrong lot"]
    assert (await eva.get(f"{place}/{item['id']}")).content == PNG
    assert (await eva.delete(f"{place}/{item['id']}")).status_code == 405


async def test_the_same_bytes_are_kept_once_per_tenant(plant: Plant, place: str, eva: httpx.AsyncClient) -> None:
    content = PNG + plant.tenant.encode()
    first, second = [(await sent(eva, place, name, content)).json() for name in ("a.png", "b.png")]

    assert first["id"] != second["id"]
    folder = plant.services.attachments
    assert first["sha256"] == second["sha256"]
    assert folder.largest == 10 * 1024 * 1024


async def test_another_tenant_has_no_way_to_a_file(
    plant: Plant, other_plant: Plant, place: str, eva: httpx.AsyncClient
) -> None:
    item = (await sent(eva, place, "a.png", PNG)).json()
    stranger = await other_plant.as_("admin")
    own = f"/api/v1/workflows/ncr_report/{await Work(other_plant).open()}/attachments"

    assert (await stranger.get(f"{place}/{item['id']}")).status_code == 404
    assert (await stranger.get(f"{own}/{item['id']}")).status_code == 404
    assert (await sent(stranger, place, "a.png", PNG)).status_code == 404


# --- the store of files -------------------------------------------------------------------------------------


async def test_a_file_that_was_changed_or_lost_is_not_handed_out(tmp_path: Any) -> None:
    files = Files.on_disk(tmp_path / "files")
    digest, key = await files.put("acme", b"right")
    assert await files.get(key, digest) == b"right"

    (tmp_path / "files" / key).write_bytes(b"wrong")
    with pytest.raises(Unavailable) as damaged:
        await files.get(key, digest)
    (tmp_path / "files" / key).unlink()
    with pytest.raises(Unavailable) as lost:
        await files.get(key, digest)

    assert (damaged.value.code, lost.value.code) == ("FILE_DAMAGED", "FILE_MISSING")


async def test_a_folder_that_cannot_be_made_is_told_when_it_is_needed(tmp_path: Any) -> None:
    (tmp_path / "files").write_text("in the way")
    files = Files.on_disk(tmp_path / "files")

    with pytest.raises(Unavailable, match="does not answer"):
        await files.put("acme", b"x")

    (tmp_path / "files").unlink()
    await files.put("acme", b"x")


async def test_a_tenant_s_name_leads_nowhere_else(tmp_path: Any) -> None:
    files = Files.on_disk(tmp_path / "files")

    _, key = await files.put("../outside", b"x")

    assert ".." not in key
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_a_url_that_names_no_store_is_told() -> None:
    with pytest.raises(ValueError, match="names no store of files"):
        Files.at("ftp://example.com/x")
