-- SPDX-License-Identifier: Apache-2.0
-- The publish of several images, first half: the fencing token of each image is still valid.
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

-- The publish, second half, and a restore from the ledger: the row is still live, has no hash, has the same checksum
-- and size, and still has the location that was read, with the same value, of whatever type SQLite keeps it.
-- updated_at does not change: Cinder's image cache drops an image whose updated_at changed.
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
               AND   l.deleted = {false} AND l.status = 'active'
               AND   ({each OR :(t.image_id = :id# AND {exact}CAST(l.value AS {text_type}) = :value#
                                 AND {exact}COALESCE(CAST(l.meta_data AS {text_type}), '') = :meta#)}));

-- The results of these images. Run and token identify a settled image, even if an answer was lost.
-- name: settled
SELECT t.image_id, t.lease_token, t.result,
       CASE WHEN i.os_hash_value = t.digest AND i.os_hash_algo = t.algorithm THEN 1 ELSE 0 END
FROM   backglance_item t
LEFT JOIN images i ON i.id = t.image_id
WHERE  t.image_id IN ({each, ::id#})
AND    t.read_run = :run
AND    t.lease_run IS NULL;

-- Another value of the location that was read, as it is now.
-- name: location_now
SELECT l.value, l.meta_data
FROM   image_locations l
WHERE  l.id = :location;

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

-- True if an earlier attempt has already postponed the image: a later claim would have another token.
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

-- Without a location, the image is read again: the location is gone, the digest is in doubt, or nothing proves that
-- it is the image's.
-- name: erased_page
SELECT   t.image_id, t.read_run, t.digest, t.bytes_read, t.source_identity, l.value, i.checksum, l.meta_data
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
LEFT JOIN image_locations l ON l.id = t.location_id AND l.image_id = t.image_id
                            AND l.deleted = {false} AND {exact}l.status = 'active'
                            AND NOT {item_is_doubted} AND {item_is_proved}
WHERE    COALESCE(t.state, '') = 'done'
AND      t.digest IS NOT NULL
AND      {pending_by_id}
AND      t.image_id > :after
ORDER BY t.image_id
LIMIT    :page;

-- Before the publish, which fills a missing checksum. Decided again, because a verify may be at work.
-- name: mark_restored
UPDATE backglance_item AS t
SET    result = :result
WHERE  t.image_id = :id
AND    t.state = 'done'
AND    t.digest = :digest
AND    NOT {item_is_doubted}
AND    EXISTS (SELECT 1 FROM images i WHERE i.id = t.image_id AND {item_is_proved});

-- What the ledger holds of an image's bytes. The token grows: a run that is reading the image must not write its
-- outcome any more.
-- name: forget
UPDATE backglance_item
SET    state = :state, result = :result, reason = :reason, attempts = 0, next_try_at = 0,
       lease_run = NULL, lease_until = 0, lease_token = lease_token + 1,
       location_id = NULL, source_identity = NULL, bytes_read = NULL, md5 = NULL, algorithm = NULL, digest = NULL
WHERE  image_id = :id;

-- The object, or its size or checksum in Glance, has changed since it was read, or the digest is in doubt: read the
-- image again, if it still has no hash.
-- name: requeue_erased
UPDATE backglance_item AS t
SET    state = 'queued', result = NULL, reason = NULL, attempts = 0, next_try_at = 0, queued_at = {now},
       md5 = NULL, algorithm = NULL, digest = NULL
WHERE  image_id = :id
AND    state = 'done'
AND    {item_is_pending};
