-- SPDX-License-Identifier: Apache-2.0
-- Which server this is. The comment keeps ProxySQL from answering for it.

-- name: version
SELECT /* of the server */ VERSION(), @@port;

-- name: group
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('group_replication_group_name', 'group_replication_single_primary_mode');
