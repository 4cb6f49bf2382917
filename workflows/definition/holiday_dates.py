"""Public holidays of a country as dates: the only file that asks the library `holidays`.

Names never depend on the language of the machine: the library would look there when it is told none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from workflows.definition.suggestions import did_you_mean


class UnknownHolidays(Exception):
    """The library does not know the country, or not that part, category or language of it."""

    def __init__(self, field: str, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.suggestion = suggestion


def holiday_dates(
    country: str,
    years: Sequence[int],
    *,
    subdivision: str | None = None,
    categories: tuple[str, ...] = (),
    language: str | None = None,
    observed: bool = True,
) -> dict[dt.date, str]:
    """Date -> name of each holiday of the years, in order of date.

    Args:
        country: ISO 3166-1 alpha-2.
        subdivision: code or name, as the library has it.
        categories: empty: public holidays.
        language: of the names; None: the country's own.
        observed: whether the days count to which a holiday on a week-end is moved.

    Raises:
        UnknownHolidays: what it does not know.
    """
    import holidays  # takes a third of a second, and only who reads calendars needs it

    countries = holidays.list_supported_countries(include_aliases=True)
    if country not in countries:
        raise UnknownHolidays("country", f"`{country}` is not a country", did_you_mean(country, countries))
    entity = holidays.country_holidays(country)
    if years[0] < entity.start_year or years[-1] > entity.end_year:
        known = f"{entity.start_year} to {entity.end_year}"
        raise UnknownHolidays(
            "country", f"the holidays of {country} are known from {known}, not {years[0]} to {years[-1]}"
        )
    divisions = [*entity.subdivisions, *entity.subdivisions_aliases]
    if subdivision is not None and subdivision not in divisions:
        hint = did_you_mean(subdivision, divisions) or f"known: {', '.join(entity.subdivisions) or 'none'}"
        raise UnknownHolidays("subdivision", f"{country} has no part `{subdivision}`", hint)
    for category in categories:
        if category not in entity.supported_categories:
            known = ", ".join(entity.supported_categories)
            raise UnknownHolidays("categories", f"{country} has no category `{category}`", f"known: {known}")
    spoken = entity.supported_languages
    if language is not None and language not in spoken:
        raise UnknownHolidays("language", f"not in `{language}`", f"known: {', '.join(spoken) or 'none'}")
    found = holidays.country_holidays(
        country,
        subdiv=subdivision,
        years=years,
        observed=observed,
        language=language or entity.default_language,
        categories=categories or None,
    )
    return dict(sorted(found.items()))
