-- SPDX-License-Identifier: Apache-2.0
-- How far unfinished reads came.

-- Not one that a verify has contradicted since this run began.
-- name: find
SELECT location_id, source_identity, offset_bytes, tail_digest, algorithm, md5_state, digest_state
FROM   backglance_checkpoint
WHERE  image_id = :id
AND    NOT {checkpoint_is_doubted};

-- name: holds
SELECT COUNT(*)
FROM   backglance_item
WHERE  image_id = :id
AND    lease_run = :run
AND    lease_token = :token
AND    lease_until >= {now}
AND    state = 'queued';

-- A checkpoint of a later claim stays: between `holds` and this, the lease may have gone to another run.
-- name: forget_earlier
DELETE FROM backglance_checkpoint
WHERE  image_id = :id
AND    lease_token <= :token;

-- name: is_there
SELECT COUNT(*)
FROM   backglance_checkpoint
WHERE  image_id = :id;

-- name: keep
INSERT INTO backglance_checkpoint (image_id, location_id, source_identity, offset_bytes, tail_digest, algorithm,
                                   md5_state, digest_state, run_id, lease_token, taken_at)
VALUES (:id, :location, :identity, :offset, :tail, :algorithm, :md5_state, :digest_state, :run, :token, {now});

-- name: forget
DELETE FROM backglance_checkpoint
WHERE  image_id = :id;

-- Of images that are no longer queued, and of those of which all bytes are to be read again.
-- name: forget_settled
DELETE FROM backglance_checkpoint
WHERE  NOT EXISTS (SELECT 1 FROM backglance_item t
                   WHERE t.image_id = backglance_checkpoint.image_id AND t.state = 'queued')
OR     {checkpoint_is_doubted};
