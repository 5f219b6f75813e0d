{# Made by `make generate` from expectations/catalogue.yaml: change that, not this. #}

{# The columns that tell the rows of a published table apart, as it is counted. #}
{% macro key_of(table) %}
{{ return({
    'indicators': ['basis', 'indicator', 'area_version', 'area_level', 'area_code', 'period', 'sex', 'age_group', 'urban_rural'],
    'target_progress': ['plan', 'province_code', 'area_version', 'year', 'indicator', 'basis', 'sex', 'age_group', 'urban_rural'],
    'labour_flows': ['period', 'area_version', 'area_level', 'area_code', 'section'],
    'transitions': ['period', 'lag', 'area_version', 'area_level', 'area_code', 'sex', 'age_group', 'from_status', 'to_status'],
    'training_outcomes': ['year', 'area_version', 'area_level', 'area_code', 'field_code', 'level', 'kind'],
    'linkage': ['source', 'period', 'revision', 'rule', 'sex', 'province_2024'],
    'row_accounting': ['source', 'period', 'revision', 'file'],
}[table]) }}
{% endmacro %}

{#
  The models of finest counts as published: of which `table` each is, what tells its rows apart (`key`), its `counts`, the
  `whole` that is nobody where all are, and what the model is `called` where a table has several.
#}
{% macro finest_counts() %}
{{ return({
    'changed_provinces': {
        'table': 'indicators', 'called': 'province', 'whole': 'population',
        'key': ['quarter', 'province_2024', 'province_2025', 'sex', 'age_class', 'urban_rural'],
        'counts': measures() | list,
    },
    'changed_communes': {
        'table': 'indicators', 'called': 'commune', 'whole': 'population',
        'key': ['quarter', 'province_2024', 'province_2025', 'district_2024', 'commune_2024', 'commune_2025'],
        'counts': measures() | list,
    },
    'changed_places': {
        'table': 'labour_flows', 'called': '', 'whole': 'in_quarter',
        'key': ['quarter', 'province_2024', 'province_2025', 'section'],
        'counts': flow_counts() | list,
    },
    'changed_status_changes': {
        'table': 'transitions', 'called': '', 'whole': 'persons',
        'key': ['lag', 'quarter', 'province_2024', 'province_2025', 'sex', 'age_group', 'from_status', 'to_status'],
        'counts': ['persons'],
    },
    'changed_completions': {
        'table': 'training_outcomes', 'called': '', 'whole': 'completions',
        'key': ['year', 'province_2024', 'province_2025', 'field_code', 'level', 'kind'],
        'counts': ['completions', 'employed_6m', 'employed_12m', 'same_province_2024', 'same_province_2025'],
    },
}) }}
{% endmacro %}
