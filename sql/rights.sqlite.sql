-- SPDX-License-Identifier: Apache-2.0
-- A file has no accounts.
-- name: missing
SELECT NULL, NULL WHERE :what IS NULL;
