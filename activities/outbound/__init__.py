"""The one way out of the house: HTTP to addresses named by definitions and tenants, trusted by nobody here."""
