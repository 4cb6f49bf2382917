"""Figures: how fast transitions are, what they cost above a hand-written workflow, and what growth does to them."""
