-- SPDX-License-Identifier: Apache-2.0
-- Sessions that block a statement on images: process id, age in seconds, kind of statement, and why it blocks. Never
-- the statement itself, because it holds values.

-- Sessions that hold a lock on images, and the transactions that an index build waits for.
-- name: blockers
SELECT   a.pid,
         CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp() - COALESCE(a.xact_start, a.backend_start))) AS BIGINT),
         upper(split_part(ltrim(a.query), ' ', 1)),
         CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                           WHERE l.pid = a.pid AND l.granted AND l.relation = pg_catalog.to_regclass({schema_prefix} || 'images'))
              THEN 'holds a lock on images'
              ELSE 'its transaction is older' END || CASE WHEN a.state LIKE 'idle%' THEN ', idle' ELSE '' END
FROM     pg_catalog.pg_stat_activity a
WHERE    a.pid <> pg_catalog.pg_backend_pid()
AND      a.datname = pg_catalog.current_database()
AND      a.xact_start IS NOT NULL
AND      a.backend_type = 'client backend'
ORDER BY 4, 2 DESC
LIMIT    5;
