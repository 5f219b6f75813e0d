{{ config(alias='target_progress') }}
-- Plan targets judged by what is published: a province outside the coverage shows no figure.
{{ target_progress_of(ref('published_indicators')) }}
