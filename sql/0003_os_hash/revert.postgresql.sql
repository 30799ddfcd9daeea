-- SPDX-License-Identifier: Apache-2.0
-- makes: index images os_hash_value_image_idx
-- waits: unbounded
DROP INDEX {online_index} os_hash_value_image_idx;
-- makes: column images os_hash_value
-- makes: column images os_hash_algo
ALTER TABLE images DROP COLUMN os_hash_value, DROP COLUMN os_hash_algo;
