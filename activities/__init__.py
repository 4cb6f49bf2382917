"""Everything that touches the world: the store, outgoing calls, documents, devices."""
