"""Everyone who asks: REST contracts, command line, authentication."""
