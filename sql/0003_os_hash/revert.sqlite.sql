-- SPDX-License-Identifier: Apache-2.0
-- makes: index images os_hash_value_image_idx
DROP INDEX os_hash_value_image_idx;
-- makes: column images os_hash_value
ALTER TABLE images DROP COLUMN os_hash_value;
-- makes: column images os_hash_algo
ALTER TABLE images DROP COLUMN os_hash_algo;
