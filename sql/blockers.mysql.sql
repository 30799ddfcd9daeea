-- SPDX-License-Identifier: Apache-2.0
-- Sessions that block a statement on images: process id, age in seconds, kind of statement, and why it blocks. Never
-- the statement itself, because it holds values. Without the privilege PROCESS, the server shows only our own
-- sessions.

-- name: blockers
SELECT   p.id,
         TIMESTAMPDIFF(SECOND, t.trx_started, NOW()),
         UPPER(COALESCE(NULLIF(SUBSTRING_INDEX(LTRIM(COALESCE(p.info, '')), ' ', 1), ''), p.command)),
         'has a transaction open'
FROM     information_schema.innodb_trx t
JOIN     information_schema.processlist p ON p.id = t.trx_mysql_thread_id
WHERE    p.id <> CONNECTION_ID()
AND      p.db = DATABASE()
ORDER BY t.trx_started
LIMIT    5;
