{{ rows_in_force('population') }}
