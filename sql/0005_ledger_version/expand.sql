-- SPDX-License-Identifier: Apache-2.0
-- Version 2 of the ledger. Version 1 is the one that 0001_ledger makes; it had no place to record a version. The
-- journal's column comes first, so that the notes of the other statements can use it.
-- makes: column backglance_step program
-- lock: none on Glance's tables; backglance_step alone, for an instant
-- cost: changes the table's definition alone
ALTER TABLE backglance_step ADD COLUMN program VARCHAR(32);

-- makes: table backglance_ledger
-- lock: none on Glance's tables, this one is new
-- cost: none
CREATE TABLE backglance_ledger (
    version INTEGER     NOT NULL PRIMARY KEY,
    program VARCHAR(32) NOT NULL,
    made_at BIGINT      NOT NULL
){table_options};

-- The last statement of the step: a ledger with this row has everything of version 2.
-- makes: ledger backglance_ledger 2
-- lock: none on Glance's tables
-- cost: one row
INSERT INTO backglance_ledger (version, program, made_at) VALUES (2, {program}, {now});
