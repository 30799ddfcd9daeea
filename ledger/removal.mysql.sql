-- name: locked_properties
{live_properties_of_image}
FOR UPDATE;
