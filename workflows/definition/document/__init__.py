"""The typed mirror of a definition file: pydantic models, no meaning. `parse` makes them from what was read."""
