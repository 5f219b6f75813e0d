{# The unit a figure of official statistics is published in: that of its contract, or the one it came in (SPEC §5). #}
{% macro published_unit() -%}
    case lower(unit)
        {%- for sent, published in converted_units().items() %}
        when '{{ sent }}' then '{{ published[0] }}'
        {%- endfor %}
        else unit
    end
{%- endmacro %}

{# A figure, or an end of its interval, in that unit; rounded, since 960.3 thousand are 960300 and not a hair less. #}
{% macro in_published_unit(figure) -%}
    case lower(unit)
        {%- for sent, published in converted_units().items() if published[1] != 1 %}
        when '{{ sent }}' then round({{ figure }} * {{ published[1] }}, 3)
        {%- endfor %}
        else {{ figure }}
    end
{%- endmacro %}
