-- SPDX-License-Identifier: Apache-2.0
-- The schema of Glance's tables, and limits of the session.

-- The first schema of a search path that has the table images, as Glance finds it, else the first of all; and another
-- schema of the path that has our tables, if this one does not. Run while pg_catalog is alone in the path.
-- name: schema_of_images
WITH     path AS (SELECT n.oid, n.nspname, s.place,
                         EXISTS (SELECT 1 FROM pg_catalog.pg_class c
                                 WHERE c.relnamespace = n.oid AND c.relname = 'images' AND c.relkind IN ('r', 'p'))
                         AS has_images,
                         EXISTS (SELECT 1 FROM pg_catalog.pg_class c
                                 WHERE c.relnamespace = n.oid AND c.relname = 'backglance_run' AND c.relkind = 'r')
                         AS has_ours
                  FROM   unnest(CAST(:schemas AS name[])) WITH ORDINALITY AS s(name, place)
                  JOIN   pg_catalog.pg_namespace n ON n.nspname = s.name
                  WHERE  n.nspname NOT IN ('pg_catalog', 'information_schema'))
SELECT   p.nspname,
         CASE WHEN p.has_ours OR NOT p.has_images THEN ''
              ELSE COALESCE((SELECT min(CAST(o.nspname AS TEXT)) FROM path o WHERE o.has_ours), '') END
FROM     path p
ORDER BY p.has_images DESC, p.place
LIMIT    1;

-- name: schema
SELECT quote_ident(NULLIF(pg_catalog.current_setting('backglance.schema', true), ''));

-- Each limit that could end one of our statements or sessions, as far as this server has it.
-- name: lift_limits
SELECT pg_catalog.set_config(name, '0', false)
FROM   pg_catalog.pg_settings
WHERE  name IN ('transaction_timeout', 'idle_session_timeout')
AND    setting <> '0';
