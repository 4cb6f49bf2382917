"""Calculations and value types of the field; standard library only."""
