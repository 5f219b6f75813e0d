{{ rows_in_force('poor_households') }}
