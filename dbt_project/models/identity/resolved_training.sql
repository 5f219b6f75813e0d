{{ resolve_rows('training', former=['previous_id', 'former_id']) }}
