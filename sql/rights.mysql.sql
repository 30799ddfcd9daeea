-- SPDX-License-Identifier: Apache-2.0
-- Rights that backglance needs for :what (sql/rights.h) and that the account lacks: the right, and the statement that
-- grants it. Only the account's own rights on the server and on the database are checked. A right on a single table
-- counts as if it were on all tables, and an account with an active role as if it had all rights: neither is worth a
-- false alarm. The name of the database is a pattern there. ALTER TABLE needs CREATE as well (and INSERT, which is among
-- the rows' rights).
-- name: missing
SELECT need.privilege, CONCAT('GRANT ', need.privilege, ' ON ', DATABASE(), '.* TO ', me.grantee)
FROM  (SELECT 'rows' AS what, 'SELECT' AS privilege UNION ALL SELECT 'rows', 'INSERT'
       UNION ALL SELECT 'rows', 'UPDATE' UNION ALL SELECT 'rows', 'DELETE'
       UNION ALL SELECT 'tables', 'CREATE'
       UNION ALL SELECT 'images', 'CREATE' UNION ALL SELECT 'images', 'ALTER'
       UNION ALL SELECT 'ledger', 'CREATE' UNION ALL SELECT 'ledger', 'ALTER'
       UNION ALL SELECT 'images_index', 'INDEX' UNION ALL SELECT 'ledger_index', 'INDEX'
       UNION ALL SELECT 'guard', 'TRIGGER' UNION ALL SELECT 'see_guard', 'TRIGGER') need,
      (SELECT CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER())
                                                - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1),
                     '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS grantee) me
WHERE  need.what = :what
AND    COALESCE(CURRENT_ROLE(), 'NONE') = 'NONE'
AND    NOT EXISTS (SELECT 1 FROM information_schema.user_privileges p
                   WHERE p.grantee = me.grantee AND p.privilege_type = need.privilege)
AND    NOT EXISTS (SELECT 1 FROM information_schema.schema_privileges p
                   WHERE p.grantee = me.grantee AND DATABASE() LIKE p.table_schema
                   AND p.privilege_type = need.privilege)
AND    NOT EXISTS (SELECT 1 FROM information_schema.table_privileges p
                   WHERE p.grantee = me.grantee AND p.table_schema = DATABASE()
                   AND p.privilege_type = need.privilege);
