-- SPDX-License-Identifier: Apache-2.0
-- Rights that backglance needs for :what (sql/rights.h) and that the role lacks: the right, and the statement that
-- grants it; one line for all objects that lack the same. docs/postgresql.md has the list. Only an owner may change a
-- table or add an index to it; everybody sees its triggers.
-- name: missing
SELECT lack.name, lack.statement
FROM  (SELECT 'rows' AS what, lacking.privileges || ' ON ' || string_agg(lacking.object, ', ' ORDER BY lacking.object)
                              AS name,
              'GRANT ' || lacking.privileges || ' ON ' || string_agg(lacking.object, ', ' ORDER BY lacking.object)
              || ' TO ' || quote_ident(current_user) AS statement
       FROM  (SELECT need.object, string_agg(need.privilege, ', ' ORDER BY need.privilege) AS privileges
              FROM  (SELECT object, privilege
                     FROM   (VALUES ('alembic_version', 'SELECT'), ('images', 'SELECT'), ('images', 'UPDATE'),
                                    ('image_locations', 'SELECT'), ('image_properties', 'SELECT'),
                                    ('image_properties', 'UPDATE'), ('image_properties', 'INSERT'),
                                    ('image_tags', 'SELECT'), ('image_tags', 'INSERT'), ('image_tags', 'UPDATE'),
                                    ('tasks', 'SELECT')) AS glance(object, privilege)
                     UNION ALL
                     SELECT c.relname, p.privilege
                     FROM   pg_catalog.pg_class c,
                            (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(privilege)
                     WHERE  c.relkind = 'r' AND c.relname LIKE 'backglance\_%'
                     AND    c.relnamespace = pg_catalog.to_regnamespace(quote_ident({schema_of_tables}))) need
              WHERE  NOT pg_catalog.has_table_privilege(pg_catalog.to_regclass({schema_prefix} || need.object),
                                                        need.privilege)
              GROUP BY need.object) lacking
       GROUP BY lacking.privileges
       UNION ALL
       SELECT 'rows', 'USAGE ON SEQUENCE ' || s.name,
              'GRANT USAGE ON SEQUENCE ' || s.name || ' TO ' || quote_ident(current_user)
       FROM  (VALUES ('image_properties_id_seq'), ('image_tags_id_seq')) AS s(name)
       WHERE  NOT pg_catalog.has_sequence_privilege(pg_catalog.to_regclass({schema_prefix} || s.name), 'USAGE')
       UNION ALL
       SELECT need.what, 'CREATE ON SCHEMA ' || s.name,
              'GRANT CREATE ON SCHEMA ' || s.name || ' TO ' || quote_ident(current_user)
       FROM  (SELECT quote_ident({schema_of_tables}) AS name) s,
             (VALUES ('tables'), ('images_index'), ('ledger_index')) AS need(what)
       WHERE  NOT pg_catalog.has_schema_privilege({schema_of_tables}, 'CREATE')
       UNION ALL
       SELECT need.what, 'the ownership of ' || string_agg(c.relname, ', ' ORDER BY c.relname),
              'GRANT ' || owner.name || ' TO ' || quote_ident(current_user)
              || ' (until that is done), or the same with --database and the URL of ' || owner.name
       FROM   pg_catalog.pg_class c
              JOIN LATERAL (SELECT quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS name) owner ON true
              JOIN (VALUES ('images', false), ('images_index', false), ('ledger', true), ('ledger_index', true))
                   AS need(what, of_ledger) ON true
       WHERE  CASE WHEN need.of_ledger
                   THEN c.relkind = 'r' AND c.relname LIKE 'backglance\_%'
                        AND c.relnamespace = pg_catalog.to_regnamespace(quote_ident({schema_of_tables}))
                   ELSE c.oid = pg_catalog.to_regclass({schema_prefix} || 'images') END
       AND    NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
       GROUP BY need.what, owner.name
       UNION ALL
       SELECT 'guard', 'TRIGGER ON images', 'GRANT TRIGGER ON images TO ' || quote_ident(current_user)
       WHERE  NOT pg_catalog.has_table_privilege(pg_catalog.to_regclass({schema_prefix} || 'images'), 'TRIGGER')
       UNION ALL
       SELECT 'revision', need.privilege || ' ON alembic_version',
              'GRANT ' || need.privilege || ' ON alembic_version TO ' || quote_ident(current_user)
       FROM  (VALUES ('INSERT'), ('UPDATE')) AS need(privilege)
       WHERE  NOT pg_catalog.has_table_privilege(pg_catalog.to_regclass({schema_prefix} || 'alembic_version'),
                                                 need.privilege)) lack
WHERE  lack.what = :what;
