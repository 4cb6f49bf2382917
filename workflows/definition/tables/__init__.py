"""Decision tables: as written, compiled, and checked for gaps and overlaps. `engine/decisions.py` evaluates them."""
