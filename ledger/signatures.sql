-- SPDX-License-Identifier: Apache-2.0
-- Signature properties and our flags for them.

-- Only one property's value is read: other values can be as large as a user makes them. The inner SELECT needs nothing
-- but Glance's index on (image_id, name); few of a site's properties are a signature's.
-- name: properties_of_page
SELECT   p.image_id, p.name, p.deleted, p.deleted_at,
         CASE WHEN p.name = 'image_type' THEN substr(p.value, 1, 16) END,
         i.deleted, i.deleted_at, COALESCE(p.updated_at, p.created_at), i.owner
FROM     image_properties p
JOIN     images i ON i.id = p.image_id
WHERE    p.id IN (SELECT q.id
                  FROM   image_properties q
                  WHERE  q.image_id > :after AND q.image_id <= :upto
                  AND    q.name IN ({signature_names},
                                    'mask_gen_algorithm', 'pss_salt_length', 'image_type', 'base_image_ref'))
ORDER BY p.image_id, p.id;

-- A verdict with a time that is still to come was recorded under a clock that was ahead: every change counts as later.
-- name: flag
SELECT    s.scheme, s.present, s.missing, s.snapshot,
          CASE WHEN COALESCE(r.started_at, s.verified_at) > {now} + 240 THEN 0
               ELSE COALESCE(r.started_at, s.verified_at) END,
          CASE WHEN s.removed_at IS NULL AND {flag_has_date} THEN s.deadline_at END
FROM      backglance_signature s
LEFT JOIN backglance_run r ON r.run_id = s.verified_run
WHERE     s.image_id = :id;

-- name: flagged_by
SELECT COUNT(*)
FROM   backglance_signature
WHERE  image_id = :id
AND    seen_run = :run;

-- name: add_flag
INSERT INTO backglance_signature
       (image_id, scheme, present, missing, snapshot, flagged_at, deadline_at, seen_run)
VALUES (:id, :scheme, :present, :missing, :snapshot, {now}, {now} + :grace, :run);

-- Existing dates never change; the deadline is set when the scheme first is a deprecated one. A property that came
-- back after its removal counts as new, and so does a flag from a clock that was not set. MariaDB sets the columns one
-- after the other, in this order.
-- name: update_flag
UPDATE backglance_signature
SET    deadline_at = CASE WHEN (removed_at IS NOT NULL OR NOT {flag_has_date}) AND {deprecated_scheme}
                          THEN {now} + :grace
                          ELSE COALESCE(deadline_at, {now} + :grace) END,
       flagged_at = CASE WHEN {flag_has_date} THEN flagged_at ELSE {now} END,
       removed_at = CASE WHEN {deprecated_scheme} THEN NULL ELSE removed_at END,
       scheme = :scheme, present = :present, missing = :missing, snapshot = :snapshot, seen_run = :run
WHERE  image_id = :id;

-- For an image that was signed since the last migrate. The next migrate sets its deadline.
-- name: add_flag_of_found
{insert_if_new} backglance_signature
       (image_id, scheme, present, missing, snapshot, flagged_at, seen_run)
SELECT :id, :scheme, :present, :missing, COALESCE(MAX(1), 0), {now}, :run
FROM   image_properties
WHERE  image_id = :id
AND    COALESCE(deleted, {true}) = {false}
AND    ({exact}name = 'base_image_ref' OR ({exact}name = 'image_type' AND {exact}value = 'snapshot'))
{if_new};

-- name: record_found
UPDATE backglance_signature
SET    verdict = :verdict, verdict_reason = :reason, verified_state = :state,
       legacy_verdict = :legacy_verdict, legacy_reason = :legacy_reason, legacy_state = :legacy_state,
       chain = :chain, chain_reason = :chain_reason,
       verified_run = :run, verified_at = {now}
WHERE  image_id = :id;

-- Locks the row on servers: nobody else records a verdict before the transaction ends.
-- name: locked_found
{found_of_image};

-- name: forget_found
UPDATE backglance_signature
SET    {no_verdict}
WHERE  image_id = :id;

-- name: unseen_page_end
SELECT MAX(page.image_id)
FROM   (SELECT   image_id
        FROM     backglance_signature
        WHERE    image_id > :after AND seen_run <> :run AND scheme <> 'none'
        ORDER BY image_id
        LIMIT    :page) AS page;

-- name: clear_unseen
UPDATE backglance_signature
SET    scheme = 'none', present = '', missing = '',
       {no_verdict}
WHERE  image_id > :after AND image_id <= :upto
AND    seen_run <> :run
AND    scheme <> 'none';

-- name: untagged_page
SELECT   s.image_id
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
WHERE    {flagged}
AND      s.tag IS NULL
AND      COALESCE(i.deleted, {true}) = {false}
AND      s.image_id > :after
ORDER BY s.image_id
LIMIT    :page;

-- Glance's tags differ by case; the collation of a column may not see it.
-- name: live_tag
SELECT MAX(id)
FROM   image_tags
WHERE  image_id = :id
AND    {exact}value = :tag
AND    deleted = {false};

-- name: add_tag
INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted)
VALUES (:id, :tag, {now_datetime}, {now_datetime}, {false});

-- name: remember_tag
UPDATE backglance_signature
SET    tag = :tag, tag_id = :tag_id
WHERE  image_id = :id;

-- name: tagged_page
SELECT   image_id, tag_id,
         CASE WHEN scheme IN ('legacy_complete', 'legacy_partial', 'both') THEN 1 ELSE 0 END
FROM     backglance_signature
WHERE    {exact}tag = :tag
AND      image_id > :after
ORDER BY image_id
LIMIT    :page;

-- As Glance's image_tag_delete does it: a soft delete.
-- name: delete_tag
UPDATE image_tags
SET    deleted = {true}, deleted_at = {now_datetime}, updated_at = {now_datetime}
WHERE  id = :tag_id
AND    image_id = :id
AND    {exact}value = :tag
AND    deleted = {false};

-- name: forget_tag
UPDATE backglance_signature
SET    tag = NULL, tag_id = NULL
WHERE  image_id = :id;

-- name: tag_count
SELECT COUNT(*)
FROM   backglance_signature s
JOIN   images i ON i.id = s.image_id
WHERE  {exact}s.tag = :tag;

-- name: used_tags
SELECT   MAX(tag)
FROM     backglance_signature
WHERE    tag IS NOT NULL
GROUP BY {exact}tag;

-- Deleted images count, and also apart (third column): their properties ask for nothing. A purged image has none.
-- name: counts
SELECT   s.scheme, COUNT(*), SUM(CASE WHEN COALESCE(i.deleted, {true}) <> {false} THEN 1 ELSE 0 END)
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
GROUP BY s.scheme;

-- Verdicts and chains of live images, by number: which of them are findings is decided in the program.
-- name: verdict_counts
SELECT   s.scheme, s.verdict, s.chain, COUNT(*)
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
WHERE    s.verdict IS NOT NULL
AND      COALESCE(i.deleted, {true}) = {false}
GROUP BY s.scheme, s.verdict, s.chain;

-- name: first_deadline
SELECT MIN(s.deadline_at)
FROM   backglance_signature s
JOIN   images i ON i.id = s.image_id
WHERE  {flagged}
AND    i.deleted = {false};

-- name: due_totals
SELECT COUNT(*)
FROM   backglance_signature s
JOIN   images i ON i.id = s.image_id
WHERE  {flagged}
AND    s.deadline_at <= {now}
AND    {flag_has_date}
AND    i.deleted = {false};

-- Flags of live images from a clock that was ahead: their deadlines are later than the operator meant. And those from
-- a clock that was not set, which are not due whatever their deadlines say.
-- name: wrong_clock
SELECT COALESCE(SUM(CASE WHEN s.flagged_at > {now} + 240 THEN 1 ELSE 0 END), 0),
       COALESCE(SUM(CASE WHEN {flag_has_date} THEN 0 ELSE 1 END), 0)
FROM   backglance_signature s
JOIN   images i ON i.id = s.image_id
WHERE  {flagged}
AND    i.deleted = {false};

-- name: due_page
SELECT   s.image_id
FROM     backglance_signature s
JOIN     images i ON i.id = s.image_id
WHERE    {flagged}
AND      s.deadline_at <= {now}
AND      {flag_has_date}
AND      COALESCE(i.deleted, {true}) = {false}
AND      s.image_id > :after
ORDER BY s.image_id
LIMIT    :page;

-- The images that migrate would flag: of a deleted image, the properties that were deleted with it count.
-- name: unflagged_count
SELECT COUNT(DISTINCT p.image_id)
FROM   image_properties p
JOIN   images i ON i.id = p.image_id
WHERE  {has_id}
AND    {exact}p.name IN ({signature_names})
AND    ((i.deleted = {false} AND p.deleted = {false})
        OR (i.deleted = {true} AND p.deleted = {true}
            AND (p.deleted_at = i.deleted_at OR (p.deleted_at IS NULL AND i.deleted_at IS NULL))))
AND    NOT EXISTS (SELECT 1 FROM backglance_signature s WHERE s.image_id = p.image_id);
