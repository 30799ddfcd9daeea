-- SPDX-License-Identifier: Apache-2.0
-- Orders to all runs, and to single runs.

-- name: fleet
SELECT value, reason, changed_at, changed_by
FROM   backglance_control
WHERE  name = 'fleet';

-- Every run asks this every 2 s: two rows, each by its primary key.
-- name: orders
SELECT    r.outcome, r.stop_by, {now}, c.value, c.reason, c.changed_at, c.changed_by
FROM      backglance_run r
LEFT JOIN backglance_control c ON c.name = 'fleet'
WHERE     r.run_id = :run;

-- name: set_fleet
UPDATE backglance_control
SET    value = :value, reason = :reason, changed_at = {now}, changed_by = :who
WHERE  name = 'fleet';

-- name: make_fleet
INSERT INTO backglance_control (name, value, reason, changed_at, changed_by)
VALUES ('fleet', :value, :reason, {now}, :who);

-- The first order counts, as within a process.
-- name: stop_run
UPDATE backglance_run
SET    stop_at = {now}, stop_by = :who
WHERE  run_id = :run
AND    finished_at IS NULL
AND    stop_at IS NULL;
