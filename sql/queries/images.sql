-- Reads of Glance's tables. An image is pending when it is live, its data is whole, and it has no hash;
-- the same condition stands in items.sql wherever rows are queued, claimed, published or restored.

-- name: pending_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  i.deleted = {false}
AND    {has_id}
AND    i.status IN ('active', 'deactivated')
AND    (i.os_hash_value IS NULL OR i.os_hash_value = '');

-- name: pending_totals_before_expand
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  i.deleted = {false}
AND    {has_id}
AND    i.status IN ('active', 'deactivated');

-- name: page_end
SELECT MAX(page.id)
FROM   (SELECT i.id FROM images i WHERE i.id > :after AND {has_id} ORDER BY i.id LIMIT :page) AS page;

-- name: image
SELECT i.id, i.status, i.deleted, i.size, i.checksum, i.os_hash_algo, i.os_hash_value
FROM   images i
WHERE  i.id = :id;

-- name: locations
SELECT   id, value, meta_data
FROM     image_locations
WHERE    image_id = :id
AND      {no_index}deleted = {false}
AND      status = 'active'
ORDER BY id;

-- name: busy_marker
SELECT name
FROM   image_properties
WHERE  image_id = :id
AND    {no_index}deleted = {false}
AND    (name IN ('os_glance_import_task', 'os_glance_hash_op_host')
        OR (name = 'os_glance_importing_to_stores' AND value <> ''));

-- name: verifiable_page
SELECT   i.id, {known_size}
FROM     images i
WHERE    i.deleted = {false}
AND      {has_id}
AND      i.status IN ('active', 'deactivated')
AND      ((i.os_hash_value IS NOT NULL AND i.os_hash_value <> '')
          OR (i.checksum IS NOT NULL AND i.checksum <> ''))
AND      ({known_size} < :size OR ({known_size} = :size AND i.id > :after))
ORDER BY {known_size} DESC, i.id
LIMIT    :page;

-- name: verifiable_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0)
FROM   images i
WHERE  i.deleted = {false}
AND    {has_id}
AND    i.status IN ('active', 'deactivated')
AND    ((i.os_hash_value IS NOT NULL AND i.os_hash_value <> '')
        OR (i.checksum IS NOT NULL AND i.checksum <> ''));

-- name: unhashed_page
SELECT   i.id
FROM     images i
WHERE    {no_index}i.deleted = {false}
AND      {has_id}
AND      i.status IN ('active', 'deactivated')
AND      ({no_index}i.os_hash_value IS NULL OR {no_index}i.os_hash_value = '')
AND      i.id > :after
ORDER BY i.id
LIMIT    :page;

-- name: published_hashes
SELECT COUNT(*)
FROM   images
WHERE  os_hash_value IS NOT NULL OR os_hash_algo IS NOT NULL;

-- name: hidden_images
SELECT COUNT(*)
FROM   images
WHERE  os_hidden <> {false};
