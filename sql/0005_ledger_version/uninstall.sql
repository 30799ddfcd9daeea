-- SPDX-License-Identifier: Apache-2.0
-- The column of backglance_step goes with its table.
-- makes: table backglance_ledger
DROP TABLE backglance_ledger;
