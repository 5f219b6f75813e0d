{{ rows_in_force('overseas_contracts') }}
