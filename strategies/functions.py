"""The engine's scalar functions as productions: a call of each, with holes for the arguments that vary.

The tests hold them against what the installed engine lists: a release that adds a function shows up as one that is
neither called here nor left out with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["LEFT_OUT", "NEWER_SCALARS", "OTHER_NAMES", "SCALARS", "functions_in"]

SCALARS = """
abs({number} % 100)
acos({float})
acosh({float})
array_any_value({list})
array_append({list}, {number})
array_concat({list}, {list})
array_dims({list})
array_distance([1.0, 2.0], [{float}, 1.0])
array_distinct({list})
array_element({list}, 1)
array_except({list}, {list})
array_has({list}, 1)
array_has_all({list}, [1])
array_has_any({list}, [1, 2])
array_length({list})
array_max({list})
array_min({list})
array_ndims({list})
array_pop_back({list})
array_pop_front({list})
array_position({list}, 1)
array_positions({list}, 1)
array_prepend({number}, {list})
array_remove({list}, 1)
array_remove_all({list}, 1)
array_remove_n({list}, 1, 2)
array_repeat({number}, 2)
array_replace({list}, 1, 2)
array_replace_all({list}, 1, 2)
array_replace_n({list}, 1, 2, 1)
array_resize({list}, 3, 0)
array_reverse({list})
array_slice({list}, 1, 2)
array_sort({list}, 'DESC', 'NULLS LAST')
array_to_string({list}, ',', 'none')
arrow_cast({number}, 'Float64')
arrow_typeof({column})
ascii({text})
asin({float})
asinh({float})
atan({float})
atan2({float}, {float})
atanh({float})
bit_length({text})
btrim({text}, 'a')
cardinality({list})
cbrt({float})
ceil({float})
character_length({text})
chr(abs({number} % 50) + 60)
coalesce({text}, 'none')
concat({text}, {text})
concat_ws('-', {text}, {text})
contains({text}, 'a')
cos({float})
cosh({float})
cot({float})
date_bin(INTERVAL '15 minutes', {timestamp})
date_part('minute', {timestamp})
date_trunc('month', {timestamp})
decode(encode({text}, 'base64'), 'base64')
degrees({float})
digest({text}, 'sha256')
empty({list})
encode({text}, 'hex')
ends_with({text}, 'b')
exp({float})
factorial(abs({number} % 5))
find_in_set({text}, 'a,b,ab')
flatten([{list}, [1]])
floor({float})
from_unixtime({number} % 100000)
gcd({number} % 100, 6)
generate_series(1, abs({number} % 4))
get_field({struct}, 'f0')
greatest({number}, 2)
initcap({text})
isnan({float})
iszero({float})
lcm({number} % 10, 6)
least({number}, 2)
left({text}, 1)
levenshtein({text}, 'ab')
ln({float})
log(2.0, {float})
log10({float})
log2({float})
lower({text})
lpad({text}, 4, '*')
ltrim({text}, 'a')
make_array({number}, 3)
make_date(2024, coalesce(abs({number} % 12), 0) + 1, 3)
map(['a'], [{number}])
map_entries({map})
map_extract({map}, 'a')
map_keys({map})
map_values({map})
md5({text})
named_struct('f0', {number}, 'f1', {text})
nanvl({float}, 1.0)
nullif({text}, 'a')
nvl({text}, 'none')
nvl2({text}, {number}, -1)
octet_length({text})
overlay({text} PLACING 'Z' FROM 1 FOR 1)
pi()
power({number} % 10, 2)
radians({float})
range(0, abs({number} % 4))
regexp_count({text}, 'a|b')
regexp_instr({text}, 'b')
regexp_like({text}, '^A', 'i')
regexp_match({text}, '(a)')
regexp_replace({text}, '[ab]', 'Z', 'g')
repeat({text}, 2)
replace({text}, 'a', 'b')
reverse({text})
right({text}, 1)
round({float}, 1)
rpad({text}, 4, '*')
rtrim({text}, 'b')
sha224({text})
sha256({text})
sha384({text})
sha512({text})
signum({float})
sin({float})
sinh({float})
split_part({text}, 'a', 1)
sqrt(abs({float}))
starts_with({text}, 'a')
string_to_array({text}, 'b')
strpos({text}, 'b')
struct({number}, {text})
substr({text}, 2)
substr_index({text}, 'b', 1)
tan({float})
tanh({float})
to_char({timestamp}, '%Y-%m-%d %H')
to_date('2024-01-31')
to_hex({number})
to_local_time({timestamptz})
to_timestamp({number} % 100000)
to_timestamp_micros({number} % 100000)
to_timestamp_millis({number} % 100000)
to_timestamp_nanos({number} % 100000)
to_timestamp_seconds({number} % 100000)
to_unixtime({timestamp})
translate({text}, 'ab', 'xy')
trunc({float})
upper({text})
"""

NEWER_SCALARS = """
array_add([1.0, 2.0], [{float}, 1.0])
array_avg({list})
array_compact({list})
array_intersect({list}, {list})
array_normalize([{float}, 1.0])
array_product({list})
array_scale([{float}, 1.0], 2.0)
array_subtract([1.0, 2.0], [{float}, 1.0])
array_sum({list})
array_union({list}, {list})
arrays_zip({list}, {list})
arrow_field({column})
arrow_metadata({column})
arrow_try_cast({text}, 'Int64')
cast_to_type({number}, 1.5)
cosine_distance([1.0, 2.0], [{float}, 1.0])
inner_product([1.0, 2.0], [{float}, 1.0])
make_time(abs({number} % 24), 30, 1)
to_time('12:30:00')
try_cast_to_type({text}, 1)
with_metadata({number}, 'key', 'value')
"""
"""Those that DataFusion 51 does not have, or fails to run over nulls."""

LEFT_OUT = {
    **dict.fromkeys(
        ("now", "today", "current_date", "current_time", "current_timestamp"), "gives the moment of reading"
    ),
    **dict.fromkeys(("rand", "random", "uuid"), "gives something else each time"),
    **dict.fromkeys(("input_file_name", "file_row_index"), "asks for a file, and the plan scans none"),
    **dict.fromkeys(("union_extract", "union_tag"), "takes unions, which no Iceberg table has"),
    "any_value": "gives any of a group's values",
    "version": "gives the engine's version",
}
"""Functions that are not called, with the reason."""

OTHER_NAMES = {
    "array_cat": "array_concat",
    "array_contains": "array_has",
    "array_empty": "empty",
    "array_extract": "array_element",
    "array_indexof": "array_position",
    "array_join": "array_to_string",
    "array_push_back": "array_append",
    "array_push_front": "array_prepend",
    "arrays_overlap": "array_has_any",
    "char_length": "character_length",
    "covar": "covar_samp",
    "date_format": "to_char",
    "datepart": "date_part",
    "datetrunc": "date_trunc",
    "dot_product": "inner_product",
    "element_at": "map_extract",
    "ifnull": "nvl",
    "instr": "strpos",
    "length": "character_length",
    "list_zip": "arrays_zip",
    "make_list": "make_array",
    "mean": "avg",
    "position": "strpos",
    "pow": "power",
    "quantile_cont": "percentile_cont",
    "row": "struct",
    "stddev_samp": "stddev",
    "string_to_list": "string_to_array",
    "substring": "substr",
    "substring_index": "substr_index",
    "trim": "btrim",
    "var_population": "var_pop",
    "var_samp": "var",
    "var_sample": "var",
}
"""Other names that the engine takes for the same function; so is every `list_…` of an `array_…`."""

_CALL = re.compile(r"(?<!AS )\b([a-z][a-z0-9_]*)\(")


def functions_in(sql: str) -> Iterator[str]:
    """Yield the name of each function that SQL calls, by the first of its names; some more than once.

    >>> sorted(functions_in("SELECT list_sort(l), upper(t), count(*) FROM t"))
    ['array_sort', 'count', 'upper']
    """
    for name in _CALL.findall(sql):
        of_array = re.sub("^list_", "array_", name)
        yield OTHER_NAMES.get(name) or OTHER_NAMES.get(of_array, of_array)
