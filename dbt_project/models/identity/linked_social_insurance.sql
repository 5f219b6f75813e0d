{{ link_rows('social_insurance', [
    'sex', 'si_number', 'employer_id', 'employer_code_sent', 'month', 'scheme', 'unemployment_insured',
    'wage_base', 'contribution_status',
]) }}
