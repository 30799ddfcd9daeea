-- SPDX-License-Identifier: Apache-2.0
-- In which stores the live images lie, and those without a hash. An image counts once, by the first of its live
-- locations.

-- name: pending_groups
SELECT   {location_scheme}, MIN(l.meta_data), COUNT(*), COALESCE(SUM({known_size}), 0),
         COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM     images i
JOIN     image_locations l ON l.image_id = i.id
WHERE    {pending_by_id}
AND      {has_id}
AND      {is_first_location}
GROUP BY 1, {exact}l.meta_data;

-- name: pending_groups_before_expand
SELECT   {location_scheme}, MIN(l.meta_data), COUNT(*), COALESCE(SUM({known_size}), 0),
         COALESCE(SUM(CASE WHEN i.size > 0 THEN 0 ELSE 1 END), 0)
FROM     images i
JOIN     image_locations l ON l.image_id = i.id
WHERE    {live}
AND      {has_id}
AND      {is_first_location}
GROUP BY 1, {exact}l.meta_data;

-- For sites that encrypt locations: only the program can read their schemes.
-- name: pending_values
SELECT l.value, l.meta_data, {known_size}, CASE WHEN i.size > 0 THEN 0 ELSE 1 END
FROM   images i
JOIN   image_locations l ON l.image_id = i.id
WHERE  {pending_by_id}
AND    {has_id}
AND    {is_first_location};

-- name: pending_values_before_expand
SELECT l.value, l.meta_data, {known_size}, CASE WHEN i.size > 0 THEN 0 ELSE 1 END
FROM   images i
JOIN   image_locations l ON l.image_id = i.id
WHERE  {live}
AND    {has_id}
AND    {is_first_location};

-- name: live_groups
SELECT   {location_scheme}, MIN(l.meta_data), COUNT(*), COALESCE(SUM({known_size}), 0),
         COALESCE(SUM(CASE WHEN COALESCE(i.os_hash_value, '') = '' THEN 0 ELSE 1 END), 0),
         COALESCE(SUM(CASE WHEN COALESCE(i.os_hash_value, '') = '' THEN 0 ELSE {known_size} END), 0)
FROM     images i
JOIN     image_locations l ON l.image_id = i.id
WHERE    {live}
AND      {has_id}
AND      {is_first_location}
GROUP BY 1, {exact}l.meta_data;

-- As pending_values.
-- name: live_values
SELECT l.value, l.meta_data, {known_size}, CASE WHEN COALESCE(i.os_hash_value, '') = '' THEN 0 ELSE 1 END
FROM   images i
JOIN   image_locations l ON l.image_id = i.id
WHERE  {live}
AND    {has_id}
AND    {is_first_location};

-- Of few images: a pass over the results looks up these alone.
-- name: finding_values
SELECT t.image_id, t.result, l.value, l.meta_data
FROM   backglance_item t
JOIN   images i ON i.id = t.image_id
JOIN   image_locations l ON l.image_id = i.id
WHERE  {item_is_finding}
AND    {is_first_location};

-- name: verify_finding_values
SELECT v.image_id, v.result, l.value, l.meta_data
FROM   backglance_verify v
JOIN   images i ON i.id = v.image_id
JOIN   image_locations l ON l.image_id = i.id
WHERE  {verify_is_finding}
AND    {is_first_location};
