"""The Unison ERP contract (unison-erp.md): workflow transitions, work list, definitions per entity type."""
