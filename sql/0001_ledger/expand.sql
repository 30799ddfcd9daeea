-- SPDX-License-Identifier: Apache-2.0
-- The ledger: our own tables. docs/ledger.md says what each column means.
-- makes: table backglance_step
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_step (
    id          {auto_id},
    step        VARCHAR(64)  NOT NULL,
    statement   INTEGER      NOT NULL,
    sql_digest  VARCHAR(64)  NOT NULL,
    sql_text    TEXT         NOT NULL,
    started_at  BIGINT       NOT NULL,
    finished_at BIGINT,
    outcome     VARCHAR(16)  NOT NULL
){table_options};

-- makes: table backglance_run
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_run (
    run_id           VARCHAR(36)  NOT NULL PRIMARY KEY,
    command          VARCHAR(16)  NOT NULL,
    host             VARCHAR(255) NOT NULL,
    process          VARCHAR(128) NOT NULL,
    version          VARCHAR(32)  NOT NULL,
    started_at       BIGINT       NOT NULL,
    heartbeat_at     BIGINT       NOT NULL,
    finished_at      BIGINT,
    outcome          VARCHAR(16),
    images           BIGINT       NOT NULL DEFAULT 0,
    bytes            BIGINT       NOT NULL DEFAULT 0,
    bytes_per_second BIGINT       NOT NULL DEFAULT 0,
    waiting_for      {wide_text},
    stop_at          BIGINT,
    stop_by          VARCHAR(255)
){table_options};

-- makes: table backglance_control
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_control (
    name       VARCHAR(32)  NOT NULL PRIMARY KEY,
    value      VARCHAR(64)  NOT NULL,
    reason     {wide_text},
    changed_at BIGINT       NOT NULL,
    changed_by VARCHAR(255) NOT NULL
){table_options};

-- makes: table backglance_item
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_item (
    image_id        VARCHAR(36)  NOT NULL PRIMARY KEY,
    state           VARCHAR(8)   NOT NULL,
    result          VARCHAR(24),
    reason          {wide_text},
    size_bytes      BIGINT       NOT NULL DEFAULT 0,
    queued_at       BIGINT       NOT NULL,
    next_try_at     BIGINT       NOT NULL DEFAULT 0,
    attempts        INTEGER      NOT NULL DEFAULT 0,
    lease_run       VARCHAR(36),
    lease_token     BIGINT       NOT NULL DEFAULT 0,
    lease_until     BIGINT       NOT NULL DEFAULT 0,
    location_id     BIGINT,
    source_identity VARCHAR(128),
    bytes_read      BIGINT,
    md5             VARCHAR(32),
    algorithm       VARCHAR(64),
    digest          VARCHAR(128),
    read_run        VARCHAR(36),
    finished_at     BIGINT
){table_options};

-- makes: index backglance_item backglance_item_state_idx
-- lock: none on Glance's tables, this one is new
-- cost: none, the table is new
CREATE INDEX backglance_item_state_idx ON backglance_item (state, size_bytes, image_id);

-- makes: table backglance_checkpoint
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_checkpoint (
    image_id        VARCHAR(36)  NOT NULL PRIMARY KEY,
    location_id     BIGINT       NOT NULL,
    source_identity VARCHAR(128) NOT NULL,
    offset_bytes    BIGINT       NOT NULL,
    tail_digest     VARCHAR(64)  NOT NULL,
    algorithm       VARCHAR(64)  NOT NULL,
    md5_state       VARCHAR(64)  NOT NULL,
    digest_state    VARCHAR(320) NOT NULL,
    run_id          VARCHAR(36)  NOT NULL,
    lease_token     BIGINT       NOT NULL,
    taken_at        BIGINT       NOT NULL
){table_options};

-- makes: table backglance_verify
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_verify (
    image_id    VARCHAR(36) NOT NULL PRIMARY KEY,
    result      VARCHAR(24) NOT NULL,
    reason      {wide_text},
    bytes_read  BIGINT      NOT NULL,
    run_id      VARCHAR(36) NOT NULL,
    verified_at BIGINT      NOT NULL
){table_options};

-- makes: table backglance_signature
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_signature (
    image_id       VARCHAR(36)  NOT NULL PRIMARY KEY,
    scheme         VARCHAR(16)  NOT NULL,
    present        TEXT         NOT NULL,
    missing        TEXT         NOT NULL,
    snapshot       INTEGER      NOT NULL,
    flagged_at     BIGINT       NOT NULL,
    deadline_at    BIGINT,
    seen_run       VARCHAR(36)  NOT NULL,
    verdict        VARCHAR(24),
    legacy_verdict VARCHAR(24),
    verdict_reason {wide_text},
    legacy_reason  {wide_text},
    chain          VARCHAR(16),
    chain_reason   {wide_text},
    verified_run   VARCHAR(36),
    verified_at    BIGINT,
    verified_state VARCHAR(64),
    legacy_state   VARCHAR(64),
    tag            VARCHAR(255),
    tag_id         BIGINT,
    removed_at     BIGINT
){table_options};

-- makes: table backglance_removed
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_removed (
    property_id  BIGINT       NOT NULL,
    image_id     VARCHAR(36)  NOT NULL,
    name         VARCHAR(255) NOT NULL,
    value        TEXT,
    updated_at   VARCHAR(32),
    deleted_at   VARCHAR(32)  NOT NULL,
    run_id       VARCHAR(36)  NOT NULL,
    removed_at   BIGINT       NOT NULL,
    PRIMARY KEY (image_id, name)
){table_options};
