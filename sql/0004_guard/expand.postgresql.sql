-- SPDX-License-Identifier: Apache-2.0
-- Keeps a published hash if Glance saves an older copy of the row. Two changes pass: Glance clears the hash itself
-- (then it also clears the size, or the image is no longer active), or it sets another hash.
-- makes: function backglance_guard
-- lock: none on Glance's tables, this is a function
-- cost: none
CREATE FUNCTION backglance_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path=pg_catalog, pg_temp AS $body$
BEGIN
  IF OLD.os_hash_algo <> '' AND OLD.os_hash_value <> ''
    AND (NEW.os_hash_algo IS NULL OR NEW.os_hash_value IS NULL)
    AND COALESCE(NEW.os_hash_algo, OLD.os_hash_algo) = OLD.os_hash_algo
    AND COALESCE(NEW.os_hash_value, OLD.os_hash_value) = OLD.os_hash_value
    AND COALESCE(NULLIF(NEW.checksum, ''), OLD.checksum, '') = COALESCE(OLD.checksum, '')
    AND NEW.size IS NOT DISTINCT FROM OLD.size
    AND NOT OLD.deleted AND OLD.status IN ('active', 'deactivated')
    AND NOT NEW.deleted AND NEW.status IN ('active', 'deactivated')
  THEN
    NEW.os_hash_algo = OLD.os_hash_algo;
    NEW.os_hash_value = OLD.os_hash_value;
    NEW.checksum = OLD.checksum;
  END IF;
  RETURN NEW;
END
$body$;

-- makes: trigger images backglance_guard
-- lock: SHARE ROW EXCLUSIVE on images for a moment, each attempt waits at most 90 ms; readers continue
-- cost: changes only the catalogue; from then on each change of a row of images checks one condition
CREATE TRIGGER backglance_guard BEFORE UPDATE ON images FOR EACH ROW EXECUTE FUNCTION backglance_guard();
