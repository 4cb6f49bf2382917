"""The types of expressions: JSON Schemas as CEL types, and the check of every expression against them."""
