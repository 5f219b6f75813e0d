{{ rows_in_force('training') }}
