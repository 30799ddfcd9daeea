-- SPDX-License-Identifier: Apache-2.0
-- name: changed_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  {item_has_come_back}
AND    {item_is_pending};

-- The images that requeue_unreachable will queue.
-- name: reachable_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  state = 'failed'
AND    {item_may_be_reached}
AND    {item_is_pending};

-- Images whose hash was erased and is not put back without a read.
-- name: doubted_totals
SELECT COUNT(*), COALESCE(SUM(t.size_bytes), 0)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'done'
AND    t.digest IS NOT NULL
AND    ({item_is_doubted} OR NOT {item_is_proved})
AND    {pending};

-- Bytes that a checkpoint holds need not be read again.
-- name: queued_totals
SELECT    COUNT(*), COALESCE(SUM({left_of_item}), 0)
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     t.state = 'queued'
AND       {pending};

-- For limits, which are applied in this order.
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
SELECT    t.size_bytes
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
WHERE     t.state = 'done'
AND       t.digest IS NOT NULL
AND       ({item_is_doubted} OR NOT {item_is_proved})
AND       {pending}
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

-- Images that no run is reading and that are larger than :size.
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
