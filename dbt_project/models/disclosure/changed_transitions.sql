{{ config(alias='transitions', materialized='view') }}
-- Transitions, made of the changed finest counts by the model of the candidates.
{{ transitions_of(ref('changed_status_changes')) }}
