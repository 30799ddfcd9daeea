-- SPDX-License-Identifier: Apache-2.0
-- Bytes that a checkpoint holds need not be read again. The queue's index alone answers, because a run whose time is over
-- asks this at its end. So an image counts that was deleted since it was queued; the run that claims it takes it out. A
-- queue of moderate length is counted once more, without these (live_queued_totals).
-- name: queued_totals
SELECT    COUNT(*), COALESCE(SUM({left_of_item}), 0)
FROM      backglance_item t
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     t.state = 'queued';

-- name: live_queued_totals
SELECT    COUNT(*), COALESCE(SUM({left_of_item}), 0)
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     t.state = 'queued'
AND       {pending_by_id};

-- For limits, which are applied in this order: the bytes that are left, and the whole size. 0: Glance does not know it.
-- name: due_sizes
SELECT    {left_of_item}, t.size_bytes
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     (t.state = 'queued'
           OR (t.state = 'failed' AND t.result NOT IN ({results_retried_when_image_changes})
               AND (:failed = 1 OR ({item_may_be_reached}))))
AND       {pending}
UNION ALL
SELECT    t.size_bytes, t.size_bytes
FROM      backglance_item t
WHERE     {item_has_come_back}
AND       {item_is_pending}
UNION ALL
SELECT    t.size_bytes, t.size_bytes
FROM      backglance_item t
JOIN      images i ON i.id = t.image_id
WHERE     t.state = 'done'
AND       t.digest IS NOT NULL
AND       ({item_is_doubted} OR NOT {item_is_proved})
AND       {pending}
UNION ALL
SELECT    {known_size}, {known_size}
FROM      images i
WHERE     {pending}
AND       {has_id}
AND       NOT EXISTS (SELECT 1 FROM backglance_item t WHERE t.image_id = i.id)
ORDER BY  1 DESC;

-- One pass over the pending images, so that a site of a million images answers within seconds. Each image either has no
-- item, or is queued, or was settled and is back, or failed (some of these may be reached again), or was erased (some of
-- these are read again), or only waits until it changes.
-- name: site_figures
SELECT    COUNT(*), COALESCE(SUM({known_size}), 0), COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0),
          COALESCE(SUM(CASE WHEN state IS NULL THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state IS NULL THEN {known_size} ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state = 'queued' THEN {left_of_item} ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_claimable} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_claimable} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_has_come_back} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_has_come_back} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} AND ({item_is_doubted} OR NOT {item_is_proved}) THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} AND ({item_is_doubted} OR NOT {item_is_proved}) THEN size_bytes
                            ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} THEN 1 ELSE 0 END), 0)
FROM      images i
LEFT JOIN backglance_item t ON t.image_id = i.id
LEFT JOIN backglance_checkpoint c ON c.image_id = i.id
WHERE     {pending_by_id}
AND       {has_id};

-- The same, and where these images lie: a row without a scheme has the figures, the others those of one group of
-- locations each (sql/location_groups.h).
-- name: site_figures_by_store
SELECT    CAST(NULL AS {text_type}), CAST(NULL AS {text_type}), 0, 0, 0,
          COUNT(*), COALESCE(SUM({known_size}), 0), COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0),
          COALESCE(SUM(CASE WHEN state IS NULL THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state IS NULL THEN {known_size} ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN state = 'queued' THEN {left_of_item} ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_claimable} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_claimable} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_has_come_back} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_has_come_back} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} AND {item_may_be_reached} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_failed} THEN size_bytes ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} AND ({item_is_doubted} OR NOT {item_is_proved}) THEN 1 ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} AND ({item_is_doubted} OR NOT {item_is_proved}) THEN size_bytes
                            ELSE 0 END), 0),
          COALESCE(SUM(CASE WHEN {item_is_erased} THEN 1 ELSE 0 END), 0)
FROM      images i
LEFT JOIN backglance_item t ON t.image_id = i.id
LEFT JOIN backglance_checkpoint c ON c.image_id = i.id
WHERE     {pending_by_id}
AND       {has_id}
UNION ALL
SELECT    {location_scheme}, COALESCE(MIN(l.meta_data), ''), COUNT(*), COALESCE(SUM({known_size}), 0),
          COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0),
          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM      images i
JOIN      image_locations l ON l.image_id = i.id
WHERE     {pending_by_id}
AND       {has_id}
AND       {is_first_location}
GROUP BY  {location_scheme}, {exact}l.meta_data;

-- name: claimable_sizes
SELECT    {left_of_item}, t.size_bytes
FROM      backglance_item t
LEFT JOIN backglance_checkpoint c ON c.image_id = t.image_id
WHERE     COALESCE(t.state, '') = 'queued'
AND       {lease_is_over}
AND       {try_is_due}
ORDER BY  1 DESC;

-- name: claimable_totals
SELECT COUNT(*), COALESCE(SUM(size_bytes), 0)
FROM   backglance_item
WHERE  {item_is_claimable};

-- name: smallest_claimable
SELECT MIN(size_bytes)
FROM   backglance_item
WHERE  state = 'queued'
AND    {lease_is_over}
AND    {try_is_due};

-- Images that no run is reading and that are larger than :size.
-- name: larger_count
SELECT COUNT(*)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  t.state = 'queued'
AND    t.size_bytes > :size
AND    {lease_is_over}
AND    {pending_by_id};

-- name: largest_queued
SELECT   t.image_id, t.size_bytes
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
WHERE    t.state = 'queued'
AND      {lease_is_over}
AND      {pending_by_id}
ORDER BY t.size_bytes DESC, t.image_id DESC
LIMIT    1;

-- name: failed_totals
SELECT COUNT(*), COALESCE(SUM(t.size_bytes), 0)
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
WHERE  {item_is_failed}
AND    {pending};

-- name: item
SELECT state, result, CASE WHEN lease_run IS NOT NULL AND {lease_holds} THEN 1 ELSE 0 END
FROM   backglance_item
WHERE  image_id = :id;
