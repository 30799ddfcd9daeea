-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand02: images.os_hash_algo, images.os_hash_value and the index of the latter.
-- makes: column images os_hash_algo
-- makes: column images os_hash_value
-- lock: ACCESS EXCLUSIVE on images for a moment, each attempt waits at most 90 ms
-- cost: changes only the catalogue, whatever the number of images
ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64), ADD COLUMN os_hash_value VARCHAR(128);

-- makes: column images os_hash_algo
-- lock: ACCESS EXCLUSIVE on images for a moment, each attempt waits at most 90 ms
-- cost: changes only the catalogue, whatever the number of images
ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64);

-- makes: column images os_hash_value
-- lock: ACCESS EXCLUSIVE on images for a moment, each attempt waits at most 90 ms
-- cost: changes only the catalogue, whatever the number of images
ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(128);

-- makes: repair images os_hash_value_image_idx
-- lock: SHARE UPDATE EXCLUSIVE on images: readers and writers continue
-- cost: removes what an unfinished index build left; waits for older transactions
-- waits: unbounded
DROP INDEX {online_index} os_hash_value_image_idx;

-- makes: index images os_hash_value_image_idx
-- waits: unbounded
-- lock: SHARE UPDATE EXCLUSIVE on images: readers and writers continue
-- cost: two passes over images; waits for every older transaction
CREATE INDEX {online_index} os_hash_value_image_idx ON images (os_hash_value);

-- makes: revision rocky_expand02
-- replaces: rocky_expand01
-- lock: one row of alembic_version
-- cost: one row
UPDATE alembic_version SET version_num = 'rocky_expand02' WHERE version_num = 'rocky_expand01';

-- makes: revision rocky_expand02
-- lock: one row of alembic_version
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand02');
