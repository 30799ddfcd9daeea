-- SPDX-License-Identifier: Apache-2.0
-- The state of the Galera cluster that a server is a node of, and how long an index of images takes to build.

-- Name and value; no row on a server without Galera.
-- name: wsrep_on
SHOW GLOBAL VARIABLES LIKE 'wsrep_on';

-- name: state
SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_local_state_comment');

-- The value for this session: the server's, unless somebody has set it here.
-- name: method
SHOW SESSION VARIABLES LIKE 'wsrep_OSU_method';

-- name: images
SELECT COUNT(*)
FROM   images;

-- A temporary table exists only in this session and goes to no other node. Its rows are as wide as those of images,
-- and the indexed column is as empty as one that was just added.
-- name: begin_trial
CREATE TEMPORARY TABLE backglance_trial (PRIMARY KEY (id)) ENGINE=InnoDB
SELECT i.*, CAST(NULL AS CHAR(128)) AS backglance_value
FROM   images i
LIMIT  :rows;

-- name: trial
ALTER TABLE backglance_trial ADD INDEX backglance_trial_idx (backglance_value), {online_index};

-- name: end_trial
DROP TEMPORARY TABLE backglance_trial;
