"""The queries, by what they are about. Each runs in the caller's transaction and returns plain records."""
