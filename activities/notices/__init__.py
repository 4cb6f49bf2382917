"""Telling people: letters in words and in HTML, the queue they leave by, digests, and alerts about incidents."""
