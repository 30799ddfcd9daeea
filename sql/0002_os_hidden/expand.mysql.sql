-- SPDX-License-Identifier: Apache-2.0
-- Glance's rocky_expand01: images.os_hidden and its index.
-- makes: column images os_hidden
-- lock: the metadata lock of images for a moment, each attempt waits at most 1 s
-- cost: {instant_cost}
ALTER TABLE images {ddl_wait}ADD COLUMN os_hidden BOOL NOT NULL DEFAULT 0, {instant};

-- makes: index images os_hidden_image_idx
-- lock: the metadata lock of images for a moment at the start and at the end, each attempt waits at most 1 s; writers continue
-- cost: one pass over images
ALTER TABLE images {ddl_wait}ADD INDEX os_hidden_image_idx (os_hidden), {online_index};

-- makes: revision rocky_expand01
-- lock: one row of alembic_version
-- cost: one row
INSERT INTO alembic_version (version_num) VALUES ('rocky_expand01');
