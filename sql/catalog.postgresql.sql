-- SPDX-License-Identifier: Apache-2.0
-- Only tables of the schema in which Glance finds images.
-- name: tables
SELECT c.relname
FROM   pg_catalog.pg_class c
JOIN   pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE  c.relkind IN ('r', 'p')
AND    n.nspname = {schema_of_tables}
ORDER  BY 1;

-- name: columns
SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM   pg_catalog.pg_class c
JOIN   pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN   pg_catalog.pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE  c.relkind IN ('r', 'p')
AND    n.nspname = {schema_of_tables}
AND    a.attnum > 0
AND    NOT a.attisdropped
ORDER  BY 1, a.attnum;

-- name: version_column
SELECT 1
FROM   pg_catalog.pg_class c
JOIN   pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN   pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE  c.relname = 'alembic_version'
AND    c.relkind IN ('r', 'p')
AND    n.nspname = {schema_of_tables}
AND    a.attname = 'version_num'
AND    a.attnum > 0
AND    NOT a.attisdropped;

-- name: indexes
SELECT   c.relname, x.relname, i.indisunique, i.indpred IS NOT NULL, COALESCE(a.attname, '?'), i.indisvalid
FROM     pg_catalog.pg_index i
JOIN     pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN     pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN     pg_catalog.pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS k(attnum, place)
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
WHERE    n.nspname = {schema_of_tables}
ORDER BY 1, 2, k.place;

-- Used while an index is not valid. Only roles with pg_read_all_stats see which index a session of another role
-- builds. For any other role, such a session counts as working on those invalid indexes of the table whose lock it
-- holds.
-- name: builders
SELECT x.relname, p.pid, p.phase, p.lockers_done, p.lockers_total, p.blocks_done, p.blocks_total, p.tuples_done,
       p.tuples_total,
       (SELECT string_agg('pid ' || a.pid || ', '
                          || FLOOR(EXTRACT(EPOCH FROM clock_timestamp() - COALESCE(a.xact_start, a.backend_start)))
                          || ' s, ' || upper(left(split_part(ltrim(a.query), ' ', 1), 32)), '; ')
        FROM   unnest(pg_catalog.pg_blocking_pids(p.pid)) AS b(pid)
        JOIN   pg_catalog.pg_stat_activity a ON a.pid = b.pid)
FROM   pg_catalog.pg_stat_progress_create_index p
JOIN   pg_catalog.pg_index i ON NOT i.indisvalid
JOIN   pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE  p.datname = current_database()
AND    (p.index_relid = i.indexrelid
        OR (COALESCE(p.index_relid, 0) = 0
            AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                        WHERE l.pid = p.pid AND l.granted AND l.locktype = 'relation'
                        AND   l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock')));

-- name: images_collation
SELECT '';

-- name: views
SELECT c.relname
FROM   pg_catalog.pg_class c
JOIN   pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE  c.relkind IN ('v', 'm', 'f')
AND    n.nspname = {schema_of_tables};

-- A trigger that was switched off, or a function with settings of its own, is not the one that expand made.
-- name: routines
SELECT 'trigger', c.relname, t.tgname,
       CASE t.tgenabled WHEN 'O' THEN '' WHEN 'A' THEN '' ELSE '(switched off) ' END
       || replace(pg_catalog.pg_get_triggerdef(t.oid, true), {schema_prefix}, '')
FROM   pg_catalog.pg_trigger t
JOIN   pg_catalog.pg_class c ON c.oid = t.tgrelid
WHERE  NOT t.tgisinternal
AND    c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {schema_of_tables})
UNION ALL
SELECT 'function', p.proname, p.proname,
       'CREATE FUNCTION ' || p.proname || '() RETURNS ' || pg_catalog.format_type(p.prorettype, NULL) || ' LANGUAGE '
       || l.lanname || CASE WHEN p.prosecdef THEN ' SECURITY DEFINER' ELSE '' END
       || COALESCE(' SET ' || array_to_string(p.proconfig, ', '), '') || ' AS $body$' || p.prosrc || '$body$'
FROM   pg_catalog.pg_proc p
JOIN   pg_catalog.pg_language l ON l.oid = p.prolang
WHERE  p.proname LIKE 'backglance\_%'
AND    p.pronargs = 0
AND    p.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {schema_of_tables});

-- name: row_format
SELECT '';

-- name: instant_setting
SELECT '', '';
