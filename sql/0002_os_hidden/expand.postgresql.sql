-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand01: images.os_hidden and its index.
-- makes: column images os_hidden
-- lock: ACCESS EXCLUSIVE on images for a moment, each attempt waits at most 90 ms
-- cost: changes only the catalogue, whatever the number of images
ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT false NOT NULL;

-- makes: repair images os_hidden_image_idx
-- lock: SHARE UPDATE EXCLUSIVE on images: readers and writers continue
-- cost: removes what an unfinished index build left; waits for older transactions
-- waits: unbounded
DROP INDEX {online_index} os_hidden_image_idx;

-- makes: index images os_hidden_image_idx
-- waits: unbounded
-- lock: SHARE UPDATE EXCLUSIVE on images: readers and writers continue
-- cost: two passes over images; waits for every older transaction
CREATE INDEX {online_index} os_hidden_image_idx ON images (os_hidden);

-- makes: revision rocky_expand01
-- lock: one row of alembic_version
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand01');
