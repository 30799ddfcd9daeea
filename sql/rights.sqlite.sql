-- A file has no accounts.
-- name: missing
SELECT NULL, NULL WHERE :what IS NULL;
