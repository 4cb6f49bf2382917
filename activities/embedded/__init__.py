"""Servers that come with the product and run as our own child processes: PostgreSQL and Temporal.

For one machine: development, tests, demonstrations, small sites. Nothing in here knows a table, a
process definition or a route; it starts programs, waits until they answer, and ends them.
"""
