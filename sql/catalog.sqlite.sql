-- SPDX-License-Identifier: Apache-2.0
-- name: tables
SELECT lower(name)
FROM   sqlite_master
WHERE  type = 'table'
ORDER  BY 1;

-- name: columns
SELECT   lower(m.name), lower(c.name), lower(c.type), c."notnull", c.dflt_value
FROM     sqlite_master AS m, pragma_table_info(m.name) AS c
WHERE    m.type = 'table'
ORDER BY 1, c.cid;

-- name: version_column
SELECT 1
FROM   sqlite_master AS m, pragma_table_info(m.name) AS c
WHERE  m.type = 'table'
AND    lower(m.name) = 'alembic_version'
AND    lower(c.name) = 'version_num';

-- name: indexes
SELECT   lower(m.name), lower(l.name), l."unique", l.partial, lower(i.name), 1
FROM     sqlite_master AS m, pragma_index_list(m.name) AS l, pragma_index_info(l.name) AS i
WHERE    m.type = 'table'
ORDER BY 1, 2, i.seqno;

-- name: images_collation
SELECT '';

-- name: views
SELECT lower(name) FROM sqlite_master WHERE type = 'view';

-- name: routines
SELECT 'trigger', lower(tbl_name), lower(name), sql
FROM   sqlite_master
WHERE  type = 'trigger';

-- name: row_format
SELECT '';

-- name: instant_setting
SELECT '', '';
