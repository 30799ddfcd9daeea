-- SPDX-License-Identifier: Apache-2.0
-- Version 3 of the ledger: the queue of verify.
-- makes: table backglance_scrub
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_scrub (
    image_id    VARCHAR(36) NOT NULL PRIMARY KEY,
    size_bytes  BIGINT      NOT NULL DEFAULT 0,
    read_at     BIGINT      NOT NULL DEFAULT 0,
    last_run    VARCHAR(36),
    lease_run   VARCHAR(36),
    lease_token BIGINT      NOT NULL DEFAULT 0,
    lease_until BIGINT      NOT NULL DEFAULT 0
){table_options};

-- makes: index backglance_scrub backglance_scrub_age_idx
-- lock: none on Glance's tables, this one is new
-- cost: none, the table is new
CREATE INDEX backglance_scrub_age_idx ON backglance_scrub (read_at, size_bytes, image_id);

-- makes: table backglance_scrub_part
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_scrub_part (
    image_id        VARCHAR(36)  NOT NULL PRIMARY KEY,
    location_id     BIGINT       NOT NULL,
    source_identity VARCHAR(128) NOT NULL,
    offset_bytes    BIGINT       NOT NULL,
    tail_digest     VARCHAR(64)  NOT NULL,
    algorithm       VARCHAR(64)  NOT NULL,
    md5_state       VARCHAR(64)  NOT NULL,
    digest_state    VARCHAR(320) NOT NULL,
    lease_token     BIGINT       NOT NULL,
    begun_at        BIGINT       NOT NULL,
    taken_at        BIGINT       NOT NULL
){table_options};

-- The last statement of the step: a ledger with this row has everything of version 3.
-- makes: ledger backglance_ledger 3
-- lock: none on Glance's tables
-- cost: one row
INSERT INTO backglance_ledger (version, program, made_at) VALUES (3, {program}, {now});
