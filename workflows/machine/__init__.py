"""The Temporal shell around the engine: one interpreter workflow for every definition."""
