-- SPDX-License-Identifier: Apache-2.0
-- Legacy signature properties: contract removes them and puts them back.

-- Images that the last verification found settled. Whether they still are is checked for each image.
-- name: settled_totals
SELECT COUNT(*)
FROM   backglance_signature s
JOIN   images i ON i.id = s.image_id
WHERE  {settled}
AND    i.deleted = {false};

-- name: settled_page
SELECT   s.image_id
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
WHERE    {settled}
AND      COALESCE(i.deleted, {true}) = {false}
AND      s.image_id > :after
ORDER BY s.image_id
LIMIT    :page;

-- name: settled_state
SELECT s.verified_state
FROM   backglance_signature s
WHERE  {settled}
AND    s.image_id = :id;

-- name: live_properties
{live_properties_of_image};

-- The same rows, locked until the transaction ends. On SQLite no other transaction can write anyway.
-- name: locked_properties
{live_properties_of_image};

-- name: current_datetime
SELECT {now_datetime};

-- name: current_time
SELECT {now};

-- The server copies the value from table to table, so it comes back unchanged, whatever it is.
-- name: archive_property
INSERT INTO backglance_removed
       (property_id, image_id, name, value, updated_at, deleted_at, run_id, removed_at)
SELECT p.id, p.image_id, p.name, p.value, p.updated_at, :deleted_at, :run, {now}
FROM   image_properties p
WHERE  p.id = :property;

-- name: forget_archived
DELETE FROM backglance_removed
WHERE  image_id = :id
AND    name = :name;

-- name: forget_restored
DELETE FROM backglance_removed
WHERE  image_id = :id
AND    name = :name
AND    deleted_at = :deleted_at;

-- A later removal of the same property, perhaps with another value.
-- name: removed_later
SELECT COUNT(*)
FROM   backglance_removed
WHERE  image_id = :id
AND    name = :name
AND    deleted_at > :deleted_at;

-- As Glance's image_property_delete does it: the row stays, with its value.
-- name: delete_property
UPDATE image_properties
SET    deleted = {true}, deleted_at = :deleted_at, updated_at = :deleted_at
WHERE  id = :property
AND    deleted = {false};

-- name: mark_removed
UPDATE backglance_signature
SET    removed_at = {now}, scheme = :scheme, present = :present, missing = :missing
WHERE  image_id = :id;

-- name: archived_page
SELECT   r.property_id, r.image_id, r.name, r.deleted_at
FROM     backglance_removed r
WHERE    r.image_id > :after_image OR (r.image_id = :after_image AND r.name > :after_name)
ORDER BY r.image_id, r.name
LIMIT    :page;

-- Puts back only a property that still has its value, on an image that still exists.
-- name: restore_property
UPDATE image_properties
SET    deleted = {false}, deleted_at = NULL,
       updated_at = (SELECT r.updated_at{as_datetime} FROM backglance_removed r
                     WHERE r.image_id = :id AND r.name = :name)
WHERE  {as_removed}
AND    EXISTS (SELECT 1 FROM backglance_removed r
               WHERE r.image_id = :id AND r.name = :name
               AND   ({exact}r.value = image_properties.value
                      OR (r.value IS NULL AND image_properties.value IS NULL)));

-- glance-manage db purge removes soft-deleted rows after some time; then a new row is made.
-- name: recreate_property
INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
SELECT r.image_id, r.name, r.value, COALESCE(r.updated_at{as_datetime}, {now_datetime}), r.updated_at{as_datetime}, {false}
FROM   backglance_removed r
JOIN   images i ON i.id = r.image_id
WHERE  r.image_id = :id
AND    r.name = :name
AND    i.deleted = {false}
AND    NOT EXISTS (SELECT 1 FROM image_properties p WHERE p.image_id = r.image_id AND p.name = r.name);

-- name: mark_restored
UPDATE backglance_signature
SET    removed_at = NULL, scheme = :scheme, present = :present, missing = :missing
WHERE  image_id = :id;

-- All of them, and those that cannot be put back because their image is gone.
-- name: archived_counts
SELECT    COUNT(*), COALESCE(SUM(CASE WHEN COALESCE(i.deleted, {true}) <> {false} THEN 1 ELSE 0 END), 0)
FROM      backglance_removed r
LEFT JOIN images i ON i.id = r.image_id;

-- name: live_image
SELECT COUNT(*)
FROM   images i
WHERE  i.id = :id
AND    i.deleted = {false};

-- The same, from an archive. The value keeps its type.
-- name: restore_as_left
UPDATE image_properties
SET    deleted = {false}, deleted_at = NULL, updated_at = :updated_at{as_datetime}
WHERE  {as_removed}
AND    {exact}COALESCE(CAST(value AS {text_type}), '') = COALESCE(:value, '');

-- name: recreate_removed
INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
SELECT i.id, :name, :value, COALESCE(:updated_at{as_datetime}, {now_datetime}), :updated_at{as_datetime}, {false}
FROM   images i
WHERE  i.id = :id
AND    {exact}i.id = :id
AND    i.deleted = {false}
AND    NOT EXISTS (SELECT 1 FROM image_properties p WHERE p.image_id = :id AND p.name = :name);

-- True if one of these two would change a row.
-- name: is_restorable
SELECT COUNT(*)
FROM   images i
WHERE  i.id = :id
AND    {exact}i.id = :id
AND    i.deleted = {false}
AND    (EXISTS (SELECT 1 FROM image_properties p
                WHERE p.id = :property AND p.image_id = :id AND p.name = :name
                AND   p.deleted = {true} AND {exact}COALESCE(CAST(p.value AS {text_type}), '') = COALESCE(:value, ''))
        OR NOT EXISTS (SELECT 1 FROM image_properties p WHERE p.image_id = :id AND p.name = :name));

-- The property is there already, with the value that was removed. First of an archive, then of our own table.
-- name: is_there
SELECT COUNT(*)
FROM   image_properties p
JOIN   images i ON i.id = p.image_id
WHERE  p.image_id = :id
AND    {exact}p.image_id = :id
AND    p.name = :name
AND    {exact}p.name = :name
AND    p.deleted = {false}
AND    i.deleted = {false}
AND    {exact}COALESCE(CAST(p.value AS {text_type}), '') = COALESCE(:value, '');

-- name: archived_is_there
SELECT COUNT(*)
FROM   image_properties p
JOIN   images i ON i.id = p.image_id
JOIN   backglance_removed r ON r.image_id = p.image_id AND r.name = p.name
WHERE  p.image_id = :id
AND    p.name = :name
AND    p.deleted = {false}
AND    i.deleted = {false}
AND    ({exact}r.value = p.value OR (r.value IS NULL AND p.value IS NULL));
