-- SPDX-License-Identifier: Apache-2.0
-- The findings of verify, by number. The same condition lists them in a report.
-- name: finding_counts
SELECT   v.result, COUNT(*)
FROM     backglance_verify v
JOIN     images i ON i.id = v.image_id
WHERE    {verify_is_finding}
GROUP BY v.result;

-- name: has_verification
SELECT COUNT(*)
FROM   backglance_verify
WHERE  image_id = :id;

-- A finding by a run that worked at the same time as this one, which may have read the bytes before. A run that ended
-- in the second in which this one began counts as earlier. A finding with a time that is still to come was written
-- under a clock that was ahead; it is no later one. A read over several runs began at :since, before this run.
-- name: has_later_finding
SELECT    COUNT(*)
FROM      backglance_verify v
JOIN      backglance_run r ON r.run_id = :run
LEFT JOIN backglance_run other ON other.run_id = v.run_id
WHERE     v.image_id = :id
AND       v.run_id <> r.run_id
AND       v.result IN ({results_against})
AND       v.verified_at <= {now} + 240
AND       (v.verified_at > r.started_at
           OR (:since > 0 AND v.verified_at >= :since)
           OR (v.verified_at = r.started_at AND COALESCE(other.finished_at, v.verified_at + 1) > r.started_at));

-- name: forget_verification
DELETE FROM backglance_verify
WHERE  image_id = :id;

-- name: record_verification
INSERT INTO backglance_verify (image_id, result, reason, bytes_read, run_id, verified_at)
VALUES (:id, :result, :reason, :bytes, :run, {now});
