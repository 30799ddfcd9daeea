-- SPDX-License-Identifier: Apache-2.0
-- makes: index images os_hash_value_image_idx
ALTER TABLE images {ddl_wait}DROP INDEX os_hash_value_image_idx;
-- makes: column images os_hash_value
-- makes: column images os_hash_algo
ALTER TABLE images {ddl_wait}DROP COLUMN os_hash_value, DROP COLUMN os_hash_algo;
