-- SPDX-License-Identifier: Apache-2.0
-- Questions about another session while it builds or drops an index. For libpqxx: $1 is its process id.

-- name: build_progress
SELECT phase, lockers_done, lockers_total, blocks_done, blocks_total, tuples_done, tuples_total
FROM   pg_catalog.pg_stat_progress_create_index
WHERE  pid = $1;

-- The transactions that it waits for: age in seconds and kind of the last statement, never the statement itself.
-- name: waits_for
SELECT a.pid,
       CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp() - COALESCE(a.xact_start, a.backend_start))) AS BIGINT),
       upper(split_part(ltrim(a.query), ' ', 1))
FROM   unnest(pg_catalog.pg_blocking_pids($1)) AS b(pid)
JOIN   pg_catalog.pg_stat_activity a ON a.pid = b.pid;

-- name: cancel
SELECT pg_catalog.pg_cancel_backend($1);

-- The server of a connection. With several hosts in the URL, the next connection may reach another one, where the
-- process id is somebody else's.
-- name: server
SELECT CAST(EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time()) AS TEXT) || ' '
       || COALESCE(host(pg_catalog.inet_server_addr()), '');
