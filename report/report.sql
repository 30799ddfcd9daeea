-- SPDX-License-Identifier: Apache-2.0
-- name: signatures
SELECT   s.image_id, i.name, i.owner, i.status, i.deleted, i.os_hidden, s.snapshot, s.scheme, s.present,
         s.missing, s.flagged_at, s.deadline_at, s.removed_at, s.verdict, s.legacy_verdict,
         s.verdict_reason, s.legacy_reason, s.chain_reason, s.verified_at, s.chain, i.checksum, i.os_hash_algo, i.os_hash_value
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
WHERE    s.scheme <> 'none' OR s.removed_at IS NOT NULL
ORDER BY s.image_id;

-- Of the failures, those whose image still lacks a hash: what has been put right since is no finding any more, and
-- what waits to be read again still is. A pass over the items looks up few images; planners would look up an item for
-- each image.
-- name: findings
SELECT   t.image_id, i.name, i.owner, i.size, t.result, t.reason, t.finished_at
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
WHERE    (COALESCE(t.state, '') = 'failed'
          OR (COALESCE(t.state, '') = 'queued' AND t.finished_at IS NOT NULL
              AND t.result NOT IN ({results_without_findings})))
AND      {pending_by_id}
ORDER BY t.image_id;

-- name: verify_findings
SELECT   v.image_id, i.name, i.owner, i.size, v.result, v.reason, v.verified_at
FROM     backglance_verify v
JOIN     images i ON i.id = v.image_id
WHERE    v.result NOT IN ({results_without_findings})
AND      i.deleted = {false}
ORDER BY v.image_id;

-- name: results
SELECT   t.result, COUNT(*), COALESCE(SUM(t.bytes_read), 0)
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
WHERE    t.result IS NOT NULL
AND      (t.state <> 'failed'
          OR ({pending}))
AND      NOT (t.state = 'queued' AND t.result NOT IN ({results_without_findings}) AND t.finished_at IS NULL)
GROUP BY t.result;

-- name: verify_results
SELECT   result, COUNT(*), COALESCE(SUM(bytes_read), 0)
FROM     backglance_verify
GROUP BY result;

-- name: coverage
SELECT   CASE WHEN i.os_hash_value IS NULL OR i.os_hash_value = '' THEN ''
              ELSE COALESCE(i.os_hash_algo, '?') END AS algorithm,
         COUNT(*),
         COALESCE(SUM({known_size}), 0)
FROM     images i
WHERE    {live}
GROUP BY CASE WHEN i.os_hash_value IS NULL OR i.os_hash_value = '' THEN ''
              ELSE COALESCE(i.os_hash_algo, '?') END
ORDER BY 2 DESC, 1;
