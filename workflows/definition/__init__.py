"""From YAML to a Program: read, check, compile. The engine never sees YAML."""
