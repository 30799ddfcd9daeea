-- SPDX-License-Identifier: Apache-2.0
-- A list of rows takes half the time of a UNION of SELECTs. MySQL (8.0.19) requires the word ROW before each row;
-- MariaDB ignores it in a comment for that version.
-- name: finish
UPDATE backglance_item t
JOIN   (WITH v(id, token, state, result, reason, location, identity, bytes, md5, algorithm, digest) AS (
            VALUES {each, :/*!80019 ROW */(:id#, CAST(:token# AS SIGNED), :state#, :result#, :reason#,
                            CAST(:location# AS SIGNED), :identity#, CAST(:bytes# AS SIGNED), :md5_#, :algorithm#,
                            :digest#)})
        SELECT * FROM v) v
       ON t.image_id = v.id
SET    t.state = v.state, t.result = v.result, t.reason = v.reason, t.attempts = t.attempts + 1,
       t.lease_run = NULL, t.lease_until = 0,
       t.location_id = v.location, t.source_identity = v.identity, t.bytes_read = v.bytes,
       t.md5 = v.md5, t.algorithm = v.algorithm, t.digest = v.digest,
       t.read_run = :run, t.finished_at = {now}
WHERE  t.image_id IN ({each, ::id#})
AND    t.lease_run = :run
AND    t.lease_token = v.token
AND    t.lease_until >= {now}
AND    t.state = 'queued';

-- name: publish
UPDATE images i
JOIN   backglance_item t ON t.image_id = i.id
SET    i.checksum = CASE WHEN i.checksum IS NULL OR length(i.checksum) = 0 THEN t.md5 ELSE i.checksum END,
       i.os_hash_algo = t.algorithm,
       i.os_hash_value = t.digest
WHERE  i.id IN ({each, ::id#})
AND    t.image_id IN ({each, ::id#})
AND    t.read_run = :run
AND    t.state = 'done'
AND    t.digest IS NOT NULL
AND    i.deleted = {false}
AND    {exact}i.status IN ('active', 'deactivated')
AND    (i.os_hash_value IS NULL OR i.os_hash_value = '')
AND    (i.checksum IS NULL OR length(i.checksum) = 0 OR {exact}lower(i.checksum) = t.md5)
AND    (i.os_hash_algo IS NULL OR length(i.os_hash_algo) = 0 OR {exact}i.os_hash_algo = t.algorithm)
AND    (i.size IS NULL OR i.size = 0 OR i.size = t.bytes_read)
AND    EXISTS (SELECT 1 FROM image_locations l
               WHERE l.id = t.location_id AND l.image_id = i.id
               AND   l.deleted = {false} AND {exact}l.status = 'active'
               AND   ({each OR :(t.image_id = :id# AND {exact}l.value = :value#
                                 AND {exact}COALESCE(l.meta_data, '') = :meta#)}));
