{{ rows_in_force('labour_changes') }}
