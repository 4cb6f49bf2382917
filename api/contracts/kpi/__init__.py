"""The KPI platform contract (kpi-platform.md): so far log-in and sessions."""
