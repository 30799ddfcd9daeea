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
WHERE    {item_is_finding}
ORDER BY t.image_id;

-- name: verify_findings
SELECT   v.image_id, i.name, i.owner, i.size, v.result, v.reason, v.verified_at
FROM     backglance_verify v
JOIN     images i ON i.id = v.image_id
WHERE    {verify_is_finding}
ORDER BY v.image_id;

-- The results by number, the images that are gone apart (second column): what was found of them is no finding.
-- name: results
SELECT    t.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END, COUNT(*), COALESCE(SUM(t.bytes_read), 0)
FROM      backglance_item t
LEFT JOIN images i ON i.id = t.image_id
WHERE     t.result IS NOT NULL
AND       ({is_gone}
           OR (t.result IN ({results_without_findings}) AND (COALESCE(t.state, '') <> 'failed' OR {pending_by_id}))
           OR {item_is_finding})
GROUP BY  t.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END;

-- name: verify_results
SELECT    v.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END, COUNT(*), COALESCE(SUM(v.bytes_read), 0)
FROM      backglance_verify v
LEFT JOIN images i ON i.id = v.image_id
GROUP BY  v.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END;

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

-- A page of the items that the report counts, for lists of ids: the result, and whether the image is gone.
-- name: listed_items
SELECT    t.image_id, t.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END
FROM      backglance_item t
LEFT JOIN images i ON i.id = t.image_id
WHERE     t.result IS NOT NULL
AND       t.image_id > :after
AND       ({is_gone}
           OR (t.result IN ({results_without_findings}) AND (COALESCE(t.state, '') <> 'failed' OR {pending_by_id}))
           OR {item_is_finding})
ORDER BY  t.image_id
LIMIT     :page;

-- name: listed_verifications
SELECT    v.image_id, v.result, CASE WHEN {is_gone} THEN 1 ELSE 0 END
FROM      backglance_verify v
LEFT JOIN images i ON i.id = v.image_id
WHERE     v.result IS NOT NULL
AND       v.image_id > :after
ORDER BY  v.image_id
LIMIT     :page;

-- The findings of backfill, by number: the same condition lists them.
-- name: finding_counts_of_backfill
SELECT   t.result, COUNT(*)
FROM     backglance_item t
JOIN     images i ON i.id = t.image_id
WHERE    {item_is_finding}
GROUP BY t.result;

-- When the bytes of each live image were last compared and agreed; what verify found against them is no proof, nor is
-- what was proved before it.
-- name: proofs
SELECT COALESCE(SUM(CASE WHEN proved.at IS NULL THEN 1 ELSE 0 END), 0), MIN(proved.at)
FROM   (SELECT CASE WHEN v.result IN ({results_against}) THEN NULL
                    WHEN v.result = :verified AND (t.finished_at IS NULL OR v.verified_at > t.finished_at)
                    THEN v.verified_at
                    ELSE t.finished_at END AS at
        FROM   images i
        LEFT JOIN backglance_item t ON t.image_id = i.id AND t.state = 'done' AND t.result = :hashed
        LEFT JOIN backglance_verify v ON v.image_id = i.id
        WHERE  {live}) AS proved;
