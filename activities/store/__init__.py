"""PostgreSQL: `tables` say what is kept, `repositories` hold the queries, `commit` writes a step, `database` opens
transactions that see one tenant, `migrate` brings a database up to date. Nothing outside writes SQL, except sql
actions inside a step's transaction."""
