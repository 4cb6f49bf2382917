"""Names and models that cross the Temporal boundary; plain data, grows by adding fields with defaults."""
