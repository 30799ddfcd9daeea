-- SPDX-License-Identifier: Apache-2.0
-- name: locked_properties
{live_properties_of_image}
FOR UPDATE;
