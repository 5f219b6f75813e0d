{{ link_rows('job_seekers', ['registration_no', 'registered_on', 'closed_on']) }}
