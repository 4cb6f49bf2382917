#!/bin/bash
# Runs once, on an empty volume: one owner and one database for us, another pair for Temporal.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username postgres \
  -v jidoka="$JIDOKA_DB_PASSWORD" -v temporal="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE jidoka LOGIN CREATEROLE PASSWORD :'jidoka';
CREATE DATABASE jidoka OWNER jidoka;
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
SQL
