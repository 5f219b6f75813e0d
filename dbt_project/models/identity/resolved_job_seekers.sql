{{ resolve_rows('job_seekers') }}
