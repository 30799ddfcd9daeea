-- SPDX-License-Identifier: Apache-2.0
-- Settings of the server that a session cannot change for itself, or should not.

-- reset_val is what the session began with: a session that only reads sets its own value.
-- name: settings
SELECT name, reset_val
FROM   pg_catalog.pg_settings
WHERE  name = 'default_transaction_read_only'
UNION ALL
SELECT 'in_recovery', CAST(pg_catalog.pg_is_in_recovery() AS TEXT);

-- Triggers of others on tables that the program writes to.
-- name: triggers
SELECT t.tgname, c.relname, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
       quote_ident({schema_of_tables})
FROM   pg_catalog.pg_trigger t
JOIN   pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN   pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN   pg_catalog.pg_proc p ON p.oid = t.tgfoid
JOIN   pg_catalog.pg_language l ON l.oid = p.prolang
WHERE  NOT t.tgisinternal
AND    t.tgenabled <> 'D'
AND    n.nspname = {schema_of_tables}
AND    c.relname IN ('images', 'image_properties', 'image_tags', 'image_locations', 'alembic_version')
AND    t.tgname <> 'backglance_guard'
AND    l.lanname NOT IN ('c', 'internal')
AND    NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search\_path=%');
