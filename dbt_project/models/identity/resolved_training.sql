-- A previous_id and a 9-digit citizen_id are both former numbers, in that order.
{{ resolve_rows('training', former=['previous_id', 'former_id']) }}
