"""The platform's own contract: instances, inbox, definitions, incidents."""
