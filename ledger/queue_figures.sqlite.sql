-- SPDX-License-Identifier: Apache-2.0
-- SQLite joins by looking up each row, and Glance's ids are random: at a million images most of these looks read another
-- page of the file. So the rows of all tables are sorted by the image's id together, and each image's are added up.
-- SQLite sorts in parts of its page cache's size, with a temporary file, so its memory does not grow.
--
-- `flags` are those of the image's item: 1 there is one, 2 queued, 4 claimable, 8 has come back, 16 failed, 32 and may be
-- reached, 64 erased. `done`: bytes that a checkpoint holds.

-- name: site_figures
SELECT
       COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(unknown), 0),
       COALESCE(SUM(flags = 0), 0), COALESCE(SUM(CASE WHEN flags = 0 THEN size ELSE 0 END), 0),
       COALESCE(SUM((flags & 2) <> 0), 0),
       COALESCE(SUM(CASE WHEN (flags & 2) = 0 THEN 0 WHEN done <= item_size THEN item_size - done
                         ELSE item_size END), 0),
       COALESCE(SUM((flags & 4) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 4 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 8) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 8 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 32) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 32 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 16) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 16 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN flags & 64 AND {erased_is_read_again} THEN 1 ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN flags & 64 AND {erased_is_read_again} THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 64) <> 0), 0)
FROM (
    SELECT   id, SUM(size) AS size, SUM(unknown) AS unknown, SUM(flags) AS flags, SUM(item_size) AS item_size,
             SUM(done) AS done
    FROM (
    SELECT i.id AS id, 1 AS pending, {known_size} AS size, CASE WHEN i.size > 0 THEN 0 ELSE 1 END AS unknown,
           0 AS flags, 0 AS item_size, 0 AS done
    FROM   images i
    WHERE  {pending_by_id}
    AND    {has_id}
    UNION ALL
    SELECT t.image_id, 0, 0, 0,
           1 + CASE WHEN state = 'queued' THEN 2 ELSE 0 END + CASE WHEN {item_is_claimable} THEN 4 ELSE 0 END
           + CASE WHEN {item_has_come_back} THEN 8 ELSE 0 END + CASE WHEN {item_is_failed} THEN 16 ELSE 0 END
           + CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN 32 ELSE 0 END
           + CASE WHEN {item_is_erased} THEN 64 ELSE 0 END, t.size_bytes, 0
    FROM   backglance_item t
    UNION ALL
    SELECT c.image_id, 0, 0, 0, 0, 0, c.offset_bytes
    FROM   backglance_checkpoint c
    )
    GROUP BY id
    HAVING   SUM(pending) > 0) AS image;

-- SQLite takes `scheme` and `meta_data` from the row that has MIN(location), which is the first location; from any row,
-- all NULL, if the image has no location.
-- name: site_figures_by_store
SELECT scheme, COALESCE(meta_data, ''),
       COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(unknown), 0),
       COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(unknown), 0),
       COALESCE(SUM(flags = 0), 0), COALESCE(SUM(CASE WHEN flags = 0 THEN size ELSE 0 END), 0),
       COALESCE(SUM((flags & 2) <> 0), 0),
       COALESCE(SUM(CASE WHEN (flags & 2) = 0 THEN 0 WHEN done <= item_size THEN item_size - done
                         ELSE item_size END), 0),
       COALESCE(SUM((flags & 4) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 4 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 8) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 8 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 32) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 32 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 16) <> 0), 0), COALESCE(SUM(CASE WHEN flags & 16 THEN item_size ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN flags & 64 AND {erased_is_read_again} THEN 1 ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN flags & 64 AND {erased_is_read_again} THEN item_size ELSE 0 END), 0),
       COALESCE(SUM((flags & 64) <> 0), 0)
FROM (
    SELECT   id, SUM(size) AS size, SUM(unknown) AS unknown, SUM(flags) AS flags, SUM(item_size) AS item_size,
             SUM(done) AS done,
             MIN(location), scheme, meta_data
    FROM (
    SELECT i.id AS id, 1 AS pending, {known_size} AS size, CASE WHEN i.size > 0 THEN 0 ELSE 1 END AS unknown,
           0 AS flags, 0 AS item_size, 0 AS done,
           NULL AS location, NULL AS scheme, NULL AS meta_data
    FROM   images i
    WHERE  {pending_by_id}
    AND    {has_id}
    UNION ALL
    SELECT t.image_id, 0, 0, 0,
           1 + CASE WHEN state = 'queued' THEN 2 ELSE 0 END + CASE WHEN {item_is_claimable} THEN 4 ELSE 0 END
           + CASE WHEN {item_has_come_back} THEN 8 ELSE 0 END + CASE WHEN {item_is_failed} THEN 16 ELSE 0 END
           + CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN 32 ELSE 0 END
           + CASE WHEN {item_is_erased} THEN 64 ELSE 0 END, t.size_bytes, 0, NULL, NULL, NULL
    FROM   backglance_item t
    UNION ALL
    SELECT c.image_id, 0, 0, 0, 0, 0, c.offset_bytes, NULL, NULL, NULL
    FROM   backglance_checkpoint c
    UNION ALL
    SELECT l.image_id, 0, 0, 0, 0, 0, 0, l.id, {location_scheme}, l.meta_data
    FROM   image_locations l
    WHERE  COALESCE(l.deleted, {true}) = {false}
    AND    {exact}l.status = 'active'
    )
    GROUP BY id
    HAVING   SUM(pending) > 0) AS image
GROUP BY scheme, meta_data;
