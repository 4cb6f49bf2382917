"""Who is asking: access tokens, API keys, where a request comes from. Who may is decided by the policy, not here."""
