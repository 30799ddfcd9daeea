-- SPDX-License-Identifier: Apache-2.0
-- Skips rows that another run has locked, as the claim of backfill does (ledger/queue.postgresql.sql).
-- name: claim
WITH free AS MATERIALIZED (
    SELECT t.image_id
    FROM   backglance_scrub t
    WHERE  t.image_id IN ({each, ::id#})
    AND    t.read_at <= :due
    AND    {scrub_is_claimable}
    FOR UPDATE OF t SKIP LOCKED)
UPDATE backglance_scrub t
SET    lease_run = :run, last_run = :run, lease_token = t.lease_token + 1, lease_until = {now} + :seconds
FROM   free
WHERE  t.image_id = free.image_id;
