-- SPDX-License-Identifier: Apache-2.0
-- How busy the server is, how far this replica is behind, and whether a Galera cluster holds its writers back.
-- SHOW has no columns by name here; those that are read have stood in their places since MySQL 5.0.

-- Name and value; the statement itself counts as one.
-- name: load
SHOW GLOBAL STATUS LIKE 'Threads_running';

-- name: own_lag
SHOW REPLICA STATUS;

-- name: flow_control
SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_flow_control_paused_ns', 'wsrep_local_recv_queue');
