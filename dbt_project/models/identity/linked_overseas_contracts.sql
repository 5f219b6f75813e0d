{{ link_rows('overseas_contracts', ['contract_no', 'left_on', 'returned_on']) }}
