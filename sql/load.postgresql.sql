-- SPDX-License-Identifier: Apache-2.0
-- Load of the server, and lag of its replicas.

-- Active sessions that are not ours, and sessions that this role may not see.
-- name: load
SELECT count(*) FILTER (WHERE a.state = 'active'
                        AND   a.backend_type = 'client backend'
                        AND   a.application_name <> pg_catalog.current_setting('application_name')),
       count(*) FILTER (WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL)
FROM   pg_catalog.pg_stat_activity a
WHERE  a.pid <> pg_catalog.pg_backend_pid();

-- Lag is NULL for a replica that has nothing left to replay, and for one whose replay stands still. So this also
-- returns the position of the replay, if there is more to replay.
-- name: replica_lags
SELECT COALESCE(NULLIF(r.application_name, ''), 'replica') || COALESCE(' at ' || host(r.client_addr), ''),
       COALESCE(CAST(FLOOR(EXTRACT(EPOCH FROM r.replay_lag) * 1000) AS BIGINT), 0),
       CASE WHEN r.replay_lsn < pg_catalog.pg_current_wal_lsn() THEN CAST(r.replay_lsn AS TEXT) ELSE '' END
FROM   pg_catalog.pg_stat_replication r
WHERE  r.state IN ('streaming', 'catchup');

-- Without this right, a role sees that replicas exist, but not their lag.
-- name: sees_lag
SELECT CASE WHEN pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN 1 ELSE 0 END;

-- Asked on the replica. If everything received is replayed, the lag is 0, however long ago the primary last wrote.
-- name: own_lag
SELECT CASE WHEN pg_catalog.pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_catalog.pg_last_wal_replay_lsn() THEN 0
            ELSE CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)
                      AS BIGINT) END
WHERE  pg_catalog.pg_is_in_recovery();
