#!/bin/sh
# Run once by PostgreSQL's image when the primary's data folder is made: a role and slots for two replicas. The image is configuration
# only; this script was run by hand with PostgreSQL 15 (it and the replica's, beside each other).
set -e
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<SQL
CREATE ROLE replicator REPLICATION LOGIN PASSWORD '$REPLICATION_PASSWORD';
SELECT pg_create_physical_replication_slot('replica_1'), pg_create_physical_replication_slot('replica_2');
GRANT pg_monitor TO "$POSTGRES_USER";
SQL
echo "host replication replicator all scram-sha-256" >> "$PGDATA/pg_hba.conf"
