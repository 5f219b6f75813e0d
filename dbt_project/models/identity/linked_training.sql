{{ link_rows('training', [
    'sex', 'institution_code', 'record_no', 'field_code', 'level', 'kind', 'started_on', 'ended_on',
    'outcome', 'certificate_no',
]) }}
