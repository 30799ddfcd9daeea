-- SPDX-License-Identifier: Apache-2.0
-- COALESCE around a column that is never NULL keeps every planner off the index of that column. With old statistics
-- it would look for the few rows of a claim among all queued rows.
--
-- Conditions that several statements need. A statement of another file names one in braces. The row of images is
-- always i, of backglance_signature s; conditions on items name their table.

-- Images whose data Glance serves.
-- name: live
i.deleted = {false} AND {exact}i.status IN ('active', 'deactivated')

-- Live and without a hash: backfill reads these images. os_hash_algo alone does not count, because Glance sets it
-- first.
-- name: pending
{live} AND (i.os_hash_value IS NULL OR i.os_hash_value = '')

-- Both once more, for statements that take rows in the order of their ids.
-- name: live_by_id
COALESCE(i.deleted, {true}) = {false} AND {exact}i.status IN ('active', 'deactivated')

-- name: pending_by_id
{live_by_id} AND COALESCE(i.os_hash_value, '') = ''

-- name: verifiable
((i.os_hash_value IS NOT NULL AND i.os_hash_value <> '') OR (i.checksum IS NOT NULL AND i.checksum <> ''))

-- name: item_is_pending
EXISTS (SELECT 1 FROM images i WHERE i.id = t.image_id AND {pending})

-- A hash of another program that is gone again; or an image that was not live, or had no location, and now is live or
-- has one.
-- name: item_has_come_back
((state = 'done' AND digest IS NULL)
 OR (state = 'failed' AND result IN ({results_retried_when_live}))
 OR (state = 'failed' AND result IN ({results_retried_when_located}) AND {item_has_location}))

-- A finding: not an image that only waits until it changes.
-- name: item_is_failed
(state = 'failed' AND result NOT IN ({results_retried_when_image_changes}))

-- Its hash was published, and is erased if the image is pending.
-- name: item_is_erased
(state = 'done' AND digest IS NOT NULL)

-- For an item t and its image i: an image that a person must look at. The findings of a report and their number are both
-- taken from this.
-- name: item_is_finding
((COALESCE(t.state, '') = 'failed' OR (COALESCE(t.state, '') = 'queued' AND t.finished_at IS NOT NULL))
 AND t.result NOT IN ({results_without_findings}) AND {pending_by_id})

-- The same for a row v of backglance_verify.
-- name: verify_is_finding
(v.result NOT IN ({results_without_findings}) AND {live_by_id})

-- For the image i of a row of ours, LEFT JOINed: deleted, purged (the row is gone), or not served for another reason.
-- What was found of such an image is no finding: nobody can look at it.
-- name: is_gone
(COALESCE(i.deleted, {true}) <> {false} OR NOT {exact}i.status IN ('active', 'deactivated'))

-- Times of an item that a clock has written which was ahead. A lease lasts 120 s and a postponed try at most 600 s, so
-- a time that lies later than twice the longest lease, or an hour, holds nothing and postpones nothing.
-- name: lease_is_over
(lease_until < {now} OR lease_until > {now} + 240)

-- name: lease_holds
(lease_until >= {now} AND lease_until <= {now} + 240)

-- name: try_is_due
(next_try_at <= {now} OR next_try_at > {now} + 3600)

-- name: item_is_claimable
(COALESCE(state, '') = 'queued' AND {lease_is_over} AND {try_is_due})

-- For a row t of backglance_scrub and the run :run. The lease of a run that has ended holds nothing: whoever finds a dead
-- run enters its end. Each run claims an image once.
-- name: scrub_is_claimable
((t.lease_run IS NULL OR t.lease_until < {now} OR t.lease_until > {now} + 240
  OR EXISTS (SELECT 1 FROM backglance_run r WHERE r.run_id = t.lease_run AND r.finished_at IS NOT NULL))
 AND COALESCE(t.last_run, '') <> :run)

-- For the same row and its checkpoint c, if it has one.
-- name: left_of_scrub
CASE WHEN c.offset_bytes <= t.size_bytes THEN t.size_bytes - c.offset_bytes ELSE t.size_bytes END

-- For a row of backglance_signature. A clock that said less than 2026-01-01 was not set when the image was flagged.
-- No grace period was given by it.
-- name: flag_has_date
flagged_at >= 1767225600

-- For a failed item: a missing store may be back.
-- name: item_may_be_reached
result IN ({results_retried_when_reachable}) AND (finished_at < {now} - 3600 OR finished_at > {now} + 240)

-- As item_has_come_back, for statements that take items by pages of ids: with an index on the state, each page would
-- be a pass over all of them.
-- name: item_has_come_back_by_id
((COALESCE(state, '') = 'done' AND digest IS NULL)
 OR (COALESCE(state, '') = 'failed' AND result IN ({results_retried_when_live}))
 OR (COALESCE(state, '') = 'failed' AND result IN ({results_retried_when_located}) AND {item_has_location}))

-- name: item_has_location
EXISTS (SELECT 1 FROM image_locations l
        WHERE l.image_id = t.image_id AND COALESCE(l.deleted, {true}) = {false} AND {exact}l.status = 'active')

-- For an item and its checkpoint c, if it has one: the same as left_of() of read/read_stage.h.
-- name: left_of_item
CASE WHEN c.offset_bytes <= size_bytes THEN size_bytes - c.offset_bytes ELSE size_bytes END

-- For item t: the digest is not to be used. Since the run began that read the bytes, verify has not found them so. Times
-- of two hosts may be some minutes apart, so a finding counts as older only by a margin. A run or a read whose time is
-- in the future was made under a wrong clock; then no finding counts as older.
-- name: item_is_doubted
EXISTS (SELECT 1 FROM backglance_verify v
        WHERE v.image_id = t.image_id
        AND   v.result IN ({results_against})
        AND   (COALESCE((SELECT r.started_at FROM backglance_run r WHERE r.run_id = t.read_run), t.finished_at)
               NOT BETWEEN v.verified_at + 241 AND {now}
               OR t.finished_at > {now}))

-- The same for a checkpoint: verify has not found the bytes as they were since it was taken.
-- name: checkpoint_is_doubted
EXISTS (SELECT 1 FROM backglance_verify v
        WHERE v.image_id = backglance_checkpoint.image_id
        AND   v.result IN ({results_against})
        AND   backglance_checkpoint.taken_at NOT BETWEEN v.verified_at + 241 AND {now})

-- For item t of image i: the digest can only be the image's. Its MD5 is compared with the checksum when it is
-- published; without a checksum, the location that was read must be the only one.
-- name: item_is_proved
(COALESCE(i.checksum, '') <> ''
 OR NOT EXISTS (SELECT 1 FROM image_locations o
                WHERE o.image_id = t.image_id AND o.id <> t.location_id
                AND   COALESCE(o.deleted, {true}) = {false} AND {exact}o.status = 'active'))

-- For a row of backglance_signature: there is no verdict, or none for the present signature.
-- name: no_verdict
verdict = NULL, legacy_verdict = NULL, verdict_reason = NULL, legacy_reason = NULL, chain = NULL, chain_reason = NULL,
verified_run = NULL, verified_at = NULL, verified_state = NULL, legacy_state = NULL

-- The properties that are a signature in a scheme, as of the last migrate.
-- name: signed
EXISTS (SELECT 1 FROM backglance_signature s
        WHERE s.image_id = i.id
        AND   s.scheme IN ('legacy_complete', 'legacy_partial', 'new_complete', 'new_partial', 'both'))

-- For a scheme that is about to be written.
-- name: deprecated_scheme
:scheme IN ('legacy_complete', 'legacy_partial', 'both')

-- name: flagged
s.scheme IN ('legacy_complete', 'legacy_partial', 'both')

-- For a row of backglance_signature: signed again under the new names, and found valid. Some signatures do not count.
-- A snapshot's signature is not its owner's, and one with an expired certificate proves nothing: both have verdicts
-- of their own. Nor does a signature count if its certificate was not trusted at the last check, or if a verify has
-- found other bytes since the run began that read them: hours may lie between a read and its verdict. The times count
-- as those of item_is_doubted.
-- name: settled
s.scheme = 'both' AND s.verdict = 'valid' AND (s.chain IS NULL OR s.chain = 'trusted')
AND NOT EXISTS (SELECT 1 FROM backglance_verify v
                WHERE v.image_id = s.image_id
                AND   (COALESCE((SELECT r.started_at FROM backglance_run r WHERE r.run_id = s.verified_run),
                                s.verified_at)
                       NOT BETWEEN v.verified_at + 241 AND {now}
                       OR s.verified_at > {now})
                AND   v.result IN ({results_against}))

-- For a row of image_properties: removed, on an image that still exists. Each save of Glance deletes the image's dead
-- properties once more (_set_properties_for_image, with purge_props), so deleted_at says nothing.
-- name: as_removed
id = :property AND image_id = :id AND {exact}image_id = :id AND name = :name AND {exact}name = :name
AND deleted = {true}
AND EXISTS (SELECT 1 FROM images i WHERE i.id = image_properties.image_id AND i.deleted = {false})

-- name: found_of_image
SELECT verdict, verdict_reason, verified_state,
       legacy_verdict, legacy_reason, legacy_state,
       chain, chain_reason
FROM   backglance_signature
WHERE  image_id = :id

-- name: signature_names
'signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid',
'img_signature', 'img_signature_hash_method', 'img_signature_key_type', 'img_signature_certificate_uuid'

-- For signatures of both schemes.
-- name: live_properties_of_image
SELECT   id, name, value, updated_at
FROM     image_properties
WHERE    image_id = :id
AND      COALESCE(deleted, {true}) = {false}
AND      name IN ({signature_names},
                  'mask_gen_algorithm', 'pss_salt_length')
ORDER BY id

-- PostgreSQL: the schema that has Glance's tables (sql/schema_names.h).
-- name: schema_of_tables
pg_catalog.current_setting('backglance.schema')

-- The same before a name that becomes an object with to_regclass.
-- name: schema_prefix
quote_ident({schema_of_tables}) || '.'

-- The location l is the first live one of its image.
-- name: is_first_location
COALESCE(l.deleted, {true}) = {false} AND {exact}l.status = 'active'
AND NOT EXISTS (SELECT 1 FROM image_locations o
                WHERE o.image_id = l.image_id AND o.id < l.id
                AND   COALESCE(o.deleted, {true}) = {false} AND {exact}o.status = 'active')

-- For an erased item of the image `image`: its digest is not put back.
-- name: erased_is_read_again
EXISTS (SELECT 1 FROM backglance_item t JOIN images i ON i.id = t.image_id
        WHERE t.image_id = image.id AND ({item_is_doubted} OR NOT {item_is_proved}))
