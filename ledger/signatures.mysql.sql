-- SPDX-License-Identifier: Apache-2.0
-- name: locked_found
{found_of_image}
FOR UPDATE;
