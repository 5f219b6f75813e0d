{{ rows_in_force('vacancies') }}
