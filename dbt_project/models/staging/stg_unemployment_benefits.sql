{{ rows_in_force('unemployment_benefits') }}
