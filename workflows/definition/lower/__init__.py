"""From the typed document to the Program: ids, targets and the shorthands of the language spelled out."""
