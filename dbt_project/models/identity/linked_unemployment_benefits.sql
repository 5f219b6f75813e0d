{{ link_rows('unemployment_benefits', ['decision_no', 'starts_on', 'ends_on']) }}
