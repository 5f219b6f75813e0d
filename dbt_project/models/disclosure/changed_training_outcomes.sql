{{ config(alias='training_outcomes', materialized='view') }}
-- Outcomes of training, made of the changed finest counts by the model of the candidates.
{{ training_outcomes_of(
    ref('changed_completions'), ref('shown_training_medians'),
    "case when p.protects and (coalesce(w.is_hidden, true) or c.employed_12m = 0) then 'median_wage_12m' end",
) }}
