{{ rows_in_force('job_seekers') }}
