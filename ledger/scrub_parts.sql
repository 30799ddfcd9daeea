-- SPDX-License-Identifier: Apache-2.0
-- How far unfinished reads of verify came.

-- Not one that a verify has contradicted since its first byte was read, and none that is older than 30 days.
-- name: find
SELECT c.location_id, c.source_identity, c.offset_bytes, c.tail_digest, c.algorithm, c.md5_state, c.digest_state,
       c.begun_at
FROM   backglance_scrub_part c
WHERE  c.image_id = :id
AND    c.taken_at BETWEEN {now} - 2592000 AND {now} + 240
AND    NOT EXISTS (SELECT 1 FROM backglance_verify v
                   WHERE v.image_id = c.image_id
                   AND   v.result IN ({results_against})
                   AND   c.begun_at NOT BETWEEN v.verified_at + 241 AND {now});

-- No row: the lease is lost.
-- name: holds
SELECT r.started_at
FROM   backglance_scrub t
JOIN   backglance_run r ON r.run_id = t.lease_run
WHERE  t.image_id = :id
AND    t.lease_run = :run
AND    t.lease_token = :token
AND    t.lease_until >= {now};

-- name: forget_earlier
DELETE FROM backglance_scrub_part
WHERE  image_id = :id
AND    lease_token <= :token;

-- name: is_there
SELECT COUNT(*)
FROM   backglance_scrub_part
WHERE  image_id = :id;

-- name: keep
INSERT INTO backglance_scrub_part (image_id, location_id, source_identity, offset_bytes, tail_digest, algorithm,
                                   md5_state, digest_state, lease_token, begun_at, taken_at)
VALUES (:id, :location, :identity, :offset, :tail, :algorithm, :md5_state, :digest_state, :token, :begun, {now});
