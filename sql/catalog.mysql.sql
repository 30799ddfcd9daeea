-- SPDX-License-Identifier: Apache-2.0
-- The server opens every table for this question, so one query asks for all of them.
-- name: tables
SELECT   lower(table_name)
FROM     information_schema.tables
WHERE    table_schema = DATABASE()
AND      table_type = 'BASE TABLE'
ORDER BY 1;

-- A default as MariaDB has it, which alone runs what stands in /*M! */: a text in quotes, and NULL as a word. MySQL has
-- a text without quotes, so that DEFAULT 'NULL' would look like no default; an expression is DEFAULT_GENERATED there.
-- name: columns
SELECT   lower(table_name), lower(column_name), lower(column_type),
         CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END,
         CASE WHEN column_default IS NULL THEN NULL
              WHEN 0 /*M!100207 + 1 */ = 1 THEN NULLIF(column_default, 'NULL')
              WHEN extra LIKE '%DEFAULT_GENERATED%' OR data_type NOT LIKE '%char%' THEN column_default
              ELSE QUOTE(column_default)
         END
FROM     information_schema.columns
WHERE    table_schema = DATABASE()
ORDER BY 1, ordinal_position;

-- name: version_column
SELECT 1
FROM   information_schema.columns
WHERE  table_schema = DATABASE()
AND    table_name = 'alembic_version'
AND    column_name = 'version_num';

-- name: indexes
SELECT   lower(table_name), lower(index_name), CASE WHEN non_unique = 0 THEN 1 ELSE 0 END,
         CASE WHEN sub_part IS NULL THEN 0 ELSE 1 END, lower(column_name), 1
FROM     information_schema.statistics
WHERE    table_schema = DATABASE()
ORDER BY 1, 2, seq_in_index;

-- name: images_collation
SELECT CONCAT('DEFAULT CHARACTER SET ', character_set_name, ' COLLATE ', collation_name)
FROM   information_schema.columns
WHERE  table_schema = DATABASE()
AND    table_name = 'images'
AND    column_name = 'id';

-- name: views
SELECT lower(table_name)
FROM   information_schema.tables
WHERE  table_schema = DATABASE()
AND    table_type = 'VIEW';

-- If an account may not make triggers, MariaDB shows it triggers without their text (NULL), or does not show them at
-- all.
-- name: routines
SELECT 'trigger', lower(event_object_table), lower(trigger_name),
       CONCAT('CREATE TRIGGER ', trigger_name, ' ', action_timing, ' ', event_manipulation, ' ON ', event_object_table,
              ' FOR EACH ', action_orientation, ' ', action_statement)
FROM   information_schema.triggers
WHERE  trigger_schema = DATABASE();

-- name: row_format
SELECT lower(COALESCE(row_format, ''))
FROM   information_schema.tables
WHERE  table_schema = DATABASE()
AND    table_name = 'images';

-- The value is in the second column. MariaDB before 10.3.23 and MySQL have no such variable.
-- name: instant_setting
SHOW GLOBAL VARIABLES LIKE 'innodb_instant_alter_column_allowed';
