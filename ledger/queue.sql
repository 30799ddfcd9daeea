-- SPDX-License-Identifier: Apache-2.0
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
UPDATE backglance_item AS t
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    {item_has_come_back_by_id}
AND    {item_is_pending};

-- To look again for a missing store costs one open, so each run that begins an hour later does it. Images whose data
-- disagreed are read again only with --retry-failed.
-- name: requeue_unreachable
UPDATE backglance_item AS t
SET    state = 'queued', next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    COALESCE(state, '') = 'failed'
AND    {item_may_be_reached}
AND    {item_is_pending};

-- The old result stays until the image is read again: a run with limits does not reach all images.
-- name: requeue_failed
UPDATE backglance_item AS t
SET    state = 'queued', attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    COALESCE(state, '') = 'failed'
AND    {item_is_pending};

-- name: requeue_one
UPDATE backglance_item AS t
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id = :id
AND    {item_is_pending};

-- Largest first. The queue's own index gives the order, so the server reads only the returned rows and the few leased
-- rows before them.
-- name: claim_candidates
SELECT   image_id, size_bytes
FROM     backglance_item
WHERE    state = 'queued'
AND      {lease_is_over}
AND      {try_is_due}
AND      size_bytes <= :max_size
AND      (size_bytes < :after_size OR image_id < :after_id)
ORDER BY size_bytes DESC, image_id DESC
LIMIT    :count;

-- By primary key, and decided by the row itself: if two runs choose the same image, the second changes nothing.
-- name: claim_due
UPDATE backglance_item{by_primary_key}
SET    lease_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    COALESCE(state, '') = 'queued'
AND    {lease_is_over}
AND    {try_is_due};

-- name: claim_named
UPDATE backglance_item{by_primary_key}
SET    lease_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    COALESCE(state, '') = 'queued'
AND    {lease_is_over};

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

-- name: correct_size
UPDATE backglance_item
SET    size_bytes = :size
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    state = 'queued';

-- First read, then changed by primary key: an UPDATE that searches for the rows would lock the queue on its way.
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
AND    {lease_holds};

-- The runs that hold images of the queue.
-- name: holders
SELECT   r.run_id, r.host, r.process, {now} - r.heartbeat_at, COUNT(*)
FROM     backglance_item t
JOIN     backglance_run r ON r.run_id = t.lease_run
WHERE    t.state = 'queued'
AND      {lease_holds}
AND      t.lease_run <> :run
GROUP BY r.run_id, r.host, r.process, r.heartbeat_at
ORDER BY r.run_id;

-- Images whose reads were broken off, the one with the fewest bytes left first.
-- name: begun
SELECT   t.image_id, {left_of_item}
FROM     backglance_checkpoint c
JOIN     backglance_item t ON t.image_id = c.image_id
WHERE    COALESCE(t.state, '') = 'queued'
AND      {lease_is_over}
AND      {try_is_due}
AND      {left_of_item} <= :most
ORDER BY 2, t.image_id
LIMIT    :count;
