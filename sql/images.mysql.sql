-- SPDX-License-Identifier: Apache-2.0
-- A text goes to the column's character set and comes back the same. Glance's tables have utf8mb3 as a rule, without
-- characters of four bytes; latin1 in very old sites. Another set is not judged here.
-- name: column_holds
SELECT CASE WHEN c.character_set_name IN ('utf8', 'utf8mb3')
            THEN BINARY CONVERT(CONVERT(:text USING utf8) USING utf8mb4) = BINARY :text
            WHEN c.character_set_name = 'latin1'
            THEN BINARY CONVERT(CONVERT(:text USING latin1) USING utf8mb4) = BINARY :text
            ELSE 1 END
FROM   information_schema.columns c
WHERE  c.table_schema = DATABASE()
AND    c.table_name = :table
AND    c.column_name = :column;
