-- From which status to which, as counted.
{{ transitions_of(ref('status_changes')) }}
