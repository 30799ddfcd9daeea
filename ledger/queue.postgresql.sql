-- SPDX-License-Identifier: Apache-2.0
-- A row that another run's claim or settlement has locked is left to it. To wait for it would be for nothing, and an
-- UPDATE that has waited keeps the lock of the row even if it then does not change it: with eight runs claims and
-- settlements waited for each other in circles, which the server ends after a second each.
-- name: claim_due
WITH free AS MATERIALIZED (
    SELECT image_id
    FROM   backglance_item
    WHERE  image_id IN ({each, ::id#})
    AND    COALESCE(state, '') = 'queued'
    AND    lease_until < {now}
    AND    next_try_at <= {now}
    FOR UPDATE SKIP LOCKED)
UPDATE backglance_item t
SET    lease_run = :run, lease_token = t.lease_token + 1, lease_until = {now} + :seconds
FROM   free
WHERE  t.image_id = free.image_id;
