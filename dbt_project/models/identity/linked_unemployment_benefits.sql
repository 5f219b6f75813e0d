{{ link_rows('unemployment_benefits', ['sex', 'decision_no', 'starts_on', 'ends_on']) }}
