-- SPDX-License-Identifier: Apache-2.0
-- Skips rows that another run's claim or settlement has locked. To wait for them would be useless, and an UPDATE that
-- has waited keeps the row's lock even if it does not change the row. With eight runs, claims and settlements
-- deadlocked, and the server ends a deadlock only after a second.
-- name: claim_due
WITH free AS MATERIALIZED (
    SELECT image_id
    FROM   backglance_item
    WHERE  image_id IN ({each, ::id#})
    AND    COALESCE(state, '') = 'queued'
    AND    {lease_is_over}
    AND    {try_is_due}
    FOR UPDATE SKIP LOCKED)
UPDATE backglance_item t
SET    lease_run = :run, lease_token = t.lease_token + 1, lease_until = {now} + :seconds
FROM   free
WHERE  t.image_id = free.image_id;
