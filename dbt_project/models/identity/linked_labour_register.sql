{{ link_rows('labour_register', [
    'citizen_id', 'former_id', 'full_name', 'birth_date', 'sex', 'commune_code', 'surveyed_on', 'activity',
    'vsic_section', 'vsic_version', 'weekly_hours', 'wants_more_hours', 'available', 'technical_level',
]) }}
