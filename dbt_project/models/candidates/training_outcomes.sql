-- What became of those who completed training with a certificate, as counted.
{{ training_outcomes_of(ref('completion_counts'), ref('training_medians')) }}
