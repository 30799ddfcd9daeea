-- name: tables
SELECT name
FROM   sqlite_master
WHERE  type = 'table'
ORDER  BY name;

-- name: columns
SELECT name, lower(type), "notnull", dflt_value
FROM   pragma_table_info(:table)
ORDER  BY cid;

-- name: indexes
SELECT   l.name, l."unique", l.partial, i.name
FROM     pragma_index_list(:table) AS l, pragma_index_info(l.name) AS i
ORDER BY l.name, i.seqno;
