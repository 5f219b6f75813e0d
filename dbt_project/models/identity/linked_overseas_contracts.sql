{{ link_rows('overseas_contracts', ['sex', 'contract_no', 'left_on', 'returned_on']) }}
