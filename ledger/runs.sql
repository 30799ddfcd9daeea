-- SPDX-License-Identifier: Apache-2.0
-- Every run that begins writes this row first. It serves as a lock.
-- name: lock_runs
UPDATE backglance_control
SET    changed_at = CASE WHEN {now} > changed_at THEN {now} ELSE changed_at + 1 END, changed_by = :host
WHERE  name = 'runs';

-- name: make_runs_lock
{insert_if_new} backglance_control (name, value, changed_at, changed_by)
VALUES ('runs', '', {now}, :host)
{if_new};

-- name: start
INSERT INTO backglance_run (run_id, command, host, process, version, started_at, heartbeat_at)
VALUES (:run, :command, :host, :process, :version, {now}, {now});

-- name: heartbeat
UPDATE backglance_run
SET    heartbeat_at = {now}, images = :images, bytes = :bytes, bytes_per_second = :rate,
       waiting_for = :waiting_for
WHERE  run_id = :run
AND    finished_at IS NULL;

-- If another run has declared this one dead, the end that it wrote stays.
-- name: finish
UPDATE backglance_run
SET    finished_at = {now}, heartbeat_at = {now}, outcome = :outcome, images = :images, bytes = :bytes,
       bytes_per_second = 0, waiting_for = NULL
WHERE  run_id = :run
AND    finished_at IS NULL;

-- name: unfinished
SELECT   run_id, command, host, process, {now} - heartbeat_at, started_at, images, bytes,
         bytes_per_second, waiting_for, stop_at, stop_by
FROM     backglance_run
WHERE    finished_at IS NULL
ORDER BY started_at, run_id;

-- A heartbeat that is still to come was written under a clock that was ahead.
-- name: end_dead
UPDATE backglance_run
SET    finished_at = CASE WHEN heartbeat_at > {now} THEN {now} ELSE heartbeat_at END, outcome = 'killed', bytes_per_second = 0, waiting_for = NULL
WHERE  run_id = :run
AND    finished_at IS NULL;

-- Bytes and seconds of the last runs that read enough to show how fast the site is.
-- name: reading_times
SELECT   bytes, finished_at - started_at
FROM     backglance_run
WHERE    command IN ('backfill', 'verify')
AND      finished_at >= started_at
AND      bytes >= :least
ORDER BY started_at DESC
LIMIT    :count;

-- Runs that ended under a clock that was ahead come last: otherwise they would stay the newest until that time comes.
-- name: recent
SELECT   run_id, command, host, started_at, finished_at, outcome, images, bytes, stop_at, stop_by,
         heartbeat_at - {now}
FROM     backglance_run
ORDER BY CASE WHEN started_at > {now} + 240 AND finished_at IS NOT NULL THEN 0 ELSE started_at END DESC, run_id DESC
LIMIT    :count;
