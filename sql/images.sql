-- SPDX-License-Identifier: Apache-2.0
-- Reads of Glance's tables. fragments.sql defines live, pending and verifiable.

-- name: pending_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  {pending}
AND    {has_id};

-- name: pending_totals_before_expand
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  {live}
AND    {has_id};

-- name: pending_sizes
SELECT   {known_size}
FROM     images i
WHERE    {pending}
AND      {has_id}
ORDER BY 1 DESC;

-- name: pending_sizes_before_expand
SELECT   {known_size}
FROM     images i
WHERE    {live}
AND      {has_id}
ORDER BY 1 DESC;

-- name: page_end
SELECT MAX(page.id)
FROM   (SELECT i.id FROM images i WHERE i.id > :after AND {has_id} ORDER BY i.id LIMIT :page) AS page;

-- Before expand too, which adds columns that the next statement reads.
-- name: has_image
SELECT COUNT(*)
FROM   images i
WHERE  i.id = :id
AND    {exact}i.id = :id;

-- name: images
SELECT i.id, i.status, i.deleted, i.size, i.checksum, i.os_hash_algo, i.os_hash_value
FROM   images i
WHERE  i.id IN ({each, ::id#});

-- Which image a row belongs to, here and in the next two statements, the database decides by its own comparison, as it
-- does for Glance (joinedload in glance/db/sqlalchemy/api.py): under a collation without case, a row with another
-- spelling of the id is the image's too. The image's own spelling is returned.
-- name: locations
SELECT   i.id, l.id, l.value, l.meta_data
FROM     image_locations l
JOIN     images i ON i.id = l.image_id
WHERE    l.image_id IN ({each, ::id#})
AND      COALESCE(l.deleted, {true}) = {false}
AND      {exact}l.status = 'active'
ORDER BY l.id;

-- Glance serves only the location whose status is active (glance/db/__init__.py). One with another status may come back:
-- who has changed the status by hand can change it again, and the data may still be there. So it counts too.
-- name: other_locations
SELECT i.id
FROM   images i
JOIN   image_locations l ON l.image_id = i.id
WHERE  i.id IN ({each, ::id#})
AND    COALESCE(l.deleted, {true}) = {false}
AND    NOT (COALESCE(l.status, '') = 'active' AND {exact}l.status = 'active');

-- The marks of a Glance that died would block an image for ever. For an import's lock, Glance itself says when it has
-- expired (glance/api/v2/images.py, _enforce_import_lock): its task is gone, or has not been touched for an hour, two
-- while it is pending. The other two marks have no such rule: after a day without a change they no longer count.
-- name: busy_markers
SELECT i.id, p.name
FROM   image_properties p
JOIN   images i ON i.id = p.image_id
WHERE  p.image_id IN ({each, ::id#})
AND    COALESCE(p.deleted, {true}) = {false}
AND    ((p.name = 'os_glance_import_task'
         AND EXISTS (SELECT 1 FROM tasks t
                     WHERE t.id = p.value
                     AND   (t.updated_at > {hour_ago} OR (t.status = 'pending' AND t.updated_at > {two_hours_ago}))))
        OR ((p.name = 'os_glance_hash_op_host' OR (p.name = 'os_glance_importing_to_stores' AND p.value <> ''))
            AND COALESCE(p.updated_at, p.created_at) > {day_ago}));

-- No key's signature is longer, whatever stands between its letters: one of 16,384 bits has 2.7 KB.
-- name: signature_values
SELECT i.id, p.name, substr(p.value, 1, 65536)
FROM   image_properties p
JOIN   images i ON i.id = p.image_id
WHERE  p.image_id IN ({each, ::id#})
AND    COALESCE(p.deleted, {true}) = {false}
AND    p.name IN ({signature_names},
                  'mask_gen_algorithm', 'pss_salt_length', 'image_type', 'base_image_ref');

-- Images with signatures of either scheme, with or without a hash.
-- name: signed_page
SELECT   i.id, {known_size}
FROM     images i
WHERE    {live}
AND      {has_id}
AND      {signed}
AND      ({known_size} < :size OR ({known_size} = :size AND i.id > :after))
ORDER BY {known_size} DESC, i.id
LIMIT    :page;

-- name: signed_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  {live}
AND    {has_id}
AND    {signed};

-- name: verifiable_page
SELECT   i.id, {known_size}
FROM     images i
WHERE    {live}
AND      {has_id}
AND      {verifiable}
AND      ({known_size} < :size OR ({known_size} = :size AND i.id > :after))
ORDER BY {known_size} DESC, i.id
LIMIT    :page;

-- name: verifiable_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0),
       COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM   images i
WHERE  {live}
AND    {has_id}
AND    {verifiable};

-- name: unhashed_page
SELECT   i.id
FROM     images i
WHERE    {pending_by_id}
AND      {has_id}
AND      i.id > :after
ORDER BY i.id
LIMIT    :page;

-- name: is_unhashed
SELECT COUNT(*)
FROM   images i
WHERE  {pending_by_id}
AND    i.id = :id;

-- name: hashed_page
SELECT   i.id
FROM     images i
WHERE    COALESCE(i.deleted, {true}) = {false}
AND      {exact}i.status IN ('active', 'deactivated')
AND      COALESCE(i.os_hash_value, '') <> ''
AND      {has_id}
AND      i.id > :after
ORDER BY i.id
LIMIT    :page;

-- The column's index finds the rows, and may ignore case; then only an owner in exactly this spelling counts.
-- name: images_of_owner
SELECT COUNT(*)
FROM   images i
WHERE  i.deleted = {false}
AND    i.owner = :owner
AND    {exact}i.owner = :owner;

-- A column of SQLite holds any text, and one of PostgreSQL all that the connection does.
-- name: column_holds
SELECT 1
WHERE  CAST(:table AS {text_type}) IS NOT NULL
AND    CAST(:column AS {text_type}) IS NOT NULL
AND    CAST(:text AS {text_type}) IS NOT NULL;

-- name: published_hashes
SELECT COUNT(*)
FROM   images
WHERE  os_hash_value IS NOT NULL OR os_hash_algo IS NOT NULL;

-- name: hidden_images
SELECT COUNT(*)
FROM   images
WHERE  os_hidden <> {false};
