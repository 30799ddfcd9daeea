-- SPDX-License-Identifier: Apache-2.0
-- Who stands in the way of a statement on images: process id, age in seconds, kind of statement, and what makes it
-- one. Never the statement itself, which holds values. Without the privilege PROCESS the server shows us
-- ourselves alone.

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
