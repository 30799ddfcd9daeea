-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand02: images.os_hash_algo, images.os_hash_value and the index of the latter.
-- makes: column images os_hash_algo
-- makes: column images os_hash_value
-- lock: the metadata lock of images for a moment, each attempt waits at most 1 s
-- cost: {instant_cost}
ALTER TABLE images {ddl_wait}ADD COLUMN os_hash_algo VARCHAR(64), ADD COLUMN os_hash_value VARCHAR(128), {instant};

-- makes: column images os_hash_algo
-- lock: the metadata lock of images for a moment, each attempt waits at most 1 s
-- cost: {instant_cost}
ALTER TABLE images {ddl_wait}ADD COLUMN os_hash_algo VARCHAR(64), {instant};

-- makes: column images os_hash_value
-- lock: the metadata lock of images for a moment, each attempt waits at most 1 s
-- cost: {instant_cost}
ALTER TABLE images {ddl_wait}ADD COLUMN os_hash_value VARCHAR(128), {instant};

-- makes: index images os_hash_value_image_idx
-- lock: the metadata lock of images for a moment at the start and at the end, each attempt waits at most 1 s; writers continue
-- cost: one pass over images
ALTER TABLE images {ddl_wait}ADD INDEX os_hash_value_image_idx (os_hash_value), {online_index};

-- makes: revision rocky_expand02
-- replaces: rocky_expand01
-- lock: one row of alembic_version
-- cost: one row
UPDATE alembic_version SET version_num = 'rocky_expand02' WHERE version_num = 'rocky_expand01';

-- makes: revision rocky_expand02
-- lock: one row of alembic_version
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand02');
