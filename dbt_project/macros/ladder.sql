{# The ladder of SPEC §4: one bit a step, the lowest first. Statuses: 0 unknown, 1 employed, 2 unemployed, 3 inactive, 4 abroad. #}

{% macro status_of_hit(hit, registered_activity) -%}
case
    when {{ hit }} in (1, 2, 4) then 1
    when {{ hit }} = 8 then 4
    when {{ hit }} in (16, 32) then 2
    when {{ hit }} = 64 then {{ registered_activity }}
    when {{ hit }} = 128 then 3
    else 0
end
{%- endmacro %}

{% macro status_text(status) -%}
case {{ status }} when 1 then 'employed' when 2 then 'unemployed' when 3 then 'inactive' when 4 then 'abroad' else 'unknown' end
{%- endmacro %}

{% macro source_text(bit) -%}
case {{ bit }} when 1 then 'social_insurance' when 2 then 'business_registration' when 4 then 'voluntary_insurance'
    when 8 then 'overseas_contract' when 16 then 'unemployment_benefit' when 32 then 'job_seeker'
    when 64 then 'labour_register' when 128 then 'training' else 'none' end
{%- endmacro %}
