-- SPDX-License-Identifier: Apache-2.0
-- Which server this is. A socket file has no port.

-- name: version
SELECT current_setting('server_version'), inet_server_port();
