-- SPDX-License-Identifier: Apache-2.0
-- The queue of verify. The row of backglance_scrub is always t.

-- The date of an earlier verify counts, so that an upgrade reads nothing twice.
-- name: schedule_new
{insert_if_new} backglance_scrub (image_id, size_bytes, read_at)
SELECT i.id,
       {known_size},
       COALESCE((SELECT MAX(v.verified_at) FROM backglance_verify v
                 WHERE v.image_id = i.id AND v.result IN ({results_compared})), 0)
FROM   images i
WHERE  i.id > :after AND i.id <= :upto
AND    {live_by_id}
AND    {verifiable}
AND    NOT EXISTS (SELECT 1 FROM backglance_scrub t WHERE t.image_id = i.id)
{if_new};

-- Glance knows the size now, or another one.
-- name: correct_sizes
UPDATE backglance_scrub AS t
SET    size_bytes = (SELECT {known_size} FROM images i WHERE i.id = t.image_id)
WHERE  t.image_id > :after AND t.image_id <= :upto
AND    EXISTS (SELECT 1 FROM images i WHERE i.id = t.image_id AND i.size > 0 AND {known_size} <> t.size_bytes);

-- A read that is still to come was recorded under a clock that was ahead. Nobody knows when it was.
-- name: forget_time_to_come
UPDATE backglance_scrub AS t
SET    read_at = 0
WHERE  t.image_id > :after AND t.image_id <= :upto
AND    t.read_at > {now} + 240;

-- name: times_of_run
SELECT started_at, {now}
FROM   backglance_run
WHERE  run_id = :run;

-- Oldest first. The index on the age answers; only the few rows that are leased, or were claimed by this run before,
-- are passed over.
-- name: next_age
SELECT   t.read_at
FROM     backglance_scrub t
WHERE    t.read_at > :after
AND      t.read_at <= :due
AND      t.size_bytes <= :max_size
AND      {scrub_is_claimable}
ORDER BY t.read_at
LIMIT    1;

-- The images of one age, largest first.
-- name: candidates
SELECT   t.image_id, t.size_bytes
FROM     backglance_scrub t
WHERE    t.read_at = :age
AND      t.size_bytes <= :max_size
AND      (t.size_bytes < :after_size OR t.image_id < :after_id)
AND      {scrub_is_claimable}
ORDER BY t.size_bytes DESC, t.image_id DESC
LIMIT    :count;

-- By primary key, and decided by the row itself: if two runs choose the same image, the second changes nothing.
-- name: claim
UPDATE backglance_scrub AS t{by_primary_key}
SET    lease_run = :run, last_run = :run, lease_token = lease_token + 1, lease_until = {now} + :seconds
WHERE  t.image_id IN ({each, ::id#})
AND    t.read_at <= :due
AND    {scrub_is_claimable};

-- name: claimed
SELECT   image_id, lease_token, size_bytes
FROM     backglance_scrub{by_primary_key}
WHERE    image_id IN ({each, ::id#})
AND      lease_run = :run
AND      lease_until >= {now}
ORDER BY size_bytes DESC, image_id DESC;

-- name: renew
UPDATE backglance_scrub{by_primary_key}
SET    lease_until = {now} + :seconds
WHERE  image_id IN ({each, ::id#})
AND    lease_run = :run
AND    lease_until >= {now};

-- The run that gives the image back does not claim it again: last_run stays.
-- name: release
UPDATE backglance_scrub
SET    lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token;

-- name: correct_size
UPDATE backglance_scrub
SET    size_bytes = :size
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token;

-- name: settle_read
UPDATE backglance_scrub
SET    read_at = {now}, lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    lease_until >= {now};

-- Nothing was compared: the image stays as old as it was.
-- name: settle_unread
UPDATE backglance_scrub
SET    lease_run = NULL, lease_until = 0
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    lease_until >= {now};

-- The image is not live any more, or there is nothing to compare its bytes with. If that changes, schedule_new enters it
-- again.
-- name: remove
DELETE FROM backglance_scrub
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token;

-- True if an earlier attempt has settled the image: a later claim would have another token.
-- name: is_settled
SELECT COUNT(*)
FROM   backglance_scrub
WHERE  image_id = :id
AND    lease_run IS NULL
AND    last_run = :run
AND    lease_token = :token;

-- A verify of named images has read it.
-- name: note_read
UPDATE backglance_scrub
SET    read_at = {now}
WHERE  image_id = :id;

-- Images that are due, that no run is reading, and that this run has not claimed.
-- name: due_totals
SELECT    COUNT(*),
          COALESCE(SUM({left_of_scrub}), 0),
          COALESCE(SUM(CASE WHEN t.size_bytes > 0 THEN 0 ELSE 1 END), 0)
FROM      backglance_scrub t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_scrub_part c ON c.image_id = t.image_id
WHERE     t.read_at <= :due
AND       {live_by_id}
AND       {verifiable}
AND       {scrub_is_claimable};

-- name: due_sizes
SELECT    {left_of_scrub}, t.size_bytes
FROM      backglance_scrub t
JOIN      images i ON i.id = t.image_id
LEFT JOIN backglance_scrub_part c ON c.image_id = t.image_id
WHERE     t.read_at <= :due
AND       {live_by_id}
AND       {verifiable}
AND       {scrub_is_claimable}
ORDER BY  t.read_at, t.size_bytes DESC;

-- Images that are due and larger than :size, also those that this run has claimed: it may have read a part of one.
-- name: larger
SELECT   t.image_id, t.size_bytes
FROM     backglance_scrub t
JOIN     images i ON i.id = t.image_id
WHERE    t.read_at <= :due
AND      t.size_bytes > :size
AND      {live_by_id}
AND      {verifiable}
ORDER BY t.size_bytes DESC, t.image_id DESC;

-- name: is_any_due
SELECT   t.image_id
FROM     backglance_scrub t
WHERE    t.read_at <= :due
AND      {scrub_is_claimable}
LIMIT    1;

-- Before a run, without a row of backglance_run: what schedule_new would enter counts too.
-- name: planned
SELECT    CASE WHEN c.offset_bytes <= {known_size} THEN {known_size} - c.offset_bytes ELSE {known_size} END, {known_size}
FROM      images i
LEFT JOIN backglance_scrub t ON t.image_id = i.id
LEFT JOIN backglance_scrub_part c ON c.image_id = i.id
LEFT JOIN backglance_verify v ON v.image_id = i.id AND v.result IN ({results_compared})
WHERE     {live}
AND       {has_id}
AND       {verifiable}
AND       (COALESCE(t.read_at, v.verified_at, 0) <= {now} - :age OR COALESCE(t.read_at, v.verified_at, 0) > {now} + 240)
ORDER BY  COALESCE(t.read_at, v.verified_at, 0), {known_size} DESC;
