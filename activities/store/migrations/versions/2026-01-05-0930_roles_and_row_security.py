"""The two roles that are not the owner, what each may do, tenants walled off row by row, append-only logs.

Roles belong to the cluster, not to the database: they may exist already, and going back leaves them.
A user without the right to create roles needs them made beforehand and granted to it. Safe to run again.
"""

from __future__ import annotations

from alembic import op

revision = "roles_and_row_security"
down_revision = "outbox_and_webhooks"
branch_labels = None
depends_on = None

READ = "SELECT"
APPEND = "SELECT, INSERT"
KEEP = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"

GRANTS = {
    # table: (jidoka_app, jidoka_system)
    "tenants": (READ, KEEP),
    "settings": (ALL, KEEP),
    "users": (KEEP, KEEP),
    "refresh_tokens": (KEEP, ALL),
    "api_keys": (KEEP, KEEP),
    "audit": (APPEND, APPEND),
    "programs": (APPEND, APPEND),
    "definitions": (KEEP, KEEP),
    "instances": (KEEP, READ),
    "steps": (APPEND, READ),
    "incidents": (KEEP, READ),
    "effect_attempts": (APPEND, "SELECT, DELETE"),
    "tasks": (KEEP, READ),
    "task_candidates": ("SELECT, INSERT, DELETE", READ),
    "outbox": (APPEND, ALL),
    "webhook_endpoints": (KEEP, KEEP),
    "webhook_deliveries": (KEEP, ALL),
    "webhook_attempts": (APPEND, "SELECT, INSERT, DELETE"),
    "documents": (APPEND, READ),
    "idempotency": (KEEP, "SELECT, DELETE"),
    "number_series": (KEEP, READ),
    "lots": (KEEP, READ),
    "lot_holds": (KEEP, READ),
}
SHARED = {"programs"}
APPEND_ONLY = ("steps", "audit")

_ROLES = """
DO $$
DECLARE
    wanted text;
    word text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['jidoka_app', 'jidoka_system'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of the cluster was migrated in the same moment
            END;
        END IF;
        IF NOT pg_has_role(current_user, wanted, word) THEN
            EXECUTE format('GRANT %I TO %I', wanted, current_user);
        END IF;
    END LOOP;
END $$
"""

_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.execute(_ROLES)
    op.execute("GRANT USAGE ON SCHEMA public TO jidoka_app, jidoka_system")
    op.execute("GRANT USAGE ON SEQUENCE entity_ids TO jidoka_app, jidoka_system")
    for table, (app, system) in GRANTS.items():
        op.execute(f"GRANT {app} ON {table} TO jidoka_app")
        op.execute(f"GRANT {system} ON {table} TO jidoka_system")
        if table not in SHARED:
            _wall_off(table)
    op.execute(_REFUSE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    for table in GRANTS:
        if table not in SHARED:
            op.execute(f"DROP POLICY tenant ON {table}")
            op.execute(f"DROP POLICY system ON {table}")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM jidoka_app, jidoka_system")
    op.execute("REVOKE ALL ON SEQUENCE entity_ids FROM jidoka_app, jidoka_system")


def _wall_off(table: str) -> None:
    own = "tenant_id = current_setting('app.tenant', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} TO jidoka_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {table} TO jidoka_system USING (true) WITH CHECK (true)")
