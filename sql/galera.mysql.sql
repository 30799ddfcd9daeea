-- SPDX-License-Identifier: Apache-2.0
-- What a server says of the Galera cluster that it is a node of, and how long an index of images takes to build.

-- Name and value; without a row on a server that knows nothing of Galera.
-- name: wsrep_on
SHOW GLOBAL VARIABLES LIKE 'wsrep_on';

-- name: state
SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_local_state_comment');

-- Of this session: as the server has it for all, if nobody has set it here.
-- name: method
SHOW SESSION VARIABLES LIKE 'wsrep_OSU_method';

-- name: images
SELECT COUNT(*)
FROM   images;

-- A temporary table is this session's alone and goes to no other node. Rows as wide as those of images, and the column
-- that is to be indexed as empty as one that was just added.
-- name: begin_trial
CREATE TEMPORARY TABLE backglance_trial (PRIMARY KEY (id)) ENGINE=InnoDB
SELECT i.*, CAST(NULL AS CHAR(128)) AS backglance_value
FROM   images i
LIMIT  :rows;

-- name: trial
ALTER TABLE backglance_trial ADD INDEX backglance_trial_idx (backglance_value), {online_index};

-- name: end_trial
DROP TEMPORARY TABLE backglance_trial;
