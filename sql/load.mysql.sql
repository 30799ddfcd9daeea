-- SPDX-License-Identifier: Apache-2.0
-- Load of the server, lag of this replica, and whether a Galera cluster holds its writers back. SHOW has no column
-- names here; the columns that are read have been in the same places since MySQL 5.0.

-- Name and value; the statement itself counts as one session.
-- name: load
SHOW GLOBAL STATUS LIKE 'Threads_running';

-- name: own_lag
SHOW REPLICA STATUS;

-- name: flow_control
SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_flow_control_paused_ns', 'wsrep_local_recv_queue');
