-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand01: images.os_hidden and its index.
-- makes: column images os_hidden
-- lock: the database's write lock; readers continue (WAL) or wait for the commit (rollback journal)
-- cost: changes only the schema row, whatever the number of images
ALTER TABLE images ADD COLUMN os_hidden BOOLEAN DEFAULT 0 NOT NULL;

-- makes: index images os_hidden_image_idx
-- lock: the database's write lock, for one pass over images
-- cost: writes one index entry per image
CREATE INDEX os_hidden_image_idx ON images (os_hidden);

-- makes: revision rocky_expand01
-- lock: the database's write lock, in the same transaction
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand01');
