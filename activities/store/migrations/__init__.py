"""The history of the tables, oldest first in `versions`; `activities.store.migrate` runs it."""
