"""The pure floor: what is true and what happens next.

Knows nothing of databases, HTTP or devices. `activities` and `api` stand on it, never the other way round.
"""
