-- Where each province stands against each plan target (SPEC §5): the target's own area list and basis decide.
{{ target_progress_of(ref('indicators')) }}
