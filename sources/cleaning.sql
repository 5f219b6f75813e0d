-- The value rules of SPEC §1 and the identifier rules of §2, one macro a rule.
-- Readers hand on tidy text (trimmed, white space collapsed, NFC). `given` is what the agency wrote, or null;
-- every other macro takes a given value. The usual form of a value is tried first, since it is cheap to see.

create or replace temp macro given(x) as
    case when strlen(x) > 4 then x
         when x = '-' or upper(x) in ('', 'NULL', 'N/A') then null
         else x end;
create or replace temp macro word(x) as lower(x);

create or replace temp macro identifier(x) as nullif(translate(ltrim(x, '''’'), ' .-', ''), '');
create or replace temp macro is_number(x) as regexp_full_match(x, '[0-9]{1,18}');
-- an identifier without a spreadsheet's ".0"
create or replace temp macro digits(x) as
    case when is_number(x) then x
         when regexp_full_match(x, '[0-9]+\.0{1,2}') then split_part(x, '.', 1)
         else identifier(x) end;
-- a number that was written with `digits` digits; zeros a spreadsheet dropped are given back by its being a number
create or replace temp macro of_digits(number, digits, shortest, longest) as
    case when digits between shortest and longest then number end;

-- C gives century and sex, YY the year (SPEC §2); `id` is the number, `birth` a date, `is_male` a boolean
create or replace temp macro citizen_id_agrees(id, birth, is_male) as
    (1900 + 100 * (((id // 100000000) % 10) // 2) + (id // 1000000) % 100 = year(birth))
    and ((((id // 100000000) % 10) % 2 = 0) = is_male);

-- weights 31,29,23,19,17,13,7,5,3; a result of 10 is never issued
create or replace temp macro tax_code_holds(n) as
    n % 10 = 10 - (31 * (n // 1000000000) + 29 * (n // 100000000 % 10) + 23 * (n // 10000000 % 10)
        + 19 * (n // 1000000 % 10) + 17 * (n // 100000 % 10) + 13 * (n // 10000 % 10)
        + 7 * (n // 1000 % 10) + 5 * (n // 100 % 10) + 3 * (n // 10 % 10)) % 11;
-- the length a code was issued with, from the digits it was written with; other lengths are no code
create or replace temp macro enterprise_length(digits) as
    case when digits between 9 and 10 then 10 when digits between 11 and 12 then 12 when digits = 13 then 13 end;
-- a code as one number that sorts as the code does; the length (10, 12, 13) can be read back from it
create or replace temp macro enterprise_number(n, digits) as
    case enterprise_length(digits)
        when 10 then case when tax_code_holds(n) then n * 4000 end
        when 12 then n * 40 + 1
        when 13 then case when tax_code_holds(n // 1000) and n % 1000 <> 0 then n * 4 + 2 end end;

create or replace temp macro iso_date(x) as
    case when x glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' then try_cast(x as date)
         when regexp_full_match(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ]00:00(:00(\.0+)?)?)?')
         then try_cast(regexp_extract(x, '^[0-9-]+') as date) end;
create or replace temp macro vietnamese_date(x) as
    case when regexp_full_match(x, '[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}')
         then try_cast(regexp_replace(x, '([0-9]+)[/-]([0-9]+)[/-]([0-9]+)', '\3-\2-\1') as date) end;
create or replace temp macro serial_date(x) as
    case when regexp_full_match(x, '[0-9]{1,7}(\.0{1,2})?') and x::double between 1 and 2958465
         then date '1899-12-30' + x::double::integer end;
create or replace temp macro any_date(x) as coalesce(iso_date(x), vietnamese_date(x), serial_date(x));

create or replace temp macro birth_precision(x) as
    case when strlen(x) between 8 and 10 then 0
         when regexp_full_match(x, '[0-9]{4}(\.0{1,2})?') then 2
         when regexp_full_match(x, '[0-9]{1,2}/[0-9]{4}|[0-9]{4}-[0-9]{1,2}') then 1
         else 0 end;
create or replace temp macro birth(x) as
    case birth_precision(x)
        when 2 then try_cast(left(x, 4) || '-07-01' as date)
        when 1 then try_cast(case when contains(x, '/')
                                  then split_part(x, '/', 2) || '-' || split_part(x, '/', 1)
                                  else x end || '-15' as date)
        else any_date(x) end;

create or replace temp macro moment(x) as
    case when regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?')
         then try_cast(replace(x, 'T', ' ') || case when length(x) = 16 then ':00' else '' end as timestamp)
         else any_date(x)::timestamp end;

-- months are counted from year 0: 12 * year + month - 1
create or replace temp macro month_number(x) as
    case when regexp_full_match(x, '[0-9]{4}-(0[1-9]|1[0-2])(-01)?')
         then left(x, 4)::integer * 12 + substr(x, 6, 2)::integer - 1 end;
create or replace temp macro whole(x) as
    case when regexp_full_match(x, '[0-9]{1,15}') then try_cast(x as bigint)
         when regexp_full_match(x, '-?[0-9]{1,15}(\.0+)?') then try_cast(split_part(x, '.', 1) as bigint) end;
create or replace temp macro number(x) as
    case when regexp_full_match(x, '[0-9]{1,15}') then try_cast(x as double)
         when regexp_full_match(x, '-?[0-9]{1,15}(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?') then try_cast(x as double) end;

create or replace temp macro sex_of(x) as
    case when x in ('male', 'female') then x
         when word(x) in ('male', 'm', 'nam', '1') then 'male'
         when word(x) in ('female', 'f', 'nữ', '2') then 'female' end;
-- 1 true, 0 false, 2 an `x` (its meaning hangs on the rest of the column), 3 nothing, 4 unreadable
create or replace temp macro boolean_mark(x) as
    case when x is null then 3
         when word(x) in ('true', '1', 'có') then 1
         when word(x) in ('false', '0', 'không') then 0
         when word(x) = 'x' then 2
         else 4 end;
