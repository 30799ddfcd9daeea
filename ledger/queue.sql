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
UPDATE backglance_item
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now}
WHERE  image_id > :after AND image_id <= :upto
AND    {item_has_come_back_by_id}
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
