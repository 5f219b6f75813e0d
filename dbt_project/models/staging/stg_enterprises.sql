{{ rows_in_force('enterprises') }}
