"""Programs to and from other notations: SCXML, XState, Mermaid, SVG. Knows Programs, never YAML or the engine."""
