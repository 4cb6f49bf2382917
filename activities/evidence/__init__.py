"""Evidence packs: everything about one instance in one file, with the proof that it is as it was written."""
