"""Calendar files: what they freeze to, and every way in which one can be wrong, with its place."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.calendars import LoadedCalendar, load, read_calendar
from workflows.definition.folder import calendar_beside, calendar_files, process_files, reader_beside
from workflows.domain.calendars import calendar_from_json

ROOT = Path(__file__).parents[2] / "definitions"
SHIPPED = sorted(path.stem for path in (ROOT / "calendars").glob("*.yaml"))

HEAD = """\
calendar: plant
title: A plant
zone: Europe/Berlin
valid: {from: 2026-01-01, to: 2027-12-31}
"""
SHIFTS = """\
shifts:
  early: {from: 06:00, to: 14:00, breaks: [09:00-09:15]}
  late: {from: 14:00, to: 22:00}
"""
WEEK = """\
week:
  mon-fri: [early, late]
"""
PLANT = HEAD + SHIFTS + WEEK
EVERYTHING = f"""\
{PLANT}  sat: early
holidays: {{country: DE, subdivision: BY, categories: [public, catholic], language: de, observed: true}}
days:
  12-24: {{name: Eve, closed: true}}
  2026-08-03 to 2026-08-14: {{name: Shutdown, closed: true}}
  2026-12-19: {{name: Extra, shifts: [early]}}
"""
PLANT_PARTS = re.split(r"(?<=[\s{\[,:-])|(?=[\s}\],:-])", EVERYTHING)
JUNK = [
    "", "[]", "{}", "x", "7", "-1.5", "null", "true", "06:00", "24:00", "25:00", "2026-01-01", "9999-12-31",
    "0001-01-01", "12-24", "mon", "early", " to ", "\n", '"\\0"', "é", "[x, [y]]", "{from: 1}", "DE", "x" * 500, "UTC",
]  # fmt: skip


def shipped(name: str) -> LoadedCalendar:
    return load(name, lambda path: (ROOT / path).read_text(encoding="utf-8"))


def frozen(text: str) -> dict[str, Any]:
    loaded = read_calendar(text, filename="plant.yaml")
    assert [str(item) for item in loaded.diagnostics] == []
    assert loaded.document is not None
    return loaded.document


def said(text: str) -> list[str]:
    loaded = read_calendar(text, filename="plant.yaml")
    assert (loaded.document is None) == any(item.severity == "error" for item in loaded.diagnostics)
    return [str(item) for item in loaded.diagnostics]


def test_a_calendar_freezes_to_plain_json_without_anything_to_look_up() -> None:
    assert frozen(PLANT.replace("2027-12-31", "2026-12-31")) == {
        "calendar": "plant",
        "title": "A plant",
        "zone": "Europe/Berlin",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "shifts": {
            "early": {"from": "06:00", "to": "14:00", "breaks": [{"from": "09:00", "to": "09:15"}]},
            "late": {"from": "14:00", "to": "22:00", "breaks": []},
        },
        "week": [["early", "late"]] * 5 + [[], []],
        "holidays": {},
        "closed": {},
        "open": {},
        "clock": [["2025-12-30T00:00:00Z", 3600], ["2026-03-29T01:00:00Z", 7200], ["2026-10-25T01:00:00Z", 3600]],
    }


def test_holidays_are_those_of_the_country_and_its_part_in_the_range() -> None:
    """Bavaria 2026, worked out by the calendar: Easter is on 5 April."""
    text = PLANT.replace("2027-12-31", "2026-12-31") + "holidays: {country: DE, subdivision: BY, language: de}\n"

    assert frozen(text)["holidays"] == {
        "2026-01-01": "Neujahr",
        "2026-01-06": "Heilige Drei Könige",
        "2026-04-03": "Karfreitag",
        "2026-04-06": "Ostermontag",
        "2026-05-01": "Erster Mai",
        "2026-05-14": "Christi Himmelfahrt",
        "2026-05-25": "Pfingstmontag",
        "2026-06-04": "Fronleichnam",
        "2026-10-03": "Tag der Deutschen Einheit",
        "2026-11-01": "Allerheiligen",
        "2026-12-25": "Erster Weihnachtstag",
        "2026-12-26": "Zweiter Weihnachtstag",
    }


def test_a_holiday_moved_from_a_saturday_is_one_unless_told() -> None:
    """4 July 2026 is a Saturday; Friday the 3rd is free."""
    holidays = frozen(PLANT + "holidays: {country: US}\n")["holidays"]
    exact = frozen(PLANT + "holidays: {country: US, observed: false}\n")["holidays"]

    assert {"2026-07-03", "2026-07-04"} <= set(holidays)
    assert "2026-07-03" not in exact


def test_a_holiday_that_is_worked_is_none_nor_is_its_moved_day() -> None:
    """11 November 2028 is a Saturday: Veterans Day is observed on Friday the 10th."""
    text = PLANT.replace("2027-12-31", "2028-12-31")
    plain = frozen(text + "holidays: {country: US, language: en_US}\n")["holidays"]
    worked = frozen(text + "holidays: {country: US, language: en_US, worked: [Veterans Day]}\n")["holidays"]

    gone = set(plain) - set(worked)
    assert gone == {"2026-11-11", "2027-11-11", "2028-11-10", "2028-11-11"}


def test_days_of_its_own_count_before_holidays_and_dates_before_every_year() -> None:
    days = """\
holidays: {country: DE, language: de}
days:
  12-25: {name: Every year, shifts: early}
  2027-12-25: {name: This year, closed: true}
  2026-08-03 to 2026-08-05: {name: Shutdown, closed: true}
"""
    document = frozen(PLANT + days)

    assert document["open"] == {"2026-12-25": {"name": "Every year", "shifts": ["early"]}}
    assert document["closed"] == {
        "2026-08-03": "Shutdown",
        "2026-08-04": "Shutdown",
        "2026-08-05": "Shutdown",
        "2027-12-25": "This year",
    }
    assert not {"2026-12-25", "2027-12-25"} & set(document["holidays"])


def test_the_last_of_february_is_a_day_of_leap_years_only() -> None:
    text = PLANT.replace("2027-12-31", "2029-12-31") + "days:\n  02-29: {name: Leap day, closed: true}\n"

    assert frozen(text)["closed"] == {"2028-02-29": "Leap day"}


def test_the_week_is_written_by_day_or_days_in_a_row() -> None:
    text = HEAD + SHIFTS + "week:\n  mon: early\n  tue-thu: [late]\n  sat-sun: [early, late]\n  fri: []\n"

    assert frozen(text)["week"] == [["early"], ["late"], ["late"], ["late"], [], *[["early", "late"]] * 2]


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "en_US.UTF-8", "C"])
def test_names_do_not_depend_on_the_language_of_the_machine(language: str) -> None:
    program = (
        "from workflows.definition.holiday_dates import holiday_dates as h;"
        "print(ascii(list(h('DE', [2026]).values())[0]), ascii(list(h('AR', [2026]).values())[0]))"
    )
    environment = {**os.environ, "LANG": language, "LANGUAGE": language.partition(".")[0], "LC_ALL": language}

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, env=environment, capture_output=True, text=True, check=True
    )

    assert run.stdout.split(maxsplit=1) == ["'Neujahr'", "'A\\xf1o Nuevo'\n"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The rules of every file of ours
        (PLANT + "week: {}\n", ["plant.yaml:10:1: error J002 `week` stands twice, first in line 8"]),
        ("- plant\n", ["plant.yaml:1:1: error J010 a definition is a mapping that starts with `process:`"]),
        (PLANT + "shift: {}\n", ["plant.yaml:10:1: error J101 a calendar has no key `shift` (did you mean `shifts`?)"]),
        (HEAD + SHIFTS, ["plant.yaml:1:1: error J102 `week` is missing"]),
        # Names, zone, range
        (PLANT.replace("calendar: plant", "calendar: a plant"),
         ["plant.yaml:1:11: error J104 `a plant` is not a name"]),
        (PLANT.replace("A plant", "7"), ["plant.yaml:2:8: error J103 `title` must be a text, not `7`"]),
        (PLANT.replace("Europe/Berlin", "Europe/Berln"),
         ["plant.yaml:3:7: error J103 `Europe/Berln` is not a time zone (did you mean `Europe/Berlin`?)"]),
        (PLANT.replace("to: 2027-12-31", "to: 2027-12-32"),
         ["plant.yaml:4:31: error J103 `2027-12-32` is not a date such as 2026-01-01"]),
        (PLANT.replace("to: 2027-12-31", "to: 2025-12-31"),
         ["plant.yaml:4:31: error J109 `to` is before `from`"]),
        (PLANT.replace("to: 2027-12-31", "to: 2127-12-31"),
         ["plant.yaml:4:1: error J103 from 1980 to 2100, at most 30 years"]),
        (PLANT.replace("to: 2027-12-31", "to: 2101-01-01").replace("2026-01-01", "2090-01-01"),
         ["plant.yaml:4:1: error J103 from 1980 to 2100, at most 30 years"]),
        (PLANT.replace("{from: 2026-01-01, to: 2027-12-31}", "2026"),
         ["plant.yaml:4:8: error J103 `valid` is a mapping, not `2026`"]),
        (PLANT.replace("Europe/Berlin", "Berlin"),
         ["plant.yaml:3:7: error J103 `Berlin` is not a time zone (did you mean `Europe/Berlin`?)"]),
        # Shifts
        (PLANT.replace("from: 06:00", "from: 6"),
         ["plant.yaml:6:17: error J103 6: a time such as 06:00, from 00:00 to 24:00"]),
        (PLANT.replace("to: 22:00", "to: 14:00"),
         ["plant.yaml:7:27: error J103 '14:00': a shift ends at another time than it begins; "
          "a whole day is 00:00 to 24:00"]),
        (PLANT.replace("09:00-09:15", "13:45-14:15"),
         ["plant.yaml:6:43: error J103 '13:45-14:15': a break lies within its shift and has some length"]),
        (PLANT.replace("09:00-09:15", "nine"),
         ["plant.yaml:6:44: error J103 `nine` is not a break such as 09:00-09:15"]),
        (PLANT.replace("to: 22:00", "until: 22:00"),
         ["plant.yaml:7:3: error J102 `to` is missing",
          "plant.yaml:7:23: error J101 a shift has no key `until` (known: from, to, breaks)"]),
        # Week
        (PLANT.replace("[early, late]", "[early, lat]"),
         ["plant.yaml:9:20: error J103 `lat` is not a shift of this calendar (did you mean `late`?)"]),
        (PLANT + "  fri: early\n", ["plant.yaml:10:3: error J109 `fri` stands twice"]),
        (PLANT + "  saturday: early\n", ["plant.yaml:10:3: error J101 `saturday` is not a day of the week "
                                         "(mon, tue, wed, thu, fri, sat, sun, or days in a row such as `mon-fri`)"]),
        (PLANT + "  sun-sat: early\n", ["plant.yaml:10:3: error J101 `sun-sat` is not a day of the week "
                                        "(mon, tue, wed, thu, fri, sat, sun, or days in a row such as `mon-fri`)"]),
        # No working time
        (HEAD + SHIFTS + "week: {}\n",
         ["plant.yaml:8:1: error J130 The calendar plant has no working time at all"]),
        (PLANT + "days:\n  2026-01-01 to 2027-12-31: {name: For ever, closed: true}\n",
         ["plant.yaml:8:1: error J130 The calendar plant has no working time at all"]),
        # Holidays
        (PLANT + "holidays: {country: DEU2}\n",
         ["plant.yaml:10:21: error J103 `DEU2` is not a country (did you mean `DEU`?)"]),
        (PLANT + "holidays: {country: DE, subdivision: Bayer}\n",
         ["plant.yaml:10:38: error J103 DE has no part `Bayer` (did you mean `Bayern`?)"]),
        (PLANT + "holidays: {country: DE, categories: [office]}\n",
         ["plant.yaml:10:37: error J103 DE has no category `office` (known: catholic, public, school)"]),
        (PLANT + "holidays: {country: DE, language: fr}\n",
         ["plant.yaml:10:35: error J103 not in `fr` (known: de, en_US, th, uk)"]),
        (PLANT + "holidays: {country: DE, worked: [Ostermondag]}\n",
         ["plant.yaml:10:34: error J103 no holiday is called `Ostermondag` (did you mean `Ostermontag`?)"]),
        (PLANT + "holidays: {country: DE, observed: sometimes}\n",
         ["plant.yaml:10:35: error J103 `observed` is true or false"]),
        # The library knows the full moons of Sri Lanka until 2026.
        (PLANT.replace("2027-12-31", "2099-12-31").replace("2026-01-01", "2098-01-01") + "holidays: {country: LK}\n",
         ["plant.yaml:10:21: error J103 the holidays of LK are known from 2003 to 2026, not 2097 to 2099"]),
        (PLANT + "holidays: DE\n", ["plant.yaml:10:11: error J103 `holidays` is a mapping, not `DE`"]),
        # Days
        (PLANT + "days:\n  2026-02-30: {name: No day, closed: true}\n",
         ["plant.yaml:11:3: error J103 `2026-02-30` is not a day or a period "
          "(such as 2026-12-31, 12-24 for every year, or 2026-08-03 to 2026-08-14)"]),
        (PLANT + "days:\n  2026-02-03: {name: What, closed: true, shifts: early}\n",
         ["plant.yaml:11:3: error J109 a day is either `closed: true` or has `shifts`"]),
        (PLANT + "days:\n  2026-02-03: {name: What}\n",
         ["plant.yaml:11:3: error J109 a day is either `closed: true` or has `shifts`"]),
        (PLANT + "days:\n  2026-02-03: {name: What, closed: false}\n",
         ["plant.yaml:11:36: error J103 `closed` is true, or left out"]),
        (PLANT + "days:\n  2026-02-03: {closed: true}\n", ["plant.yaml:11:3: error J102 `name` is missing"]),
        (PLANT + "days:\n  2029-02-03: {name: Later, closed: true}\n", ["plant.yaml:11:3: error J109 outside `valid`"]),
        (PLANT + "days:\n  2026-02-03 to 2026-02-05: {name: A, closed: true}\n  2026-02-04: {name: B, closed: true}\n",
         ["plant.yaml:12:3: error J109 2026-02-04 stands twice: 2026-02-03 to 2026-02-05"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, expected: list[str]) -> None:
    assert said(text) == expected


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = PLANT.replace("A plant", "[]").replace("06:00", "6:00") + "  sat: nobody\nholiday: {}\n"

    assert len(said(text)) == 4


def test_a_calendar_is_asked_for_by_name_in_one_folder() -> None:
    asked = []

    def read_file(path: str) -> str:
        asked.append(path)
        return PLANT

    assert load("plant", read_file).document == frozen(PLANT)
    assert asked == ["calendars/plant.yaml"]


def test_a_calendar_under_another_name_is_refused() -> None:
    found = load("other", lambda path: PLANT)

    assert found.document is None
    assert [str(item) for item in found.diagnostics] == [
        "calendars/other.yaml:1:11: error J103 the file of `other` says `plant`"
    ]


@pytest.mark.parametrize("name", ["../secret", "", "a/b", "a.yaml", "x" * 10 + "\n"])
def test_a_name_leads_to_no_other_folder(name: str) -> None:
    def read_file(path: str) -> str:
        raise AssertionError("not asked")

    assert [item.code for item in load(name, read_file).diagnostics] == ["J104"]


def test_a_file_that_is_not_there_is_said_to_be_missing() -> None:
    found = load("nowhere", lambda path: (ROOT / path).read_text(encoding="utf-8"))

    assert [str(item) for item in found.diagnostics] == [
        "calendars/nowhere.yaml:1:1: error J120 the calendar `nowhere` cannot be read: there is no such file"
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_calendars_are_without_diagnostics_and_work(name: str) -> None:
    loaded = shipped(name)

    assert loaded.diagnostics == ()
    assert loaded.document is not None
    assert calendar_from_json(json.loads(json.dumps(loaded.document))).name == name


def test_dates_of_shipped_calendars_change_on_purpose_only() -> None:
    """They are part of the digests of the processes that use them. When a new release of the library knows other
    holidays, or a zone changes its clocks, those processes need a new version, and this test the new digests.
    """
    digests = {
        name: hashlib.sha256(json.dumps(shipped(name).document, sort_keys=True).encode()).hexdigest()[:16]
        for name in SHIPPED
    }

    assert digests == {
        "plant": "383800f20fd1763a",
        "round_the_clock": "396dc7610662e744",
        "us_plant": "af4f0946679190aa",
    }


def test_examples_of_the_manual_are_calendars() -> None:
    manual = (ROOT / "calendars" / "README.md").read_text(encoding="utf-8")

    examples = re.findall(r"^```yaml\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)

    assert examples
    assert [said(example) for example in examples] == [[] for _ in examples]


def test_shared_files_are_no_processes() -> None:
    processes = [path.relative_to(ROOT).as_posix() for path in process_files(ROOT)]

    assert "quality/ncr_report.yaml" in processes
    assert not [path for path in processes if "calendars/" in path or "tables/" in path]
    assert sorted(calendar_files(ROOT)) == [f"calendars/{name}.yaml" for name in SHIPPED]


def test_areas_share_the_calendars_beside_them_unless_they_have_their_own(tmp_path: Path) -> None:
    for folder in ("calendars", "quality/calendars", "production"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "calendars" / "plant.yaml").write_text(PLANT)
    (tmp_path / "calendars" / "secret.json").write_text("{}")
    (tmp_path / "quality" / "calendars" / "plant.yaml").write_text(PLANT.replace("A plant", "Quality"))

    def title(definition: str) -> object:
        document = load("plant", reader_beside(tmp_path / definition)).document
        return document and document["title"]

    assert title("production/order.yaml") == "A plant"
    assert title("quality/ncr_report.yaml") == "Quality"
    for name in ("../calendars/plant.yaml", "schemas/../../calendars/plant.yaml"):
        with pytest.raises(ValueError, match="outside"):
            reader_beside(tmp_path / "production" / "order.yaml")(name)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(range(len(PLANT_PARTS))), max_size=4), st.sampled_from(JUNK))
def test_whatever_stands_in_the_file_it_is_read_or_said_to_be_wrong(places: list[int], junk: str) -> None:
    parts = list(PLANT_PARTS)
    for place in places:
        parts[place] = junk

    loaded = read_calendar("".join(parts), filename="plant.yaml")

    assert (loaded.document is None) == any(item.severity == "error" for item in loaded.diagnostics)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("calendar: plant", ["calendars/plant.yaml"]),
        ("calendar: nowhere", []),
        ("calendar: ../quality/ncr_report", []),
        ("calendar: [plant]", []),
        ("title: none", []),
        ("{", []),
    ],
)
def test_the_calendar_of_a_definition_goes_with_it(head: str, found: list[str]) -> None:
    assert list(calendar_beside(ROOT / "quality" / "ncr_report.yaml", f"{head}\n")) == found
