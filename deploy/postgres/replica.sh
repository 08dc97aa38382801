#!/bin/sh
# The start of a replica: a copy of the primary when there is none yet, then PostgreSQL as the arguments say. The image is configuration only; this
# script was run by hand with PostgreSQL 15 (it and the primary's, beside each other).
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD="$REPLICATION_PASSWORD"
  until pg_basebackup --pgdata="$PGDATA" --host=postgres --username=replicator --wal-method=stream --write-recovery-conf --checkpoint=fast --slot="$SLOT"; do
    rm -rf "${PGDATA:?}"/*
    sleep 2
  done
  chmod 700 "$PGDATA"
fi
exec "$@" -c hot_standby=on -c hot_standby_feedback=on -c max_standby_streaming_delay=5s
