-- SPDX-License-Identifier: Apache-2.0
-- Settings of the server that a session cannot change for itself.

-- name: settings
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'read_only', 'super_read_only', 'innodb_read_only',
                                              'tx_read_only', 'transaction_read_only', 'enforce_storage_engine');

-- As the session has it, which may have changed it.
-- name: binlog_format
SHOW SESSION VARIABLES LIKE 'binlog_format';

-- name: packet
SELECT @@max_allowed_packet;
