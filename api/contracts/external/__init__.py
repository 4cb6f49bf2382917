"""The MES external contract (mes-external-api.md): so far API keys, webhooks and the audit log."""
