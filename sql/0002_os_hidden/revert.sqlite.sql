-- SPDX-License-Identifier: Apache-2.0
-- makes: index images os_hidden_image_idx
DROP INDEX os_hidden_image_idx;
-- makes: column images os_hidden
ALTER TABLE images DROP COLUMN os_hidden;
