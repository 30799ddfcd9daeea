-- name: locked_found
{found_of_image}
FOR UPDATE;
