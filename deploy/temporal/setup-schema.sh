#!/bin/sh
# Brings Temporal's two databases to the schema of the server's version; safe to repeat at every start.
set -eu
versions=/etc/temporal/schema/postgresql/v12
bring() {
  temporal-sql-tool --db "$1" setup-schema -v 0.0 || true   # refused once it exists
  temporal-sql-tool --db "$1" update-schema -d "$versions/$2/versioned"
}
bring temporal temporal
bring temporal_visibility visibility
