{{ rows_in_force('social_insurance') }}
