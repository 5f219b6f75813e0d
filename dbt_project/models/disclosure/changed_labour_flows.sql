{{ config(alias='labour_flows', materialized='view') }}
-- Job flows, made of the changed finest counts by the model of the candidates.
-- noqa: disable=CP02,PRS
{{ labour_flows_of(ref('changed_places')) }}
