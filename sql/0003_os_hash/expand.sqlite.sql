-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand02: images.os_hash_algo, images.os_hash_value and the index of the latter.
-- makes: column images os_hash_algo
-- lock: the database's write lock; readers continue (WAL) or wait for the commit (rollback journal)
-- cost: changes only the schema row, whatever the number of images
ALTER TABLE images ADD COLUMN os_hash_algo VARCHAR(64);

-- makes: column images os_hash_value
-- lock: the database's write lock, in the same transaction
-- cost: changes only the schema row, whatever the number of images
ALTER TABLE images ADD COLUMN os_hash_value VARCHAR(128);

-- makes: index images os_hash_value_image_idx
-- lock: the database's write lock, for one pass over images
-- cost: writes one index entry per image
CREATE INDEX os_hash_value_image_idx ON images (os_hash_value);

-- makes: revision rocky_expand02
-- replaces: rocky_expand01
-- lock: the database's write lock, in the same transaction
-- cost: one row
UPDATE alembic_version SET version_num = 'rocky_expand02' WHERE version_num = 'rocky_expand01';

-- makes: revision rocky_expand02
-- lock: the database's write lock, in the same transaction
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand02');
