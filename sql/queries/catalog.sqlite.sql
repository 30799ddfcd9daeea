-- A view counts where it takes a name of ours.
-- name: tables
SELECT lower(name)
FROM   sqlite_master
WHERE  type = 'table'
OR     (type = 'view' AND name LIKE 'backglance%')
ORDER  BY 1;

-- name: columns
SELECT lower(name), lower(type), "notnull", dflt_value
FROM   pragma_table_info(:table)
ORDER  BY cid;

-- name: indexes
SELECT   lower(l.name), l."unique", l.partial, lower(i.name), 1
FROM     pragma_index_list(:table) AS l, pragma_index_info(l.name) AS i
ORDER BY 1, i.seqno;

-- name: images_collation
SELECT '';

-- name: row_format
SELECT '';

-- name: instant_setting
SELECT '', '';
