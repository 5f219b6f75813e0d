{{ link_rows('job_seekers', ['sex', 'registration_no', 'registered_on', 'closed_on']) }}
