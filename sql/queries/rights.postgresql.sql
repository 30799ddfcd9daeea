-- Which rights the role lacks of those that backglance needs: what is missing, and the statement that gives it.
-- docs/operations.md has the list.

-- For statements on rows.
-- name: missing_for_rows
SELECT need.privilege || ' ON ' || need.object,
       'GRANT ' || need.privilege || ' ON ' || need.object || ' TO ' || quote_ident(current_user)
FROM  (SELECT object, privilege, 1 AS place
       FROM   (VALUES ('alembic_version', 'SELECT'), ('images', 'SELECT'), ('images', 'UPDATE'),
                      ('image_locations', 'SELECT'), ('image_properties', 'SELECT'), ('image_properties', 'UPDATE'),
                      ('image_properties', 'INSERT'), ('image_tags', 'SELECT'), ('image_tags', 'INSERT'),
                      ('image_tags', 'UPDATE'), ('tasks', 'SELECT')) AS glance(object, privilege)
       UNION ALL
       SELECT c.relname, p.privilege, 2
       FROM   pg_catalog.pg_class c,
              (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(privilege)
       WHERE  c.relkind = 'r' AND c.relname LIKE 'backglance\_%'
       AND    pg_catalog.pg_table_is_visible(c.oid)) need
WHERE  NOT pg_catalog.has_table_privilege(pg_catalog.to_regclass(need.object), need.privilege)
UNION ALL
SELECT 'USAGE ON SEQUENCE ' || s.name,
       'GRANT USAGE ON SEQUENCE ' || s.name || ' TO ' || quote_ident(current_user)
FROM  (VALUES ('image_properties_id_seq'), ('image_tags_id_seq')) AS s(name)
WHERE  NOT pg_catalog.has_sequence_privilege(pg_catalog.to_regclass(s.name), 'USAGE');

-- For statements that change the schema.
-- name: missing_for_schema
SELECT 'CREATE ON SCHEMA ' || s.name, 'GRANT CREATE ON SCHEMA ' || s.name || ' TO ' || quote_ident(current_user)
FROM  (SELECT quote_ident(pg_catalog.current_schema()) AS name) s
WHERE  NOT pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE')
UNION ALL
SELECT 'the ownership of ' || c.relname,
       'GRANT ' || quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) || ' TO ' || quote_ident(current_user)
FROM   pg_catalog.pg_class c
WHERE  c.oid = pg_catalog.to_regclass('images')
AND    NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT need.privilege || ' ON alembic_version',
       'GRANT ' || need.privilege || ' ON alembic_version TO ' || quote_ident(current_user)
FROM  (VALUES ('INSERT'), ('UPDATE')) AS need(privilege)
WHERE  NOT pg_catalog.has_table_privilege(pg_catalog.to_regclass('alembic_version'), need.privilege);
