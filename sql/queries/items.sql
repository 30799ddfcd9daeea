-- The work queue and the publication of what was read. docs/ledger.md documents the columns and the states.

-- name: queue_page
{insert_if_new} backglance_item (image_id, state, size_bytes, queued_at)
SELECT i.id,
       'queued',
       {known_size},
       {now}
FROM   images i
WHERE  i.id > :after AND i.id <= :upto
AND    {pending_by_id}
AND    NOT EXISTS (SELECT 1 FROM backglance_item t WHERE t.image_id = i.id)
{if_new};

-- name: requeue_changed
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    {item_has_come_back}
AND    {item_is_pending};

-- name: changed_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  {item_has_come_back}
AND    {item_is_pending};

-- A store that was not there may be back. To look costs an open, so that each run an hour later looks again; what
-- disagreed is read again only when told.
-- name: requeue_unreachable
UPDATE backglance_item
SET    state = 'queued', next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    {no_index}state = 'failed'
AND    result IN ('missing', 'unreadable')
AND    finished_at < {now} - 3600
AND    {item_is_pending};

-- name: requeue_failed
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    {no_index}state = 'failed'
AND    {item_is_pending};

-- name: requeue_one
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id = :id
AND    {item_is_pending};

-- Largest first. The queue's own index gives the order, so that the rows read are those returned and the few
-- under lease before them.
-- name: claim_candidates
SELECT   image_id, lease_token, size_bytes, attempts
FROM     backglance_item
WHERE    state = 'queued'
AND      lease_until < {now}
AND      next_try_at <= {now}
AND      size_bytes <= :max_size
ORDER BY size_bytes DESC, image_id DESC
LIMIT    :count;

-- name: claim_candidate
SELECT image_id, lease_token, size_bytes, attempts
FROM   backglance_item
WHERE  image_id = :id
AND    state = 'queued'
AND    lease_until < {now};

-- name: claim
UPDATE backglance_item
SET    lease_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  image_id = :id
AND    state = 'queued'
AND    lease_token = :token
AND    lease_until < {now};

-- name: renew
UPDATE backglance_item
SET    lease_until = {now} + :seconds
WHERE  lease_run = :run
AND    state = 'queued'
AND    lease_until >= {now};

-- name: release
UPDATE backglance_item
SET    lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    state = 'queued';

-- name: release_run
UPDATE backglance_item
SET    lease_run = NULL, lease_until = 0
WHERE  lease_run = :run
AND    state = 'queued';

-- The guarded publish. Half one: our fencing token still holds.
-- name: finish
UPDATE backglance_item
SET    state = :state, result = :result, reason = :reason, attempts = attempts + 1,
       lease_run = NULL, lease_until = 0,
       location_id = :location, source_identity = :identity, bytes_read = :bytes,
       md5 = :md5, algorithm = :algorithm, digest = :digest,
       read_run = :run, finished_at = {now}
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    lease_until >= {now}
AND    state = 'queued';

-- Half two: the row is still live, still lacks a hash, has the same checksum and size, and the location that was
-- read is still its own. updated_at is left alone: Cinder's image cache drops an image whose updated_at moved.
-- name: publish
UPDATE images
SET    checksum = CASE WHEN checksum IS NULL OR length(checksum) = 0 THEN :md5 ELSE checksum END,
       os_hash_algo = :algorithm,
       os_hash_value = :digest
WHERE  id = :id
AND    deleted = {false}
AND    {exact}status IN ('active', 'deactivated')
AND    (os_hash_value IS NULL OR os_hash_value = '')
AND    (checksum IS NULL OR length(checksum) = 0 OR {exact}lower(checksum) = :md5)
AND    (os_hash_algo IS NULL OR length(os_hash_algo) = 0
        OR {exact}CAST(os_hash_algo AS {text_type}) = :algorithm)
AND    (size IS NULL OR size = 0 OR CAST(size AS {text_type}) = :bytes)
AND    EXISTS (SELECT 1 FROM image_locations l
               WHERE l.id = :location AND l.image_id = images.id
               AND   l.deleted = {false} AND {exact}l.status = 'active');

-- name: amend_result
UPDATE backglance_item
SET    state = :state, result = :result, reason = :reason, next_try_at = {now} + :delay,
       md5 = NULL, algorithm = NULL, digest = NULL
WHERE  image_id = :id
AND    read_run = :run
AND    lease_token = :token;

-- name: postpone
UPDATE backglance_item
SET    result = :result, reason = :reason, attempts = attempts + :tries, next_try_at = {now} + :delay,
       lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    state = 'queued';

-- name: erased_page
SELECT   t.image_id, t.md5, t.algorithm, t.digest, t.bytes_read, t.location_id, t.source_identity, l.value
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
LEFT JOIN image_locations l ON l.id = t.location_id AND l.image_id = t.image_id
                            AND l.deleted = {false} AND {exact}l.status = 'active'
WHERE    {no_index}t.state = 'done'
AND      t.digest IS NOT NULL
AND      {pending_by_id}
AND      t.image_id > :after
ORDER BY t.image_id
LIMIT    :page;

-- name: mark_restored
UPDATE backglance_item
SET    result = 'restored'
WHERE  image_id = :id
AND    state = 'done'
AND    digest = :digest;

-- The object, or what Glance says of it, is not what was read: read again, if there still is a hash to find.
-- name: requeue_erased
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now},
       md5 = NULL, algorithm = NULL, digest = NULL
WHERE  image_id = :id
AND    state = 'done'
AND    {item_is_pending};

-- name: erased_count
SELECT COUNT(*)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'done'
AND    t.digest IS NOT NULL
AND    {pending};

-- name: queued_totals
SELECT COUNT(*), COALESCE(SUM(t.size_bytes), 0)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'queued'
AND    {pending};

-- name: claimable_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  state = 'queued'
AND    lease_until < {now}
AND    next_try_at <= {now};

-- name: unqueued_totals
SELECT COUNT(*),
       COALESCE(SUM({known_size}), 0)
FROM   images i
WHERE  {pending}
AND    {has_id}
AND    NOT EXISTS (SELECT 1 FROM backglance_item t WHERE t.image_id = i.id);

-- name: failed_totals
SELECT COUNT(*), COALESCE(SUM(t.size_bytes), 0)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'failed'
AND    t.result NOT IN ('no_location', 'gone')
AND    {pending};

-- name: item
SELECT state, result, reason
FROM   backglance_item
WHERE  image_id = :id;

-- name: forget_verification
DELETE FROM backglance_verify
WHERE  image_id = :id;

-- name: record_verification
INSERT INTO backglance_verify (image_id, result, reason, bytes_read, run_id, verified_at)
VALUES (:id, :result, :reason, :bytes, :run, {now});
