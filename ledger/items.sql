-- SPDX-License-Identifier: Apache-2.0
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
AND    {item_has_come_back_by_id}
AND    {item_is_pending};

-- name: changed_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  {item_has_come_back}
AND    {item_is_pending};

-- To look for a store that was not there costs an open, so that each run an hour later looks again; what
-- disagreed is read again only when told.
-- name: requeue_unreachable
UPDATE backglance_item
SET    state = 'queued', next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    COALESCE(state, '') = 'failed'
AND    {item_may_be_reached}
AND    {item_is_pending};

-- Those that it will queue.
-- name: reachable_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  state = 'failed'
AND    {item_may_be_reached}
AND    {item_is_pending};

-- What was found stands until it is read again: a run that is limited does not come to all of them.
-- name: requeue_failed
UPDATE backglance_item
SET    state = 'queued', attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    COALESCE(state, '') = 'failed'
AND    {item_is_pending};

-- name: requeue_one
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id = :id
AND    {item_is_pending};

-- Largest first. The queue's own index gives the order, so that the rows read are those returned and the few
-- under lease before them.
-- name: claim_candidates
SELECT   image_id, size_bytes
FROM     backglance_item
WHERE    state = 'queued'
AND      lease_until < {now}
AND      next_try_at <= {now}
AND      size_bytes <= :max_size
ORDER BY size_bytes DESC, image_id DESC
LIMIT    :count;

-- Own queue table, by primary key, decided by the row itself: of two runs that chose the same image the second
-- changes nothing.
-- name: claim_due
UPDATE backglance_item{by_primary_key}
SET    lease_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    COALESCE(state, '') = 'queued'
AND    lease_until < {now}
AND    next_try_at <= {now};

-- name: claim_named
UPDATE backglance_item{by_primary_key}
SET    lease_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    COALESCE(state, '') = 'queued'
AND    lease_until < {now};

-- name: claimed
SELECT image_id, lease_token, size_bytes, attempts
FROM   backglance_item{by_primary_key}
WHERE  image_id IN ({each, ::id#})
AND    lease_run = :run
AND    COALESCE(state, '') = 'queued'
AND    lease_until >= {now}
ORDER BY size_bytes DESC, image_id DESC;

-- name: renew
UPDATE backglance_item{by_primary_key}
SET    lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    lease_run = :run
AND    COALESCE(state, '') = 'queued'
AND    lease_until >= {now};

-- name: release
UPDATE backglance_item
SET    lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    state = 'queued';

-- Read first and then changed by primary key: an UPDATE that looks for them locks the queue on its way.
-- name: leased
SELECT image_id
FROM   backglance_item
WHERE  state = 'queued'
AND    lease_run = :run;

-- name: release_leased
UPDATE backglance_item{by_primary_key}
SET    lease_run = NULL, lease_until = 0
WHERE  image_id IN ({each, ::id#})
AND    lease_run = :run
AND    COALESCE(state, '') = 'queued';

-- name: is_leased
SELECT COUNT(*)
FROM   backglance_item
WHERE  image_id = :id
AND    COALESCE(state, '') = 'queued'
AND    lease_until >= {now};

-- Who holds what is left of the queue.
-- name: holders
SELECT   r.run_id, r.host, r.process, {now} - r.heartbeat_at, COUNT(*)
FROM     backglance_item t
JOIN     backglance_run r ON r.run_id = t.lease_run
WHERE    t.state = 'queued'
AND      t.lease_until >= {now}
AND      t.lease_run <> :run
GROUP BY r.run_id, r.host, r.process, r.heartbeat_at
ORDER BY r.run_id;

-- The guarded publish, of several images. Half one: the fencing token of each still holds.
-- name: finish
WITH v(id, token, state, result, reason, location, identity, bytes, md5, algorithm, digest) AS (
    VALUES {each, :(:id#, CAST(:token# AS BIGINT), :state#, :result#, :reason#, CAST(:location# AS BIGINT),
                    :identity#, CAST(:bytes# AS BIGINT), :md5_#, :algorithm#, :digest#)})
UPDATE backglance_item
SET    state = v.state, result = v.result, reason = v.reason, attempts = attempts + 1,
       lease_run = NULL, lease_until = 0,
       location_id = v.location, source_identity = v.identity, bytes_read = v.bytes,
       md5 = v.md5, algorithm = v.algorithm, digest = v.digest,
       read_run = :run, finished_at = {now}
FROM   v
WHERE  backglance_item.image_id = v.id
AND    backglance_item.lease_run = :run
AND    backglance_item.lease_token = v.token
AND    backglance_item.lease_until >= {now}
AND    COALESCE(backglance_item.state, '') = 'queued';

-- Half two, and a restore from the ledger: the row is still live, still lacks a hash, has the same checksum and size, and the location that was
-- read is still its own. updated_at is left alone: Cinder's image cache drops an image whose updated_at moved.
-- name: publish
UPDATE images
SET    checksum = CASE WHEN checksum IS NULL OR length(checksum) = 0 THEN t.md5 ELSE checksum END,
       os_hash_algo = t.algorithm,
       os_hash_value = t.digest
FROM   backglance_item t
WHERE  t.image_id IN ({each, ::id#})
AND    images.id = t.image_id
AND    t.read_run = :run
AND    COALESCE(t.state, '') = 'done'
AND    t.digest IS NOT NULL
AND    COALESCE(images.deleted, {true}) = {false}
AND    images.status IN ('active', 'deactivated')
AND    COALESCE(os_hash_value, '') = ''
AND    (checksum IS NULL OR length(checksum) = 0 OR lower(checksum) = t.md5)
AND    (os_hash_algo IS NULL OR length(os_hash_algo) = 0
        OR CAST(os_hash_algo AS {text_type}) = t.algorithm)
AND    (size IS NULL OR size = 0 OR CAST(size AS {text_type}) = CAST(t.bytes_read AS {text_type}))
AND    EXISTS (SELECT 1 FROM image_locations l
               WHERE l.id = t.location_id AND l.image_id = images.id
               AND   l.deleted = {false} AND l.status = 'active');

-- What has become of them: by run and token a settled image is known, whatever answer was lost.
-- name: settled
SELECT t.image_id, t.lease_token, t.result,
       CASE WHEN i.os_hash_value = t.digest AND i.os_hash_algo = t.algorithm THEN 1 ELSE 0 END
FROM   backglance_item t
LEFT JOIN images i ON i.id = t.image_id
WHERE  t.image_id IN ({each, ::id#})
AND    t.read_run = :run
AND    t.lease_run IS NULL;

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

-- Whether a postponement that changed nothing had been made already: whoever claims after it has another token.
-- name: postponed
SELECT COUNT(*)
FROM   backglance_item
WHERE  image_id = :id
AND    lease_token = :token
AND    lease_run IS NULL
AND    COALESCE(state, '') = 'queued'
AND    result = :result;

-- name: read_page
SELECT   image_id
FROM     backglance_item
WHERE    COALESCE(state, '') = 'done'
AND      digest IS NOT NULL
AND      image_id > :after
ORDER BY image_id
LIMIT    :page;

-- name: erased_page
SELECT   t.image_id, t.read_run, t.digest, t.bytes_read, t.source_identity, l.value
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
LEFT JOIN image_locations l ON l.id = t.location_id AND l.image_id = t.image_id
                            AND l.deleted = {false} AND {exact}l.status = 'active'
WHERE    COALESCE(t.state, '') = 'done'
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

-- What a read that was broken off has had need not be read again.
-- name: queued_totals
SELECT    COUNT(*), COALESCE(SUM({left_of_item}), 0)
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     t.state = 'queued'
AND       {pending};

-- For limits, which take the images in this order.
-- name: due_sizes
SELECT    {left_of_item}
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     (t.state = 'queued'
           OR (t.state = 'failed' AND t.result NOT IN ('no_location', 'gone') AND (:failed = 1 OR ({item_may_be_reached}))))
AND       {pending}
UNION ALL
SELECT    backglance_item.size_bytes
FROM      backglance_item
WHERE     {item_has_come_back}
AND       {item_is_pending}
UNION ALL
SELECT    {known_size}
FROM      images i
WHERE     {pending}
AND       {has_id}
AND       NOT EXISTS (SELECT 1 FROM backglance_item t WHERE t.image_id = i.id)
ORDER BY  1 DESC;

-- name: claimable_sizes
SELECT    {left_of_item}, t.size_bytes
FROM      backglance_item t
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     t.state = 'queued'
AND       t.lease_until < {now}
AND       t.next_try_at <= {now}
ORDER BY  1 DESC;

-- Images whose reads were broken off: the one of which least is left first.
-- name: begun
SELECT   t.image_id, {left_of_item}
FROM     backglance_checkpoint c
JOIN     backglance_item t ON t.image_id = c.image_id
WHERE    COALESCE(t.state, '') = 'queued'
AND      t.lease_until < {now}
AND      t.next_try_at <= {now}
AND      {left_of_item} <= :most
ORDER BY 2, t.image_id
LIMIT    :count;

-- name: claimable_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  state = 'queued'
AND    lease_until < {now}
AND    next_try_at <= {now};

-- name: smallest_claimable
SELECT MIN(size_bytes)
FROM   backglance_item
WHERE  state = 'queued'
AND    lease_until < {now}
AND    next_try_at <= {now};

-- Of the images that no run is reading, those that are larger than this.
-- name: larger_count
SELECT COUNT(*)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'queued'
AND    t.size_bytes > :size
AND    t.lease_until < {now}
AND    {pending};

-- name: largest_queued
SELECT   t.image_id, t.size_bytes
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
WHERE    t.state = 'queued'
AND      t.lease_until < {now}
AND      {pending_by_id}
ORDER BY t.size_bytes DESC, t.image_id DESC
LIMIT    1;

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

-- name: has_verification
SELECT COUNT(*)
FROM   backglance_verify
WHERE  image_id = :id;

-- By a run that was at work at the same time as this one, which may have read the bytes before. One that ended in the
-- second in which this one began was before it.
-- name: has_later_finding
SELECT    COUNT(*)
FROM      backglance_verify v
JOIN      backglance_run r ON r.run_id = :run
LEFT JOIN backglance_run other ON other.run_id = v.run_id
WHERE     v.image_id = :id
AND       v.run_id <> r.run_id
AND       v.result IN ({results_against})
AND       (v.verified_at > r.started_at
           OR (v.verified_at = r.started_at AND COALESCE(other.finished_at, v.verified_at + 1) > r.started_at));

-- name: forget_verification
DELETE FROM backglance_verify
WHERE  image_id = :id;

-- name: record_verification
INSERT INTO backglance_verify (image_id, result, reason, bytes_read, run_id, verified_at)
VALUES (:id, :result, :reason, :bytes, :run, {now});
