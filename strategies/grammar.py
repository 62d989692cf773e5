"""The SQL that plans are drawn from: for each kind of text its productions, the simplest first.

A production is SQL with holes: ``{number}`` stands for any production of that kind. Kinds named after types are
expressions of that type, over the columns of the split's table (:class:`strategies.primitives.Primitive` says of which
kind each column is); ``{column}`` is any of these columns, ``{words}`` mostly one of texts, in which patterns find
something, ``{table}`` the table. ``{s}`` is a table of expressions: ``n`` and ``m`` are BIGINT, ``t`` text, ``p`` BOOLEAN, and what stands over it
(aggregates, window functions, joins) uses these names.

Every production runs on its own, whatever the rows are; rows that depend on the order in which an engine visits its
input are in none of them (window functions are ordered by every column that they show, LIMIT by every column).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from strategies.functions import NEWER_SCALARS, SCALARS

__all__ = [
    "BY_SETTING",
    "CONVERSIONS",
    "EXPRESSIONS",
    "GRAMMAR",
    "IS_HELD",
    "OF_NUMBER",
    "QUERIES",
    "Production",
    "production",
]

HOLE = re.compile(r"\{([a-z ]+)\}")


class Production(NamedTuple):
    """A production cut at its holes: the texts around them, one more than there are holes, and the holes' kinds."""

    texts: tuple[str, ...]
    holes: tuple[str, ...]


def production(text: str) -> Production:
    """Return the production that a text with holes stands for.

    >>> production("abs({number})")
    Production(texts=('abs(', ')'), holes=('number',))
    """
    parts = HOLE.split(text)
    return Production(tuple(parts[::2]), tuple(parts[1::2]))


_EXPRESSIONS = {
    "number": """
1
0
-3
40
9007199254740993
CAST(NULL AS BIGINT)
({number} + {number})
({number} - {number})
({number} * {number})
({number} / 3)
({number} % 7)
(- {number})
({number} & 7)
({number} | 1)
({number} << 2)
({number} >> 1)
abs({number} % 100)
CASE WHEN {condition} THEN {number} ELSE {number} END
CASE WHEN {condition} THEN {number} END
CASE {number} WHEN 1 THEN {number} WHEN 0 THEN 7 ELSE {number} END
coalesce({number}, {number})
nullif({number}, {number})
nvl({number}, 0)
nvl2({number}, {number}, {number})
greatest({number}, {number})
least({number}, {number})
gcd({number} % 100, 6)
factorial(abs({number} % 5))
CAST({condition} AS BIGINT)
CAST(CAST({number} % 100 AS TINYINT) AS BIGINT)
CAST(CAST({number} % 100 AS DOUBLE) AS BIGINT)
TRY_CAST({number} AS TINYINT)
TRY_CAST({text} AS BIGINT)
TRY_CAST({float} AS BIGINT)
CAST(length({text}) AS BIGINT)
CAST(octet_length({text}) AS BIGINT)
CAST(bit_length({text}) AS BIGINT)
CAST(strpos({text}, 'a') AS BIGINT)
CAST(position('a' IN {text}) AS BIGINT)
CAST(ascii({text}) AS BIGINT)
CAST(levenshtein({text}, 'ab') AS BIGINT)
CAST(date_part('year', {date}) AS BIGINT)
CAST(date_part('month', {timestamp}) AS BIGINT)
CAST(date_part('hour', {timestamptz}) AS BIGINT)
CAST(date_part('hour', to_timestamp_seconds({number} % 100000)) AS BIGINT)
CAST(EXTRACT(DOW FROM {date}) AS BIGINT)
CAST(array_length({list}) AS BIGINT)
CAST(cardinality({list}) AS BIGINT)
CAST(array_position({list}, 1) AS BIGINT)
array_element({list}, 1)
{list}[2]
get_field({struct}, 'f0')
{struct}['f0']
map_extract({map}, 'a')[1]
""",
    "float": """
1.5
CAST(0.0 AS DOUBLE)
CAST('NaN' AS DOUBLE)
CAST('-Infinity' AS DOUBLE)
CAST(NULL AS DOUBLE)
CAST({number} AS DOUBLE)
CAST({decimal} AS DOUBLE)
CAST(CAST({float} AS REAL) AS DOUBLE)
TRY_CAST({text} AS DOUBLE)
({float} + {float})
({float} * 2.0)
({float} / {float})
(- {float})
CASE WHEN {condition} THEN {float} ELSE {float} END
coalesce({float}, 0.5)
round({float})
round({float}, 2)
floor({float})
ceil({float})
trunc({float})
abs({float})
signum({float})
nanvl({float}, 1.0)
power({float}, 2.0)
sqrt(abs({float}))
""",
    "text": """
'x'
''
'a%_'
'it''s'
'日本'
CAST(NULL AS VARCHAR)
upper({text})
lower({text})
initcap({text})
concat({text}, {text})
concat_ws('-', {text}, {text})
({text} || {text})
substr({text}, 1, 2)
substring({text} FROM 2)
substring({text} FROM 1 FOR 2)
left({text}, 2)
right({text}, 2)
trim({text})
ltrim({text}, 'a')
btrim({text}, 'x')
trim(TRAILING 'b' FROM {text})
lpad({text}, 4, '*')
rpad({text}, 4)
replace({text}, 'a', 'b')
translate({text}, 'ab', 'xy')
overlay({text} PLACING 'Z' FROM 1 FOR 1)
reverse({text})
repeat({text}, 2)
split_part({text}, 'a', 1)
regexp_replace({words}, '[ab]', 'Z', 'g')
regexp_replace({text}, '^a', 'Z')
regexp_match({text}, '(a)')[1]
md5({text})
chr(abs({number} % 50) + 60)
to_hex({number})
CASE WHEN {condition} THEN {text} ELSE {text} END
coalesce({text}, {text})
nullif({text}, 'a')
CAST({number} AS VARCHAR)
CAST({condition} AS VARCHAR)
CAST({float} AS VARCHAR)
CAST(to_timestamp_seconds({number} % 100000) AS VARCHAR)
CAST({decimal} AS VARCHAR)
CAST({date} AS VARCHAR)
CAST({timestamp} AS VARCHAR)
CAST({timestamptz} AS VARCHAR)
CAST({time} AS VARCHAR)
arrow_cast({text}, 'LargeUtf8')
arrow_cast({text}, 'Utf8View')
arrow_cast(arrow_cast({text}, 'Dictionary(Int32, Utf8)'), 'Utf8')
arrow_typeof({anything})
array_to_string({list}, ',')
get_field({struct}, 'f1')
encode({bytes}, 'hex')
to_char(DATE '2024-02-29', '%Y-%m')
""",
    "condition": """
TRUE
FALSE
CAST(NULL AS BOOLEAN)
{anything} IS NULL
{anything} IS NOT NULL
{number} = {number}
{number} <> {number}
{number} < {number}
{number} >= {number}
{number} IS DISTINCT FROM {number}
{number} IS NOT DISTINCT FROM {number}
{number} IN (0, 1, 40)
{number} NOT IN (0, 1, NULL)
{number} IN ({number}, {number})
{number} BETWEEN -1 AND 2
{number} NOT BETWEEN {number} AND 2
{float} > {float}
{float} = {float}
isnan({float})
{text} = {text}
{text} < 'b'
{text} IN ('a', 'b', '')
{words} LIKE 'a%'
{words} LIKE '%b_'
{words} LIKE 'a_%'
{words} NOT LIKE '_'
{words} LIKE 'a\\%%'
{words} ILIKE 'A%'
{words} NOT ILIKE '%B%'
{text} LIKE {text}
{words} SIMILAR TO '(a|b)%'
{words} ~ '^a'
{words} ~* '^A'
{words} !~ 'b'
{words} !~* 'B'
starts_with({text}, 'a')
ends_with({text}, 'b')
contains({text}, 'a')
regexp_like({text}, 'a.*')
({condition} AND {condition})
({condition} OR {condition})
NOT ({condition})
({condition}) IS TRUE
({condition}) IS NOT TRUE
({condition}) IS FALSE
({condition}) IS NOT FALSE
({condition}) IS UNKNOWN
({condition}) IS NOT UNKNOWN
CASE WHEN {condition} THEN {condition} ELSE {condition} END
coalesce({condition}, FALSE)
CAST({number} AS BOOLEAN)
{date} >= DATE '2024-02-29'
{date} BETWEEN DATE '1970-01-01' AND DATE '2024-12-31'
{timestamp} < TIMESTAMP '2024-02-29T12:30:00'
{timestamptz} >= CAST('2024-01-01T00:00:00+02:00' AS TIMESTAMPTZ)
{decimal} > 0.5
{decimal} = {decimal}
{bytes} = X'00'
{interval} = INTERVAL '1' DAY
array_has({list}, 1)
array_has_any({list}, [1, 2])
empty({list})
{list} = [1]
1 = ANY({list})
""",
    "date": """
DATE '2024-02-29'
CAST(NULL AS DATE)
CAST({timestamp} AS DATE)
DATE '2024-01-31' + INTERVAL '1' DAY
DATE '2024-01-31' + INTERVAL '1' MONTH
to_date('2024-01-31')
make_date(2024, 2, 1)
CAST(date_trunc('month', {timestamp}) AS DATE)
CASE WHEN {condition} THEN {date} ELSE {date} END
""",
    "timestamp": """
TIMESTAMP '2024-02-29T12:30:00.000001'
CAST(NULL AS TIMESTAMP)
CAST(DATE '2024-02-29' AS TIMESTAMP)
date_trunc('hour', {timestamp})
{timestamp} + INTERVAL '1' HOUR
{timestamp} - INTERVAL '1' YEAR
date_bin(INTERVAL '15 minutes', {timestamp})
arrow_cast({timestamp}, 'Timestamp(Second, None)')
arrow_cast({timestamp}, 'Timestamp(Millisecond, None)')
to_timestamp('2024-01-01T00:00:00')
from_unixtime({number} % 100000)
CASE WHEN {condition} THEN {timestamp} ELSE {timestamp} END
""",
    "timestamptz": """
CAST('2024-06-30T22:00:00+02:00' AS TIMESTAMPTZ)
arrow_cast('2024-06-30T22:00:00', 'Timestamp(Microsecond, Some("UTC"))')
arrow_cast('2024-06-30T22:00:00', 'Timestamp(Microsecond, Some("+02:00"))')
arrow_cast('2024-06-30T22:00:00', 'Timestamp(Millisecond, Some("Europe/Paris"))')
CAST({timestamp} AS TIMESTAMPTZ)
{timestamp} AT TIME ZONE 'Europe/Paris'
{timestamptz} + INTERVAL '1' DAY
date_trunc('day', {timestamptz})
""",
    "decimal": """
CAST('1.25' AS DECIMAL(9, 2))
CAST(NULL AS DECIMAL(9, 2))
CAST('0.0000000001' AS DECIMAL(38, 10))
CAST({number} % 1000 AS DECIMAL(20, 0))
CAST({number} % 1000 AS DECIMAL(9, 2))
({decimal} + CAST(1 AS DECIMAL(3, 1)))
round({decimal}, 1)
abs({decimal})
CASE WHEN {condition} THEN {decimal} END
arrow_cast({decimal}, 'Decimal256(50, 10)')
""",
    "bytes": """
X'00ff'
X''
CAST(NULL AS BYTEA)
CAST({text} AS BYTEA)
decode('ff00', 'hex')
sha256({text})
arrow_cast({bytes}, 'LargeBinary')
""",
    "time": """
CAST('12:30:00.000001' AS TIME)
CAST(NULL AS TIME)
CAST({timestamp} AS TIME)
""",
    "interval": """
INTERVAL '1' DAY
INTERVAL '2' MONTH
INTERVAL '1' YEAR
INTERVAL '1 day 2 hours 3 seconds'
INTERVAL '1 month 1 day'
({timestamp} - TIMESTAMP '2024-01-01T00:00:00')
""",
    "list": """
make_array(1, 2)
[1, NULL, 3]
make_array({number}, {number})
array_append({list}, {number})
array_prepend({number}, {list})
array_concat({list}, [7])
array_remove({list}, 1)
array_replace({list}, 1, 2)
array_distinct({list})
array_sort({list})
array_reverse({list})
array_slice({list}, 1, 2)
{list}[1:2]
array_except({list}, [1])
array_repeat({number}, 2)
range(0, abs({number} % 4))
arrow_cast({list}, 'LargeList(Int64)')
flatten([{list}])
CASE WHEN {condition} THEN {list} END
""",
    "struct": """
named_struct('f0', 1, 'f1', 'x')
named_struct('f0', {number}, 'f1', {text})
CASE WHEN {condition} THEN {struct} END
""",
    "map": """
MAP {'a': 1, 'b': 2}
map(['a'], [1])
""",
    "null": """
NULL
""",
}

_QUERIES = {
    "anything": """
{column}
{number}
{text}
{condition}
{float}
{date}
{timestamp}
{timestamptz}
{decimal}
{bytes}
{time}
{interval}
{list}
{struct}
{map}
{null}
""",
    "s": """
(SELECT {number} AS n, {number} AS m, {text} AS t, {condition} AS p FROM {table}) s
""",
    "alias": """
c0
"C 0"
"a.b"
"é"
"select"
"c""0"
""",
    "aggregate": """
count(*)
count(n)
count(n, m)
count(DISTINCT n)
count(DISTINCT t)
sum(n)
sum(DISTINCT n % 10)
min(t)
max(n)
min(p)
avg(n % 100)
median(n % 100)
bool_and(p)
bool_or(p)
bit_and(n)
bit_or(n)
bit_xor(n)
stddev(n % 100)
var_pop(n % 100)
corr(n % 100, m % 100)
regr_slope(n % 100, m % 100)
approx_distinct(n)
percentile_cont(0.5) WITHIN GROUP (ORDER BY n % 100)
approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY n % 100)
array_agg(n ORDER BY n)
array_agg(n ORDER BY n DESC NULLS LAST)
array_agg(DISTINCT n ORDER BY n)
string_agg(t, ',' ORDER BY t)
first_value(n ORDER BY n)
last_value(t ORDER BY t)
nth_value(n, 2 ORDER BY n)
first_value(m ORDER BY m NULLS FIRST) IGNORE NULLS
first_value(m ORDER BY m NULLS FIRST) RESPECT NULLS
count(*) FILTER (WHERE p)
sum(m) FILTER (WHERE n > 0)
count(DISTINCT m) FILTER (WHERE NOT p)
array_agg(m ORDER BY m) FILTER (WHERE m IS NOT NULL)
approx_median(n % 100)
approx_percentile_cont_with_weight(1, 0.5) WITHIN GROUP (ORDER BY n % 100)
covar_pop(n % 100, m % 100)
covar_samp(n % 100, m % 100)
regr_avgx(n % 100, m % 100)
regr_avgy(n % 100, m % 100)
regr_count(n % 100, m % 100)
regr_intercept(n % 100, m % 100)
regr_r2(n % 100, m % 100)
regr_sxx(n % 100, m % 100)
regr_sxy(n % 100, m % 100)
regr_syy(n % 100, m % 100)
stddev_pop(n % 100)
var(n % 100)
""",
    "having": """
count(*) > 1
sum(m) > 0
max(n) IS NOT NULL
""",
    "order": """
ASC
DESC
ASC NULLS FIRST
ASC NULLS LAST
DESC NULLS FIRST
DESC NULLS LAST
""",
    "ranking": """
row_number()
rank()
dense_rank()
percent_rank()
cume_dist()
ntile(2)
lag(m)
lag(m, 2)
lag(m, 1, 99)
lag(t, 1, 'none')
lead(m)
lead(m, 2, -1)
lag(m) IGNORE NULLS
lead(m, 1) IGNORE NULLS
bool_and(p)
""",
    "framed": """
first_value(m)
last_value(t)
nth_value(m, 2)
first_value(m) IGNORE NULLS
last_value(m) IGNORE NULLS
nth_value(m, 2) IGNORE NULLS
first_value(m) RESPECT NULLS
sum(m)
count(*)
count(m)
min(t)
max(m)
avg(m % 100)
array_agg(m)
sum(m) FILTER (WHERE p)
count(*) FILTER (WHERE m > 0)
count(DISTINCT m)
sum(DISTINCT m)
""",
    "over all": """
count(*)
sum(m)
max(t)
""",
    "frame": """
ROWS UNBOUNDED PRECEDING
ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING
ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING
ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING
ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
RANGE BETWEEN CURRENT ROW AND CURRENT ROW
GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW
GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING
GROUPS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
""",
    "range": """
RANGE BETWEEN 1 PRECEDING AND CURRENT ROW
RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
RANGE BETWEEN CURRENT ROW AND 1 FOLLOWING
RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
""",
    "join": """
JOIN
LEFT JOIN
RIGHT JOIN
FULL JOIN
LEFT SEMI JOIN
LEFT ANTI JOIN
""",
    "both": """
JOIN
LEFT JOIN
RIGHT JOIN
FULL JOIN
""",
    "on": """
l.n = r.n
l.n = r.n AND l.m < r.m
l.n IS NOT DISTINCT FROM r.n
l.n < r.n
l.n = r.n OR l.m = r.m
l.n = r.n AND l.p
l.n + 1 = r.n
l.t LIKE r.t
l.n = r.n AND l.t = r.t
l.n = r.n AND (l.m IS NOT DISTINCT FROM r.m)
(l.m IS NOT DISTINCT FROM r.m) AND l.n = r.n
""",
    "set": """
UNION ALL
UNION
INTERSECT
EXCEPT
INTERSECT ALL
EXCEPT ALL
""",
    "limit": """
LIMIT 2
LIMIT 0
LIMIT 3 OFFSET 1
OFFSET 2
""",
    "query": """
SELECT * FROM {table}
SELECT {column} FROM {table}
SELECT {anything} AS c0 FROM {table}
SELECT {anything} AS {alias} FROM {table}
SELECT {anything} AS c0, {anything} AS c1 FROM {table} WHERE {condition}
SELECT {number} AS c0, {text} AS c1, {condition} AS c2 FROM {table}
SELECT {function} AS c0 FROM {table}
SELECT {function} AS c0, {function} AS c1, {function} AS c2, {function} AS c3, {function} AS c4, {function} AS c5, {function} AS c6 FROM {table}
SELECT {function} AS c0, {function} AS c1, {function} AS c2, {function} AS c3, {function} AS c4, {function} AS c5, {function} AS c6 FROM {table}
SELECT {newer function} AS c0, {newer function} AS c1, {newer function} AS c2, {newer function} AS c3 FROM {table}
SELECT {terms} AS c0 FROM {table}
SELECT {column} FROM {table} WHERE {condition}
SELECT x.* FROM {table} AS x WHERE {condition}
SELECT DISTINCT {number} AS n, {text} AS t FROM {table}
SELECT DISTINCT ON (n) n, m FROM {s} ORDER BY n, m
SELECT n, m FROM {s} ORDER BY n {order}, m {order}
SELECT n, m FROM {s} ORDER BY n {order}, m {order} {limit}
SELECT 'alike' AS c FROM {s} WHERE p {limit}
SELECT 1 AS one FROM {s} WHERE n > 0 {limit}
SELECT unnest({list}) AS u FROM {table}
SELECT count(*) AS c FROM {table} WHERE {condition}
SELECT a.x AS x FROM (SELECT {struct} AS x FROM {table}) a
VALUES (1, 'a'), (NULL, 'b')
SELECT 1 AS one
""",
    "aggregate query": """
SELECT {aggregate} AS a, {aggregate} AS b FROM {s}
SELECT n, {aggregate} AS a FROM {s} GROUP BY n
SELECT n, {aggregate} AS a, {aggregate} AS b, {aggregate} AS c, {aggregate} AS d FROM {s} GROUP BY n
SELECT p, {aggregate} AS a, {aggregate} AS b, {aggregate} AS c, {aggregate} AS d FROM {s} GROUP BY p
SELECT n AS x, n AS y, {aggregate} AS a FROM {s} GROUP BY n, n
SELECT n, m, {aggregate} AS a FROM {s} GROUP BY n, m, n
SELECT t, p, {aggregate} AS a FROM {s} GROUP BY t, p HAVING {having}
SELECT n % 3 AS k, {aggregate} AS a FROM {s} GROUP BY n % 3
SELECT n, {aggregate} AS a FROM {s} GROUP BY ALL
SELECT n, m, {aggregate} AS a FROM {s} GROUP BY ROLLUP (n, m)
SELECT n, m, {aggregate} AS a FROM {s} GROUP BY CUBE (n, m)
SELECT n, p, {aggregate} AS a FROM {s} GROUP BY GROUPING SETS ((n), (p), ())
SELECT n, p, grouping(n) AS g, {aggregate} AS a FROM {s} GROUP BY GROUPING SETS ((n, p), (p))
""",
    "window query": """
SELECT n, m, t, p, {ranking} OVER (ORDER BY n {order}, m {order}, t, p) AS w FROM {s}
SELECT n, m, t, p, {framed} OVER (ORDER BY n {order}, m {order}, t, p) AS w FROM {s}
SELECT n, m, t, p, {framed} OVER (ORDER BY n {order}, m {order}, t, p {frame}) AS w FROM {s}
SELECT n, m, t, p, {framed} OVER (PARTITION BY p ORDER BY m {order}, n, t {frame}) AS w FROM {s}
SELECT n, m, t, p, {ranking} OVER (PARTITION BY n % 2 ORDER BY m, t, p, n) AS w FROM {s}
SELECT n, m, t, p, {framed} OVER (PARTITION BY n % 2 ORDER BY m, t, p, n) AS w FROM {s}
SELECT n, sum(m) OVER (ORDER BY n {order} {range}) AS w FROM {s}
SELECT n, {ranking} OVER x AS u, {framed} OVER x AS v, {framed} OVER x AS w FROM {s} WINDOW x AS (ORDER BY n {order}, m, t, p)
SELECT n, {over all} OVER (PARTITION BY p) AS w, {over all} OVER () AS v FROM {s}
SELECT n, {over all} OVER x AS w, max(m) OVER x AS v FROM {s} WINDOW x AS (PARTITION BY t)
SELECT n, m FROM {s} QUALIFY row_number() OVER (PARTITION BY n ORDER BY m) = 1
""",
    "join query": """
SELECT l.n AS a, l.m AS b FROM {l} {join} {r} ON {on}
SELECT l.n AS a, r.m AS b FROM {l} {both} {r} ON {on}
SELECT n, l.m AS a, r.m AS b FROM {l} JOIN {r} USING (n)
SELECT l.n AS a, r.n AS b FROM {l} CROSS JOIN (SELECT max({number}) AS n FROM {table}) r
SELECT * FROM (SELECT {number} AS n, {text} AS t FROM {table}) l NATURAL JOIN (SELECT {number} AS n FROM {table}) r
""",
    # What a subquery lists hardly ever is the term left of IN: the engine fails to run that (docs/FINDINGS.md).
    "nested query": """
SELECT {number} + 5 AS n FROM {table} WHERE {condition} {set} SELECT {number} + 6 AS n FROM {table}
SELECT {text} || '.' AS n FROM {table} {set} SELECT {text} || '.' AS n FROM {table}
SELECT n, m FROM {s} WHERE n IN (SELECT coalesce({number}, 1) FROM {table})
SELECT n, m FROM {s} WHERE n NOT IN (SELECT coalesce({number}, 1) FROM {table})
SELECT n, m FROM {s} WHERE p OR n IN (SELECT coalesce({number}, 1) FROM {table} WHERE {condition})
SELECT n FROM {s} WHERE EXISTS (SELECT 1 FROM {table} WHERE {condition})
SELECT n FROM {s} WHERE NOT EXISTS (SELECT 1 FROM (SELECT {number} AS k FROM {table}) r WHERE r.k > s.n)
SELECT n, (SELECT max({number}) FROM {table}) AS x FROM {s}
SELECT n FROM {s} WHERE n >= (SELECT min({number}) FROM {table})
WITH x AS (SELECT {number} AS n, {text} AS t FROM {table}) SELECT n, t FROM x WHERE n > 0 UNION ALL SELECT n, 'again' FROM x
WITH x AS (SELECT {number} AS n FROM {table}), y AS (SELECT n + 1 AS k FROM x WHERE n IS NOT NULL) SELECT k, count(*) AS c FROM y GROUP BY k
SELECT n, k FROM {s} CROSS JOIN (VALUES (1), (NULL), (3)) AS v(k)
""",
    "query in a time zone": """
SELECT CAST(date_part('hour', to_timestamp_seconds({number} % 100000)) AS BIGINT) AS c0 FROM {table}
SELECT CAST(to_timestamp_seconds({number} % 100000) AS DATE) AS c0 FROM {table}
SELECT CAST(CAST({timestamp} AS TIMESTAMPTZ) AS VARCHAR) AS c0, {number} AS c1 FROM {table}
""",
    "query in the order of nulls": """
SELECT n, m FROM {s} ORDER BY n DESC, m
SELECT n, m FROM {s} ORDER BY n, m LIMIT 2
SELECT n, m, t, p, row_number() OVER (ORDER BY n, m DESC, t, p) AS w FROM {s}
SELECT t, first_value(n ORDER BY n DESC) AS a FROM {s} GROUP BY t
""",
    "query with fractions": """
SELECT {number} % 100 + 0.1 + 0.2 AS c0 FROM {table}
SELECT n, m FROM {s} WHERE n % 10 - n % 10 + 0.1 + 0.2 > 0.3
SELECT t, sum(n % 100 * 1.10) AS a FROM {s} GROUP BY t
""",
    "query with upper case": """
SELECT Ab FROM (SELECT {number} AS Ab FROM {table}) x
SELECT Ab FROM (SELECT {number} AS "Ab", {number} + 1 AS "ab" FROM {table}) x
""",
    "l": """
(SELECT {number} AS n, {number} AS m, {text} AS t, {condition} AS p FROM {table}) l
""",
    "r": """
(SELECT {number} AS n, {number} AS m, {text} AS t FROM {table}) r
""",
}

QUERIES = ("query", "query", "aggregate query", "window query", "window query", "join query", "nested query")
"""The kinds that are whole queries, each as often as it is to be drawn."""

BY_SETTING = {
    "datafusion.execution.time_zone": "query in a time zone",
    "datafusion.sql_parser.default_null_ordering": "query in the order of nulls",
    "datafusion.sql_parser.parse_float_as_decimal": "query with fractions",
    "datafusion.sql_parser.enable_ident_normalization": "query with upper case",
}
"""The kind of whole queries that mean something else under a setting of the session, by the setting."""

_FUNCTIONS = {"function": SCALARS, "newer function": NEWER_SCALARS}

EXPRESSIONS = frozenset(_EXPRESSIONS)
"""The kinds that are expressions over the table's columns."""


CONVERSIONS = {
    ("number", "text"): "CAST(length({}) AS BIGINT)",
    ("number", "condition"): "CAST({} AS BIGINT)",
    ("number", "date"): "CAST(date_part('day', {}) AS BIGINT)",
    ("number", "timestamp"): "CAST(date_part('minute', {}) AS BIGINT)",
    ("number", "timestamptz"): "CAST(date_part('minute', {}) AS BIGINT)",
    ("number", "float"): "TRY_CAST({} AS BIGINT)",
    ("number", "decimal"): "TRY_CAST({} AS BIGINT)",
    ("number", "bytes"): "CAST(length(encode({}, 'hex')) AS BIGINT)",
    ("number", "list"): "CAST(array_length({}) AS BIGINT)",
    ("text", "bytes"): "encode({}, 'hex')",
    ("text", "date"): "CAST({} AS VARCHAR)",
    ("text", "timestamp"): "CAST({} AS VARCHAR)",
    ("text", "decimal"): "CAST({} AS VARCHAR)",
    ("date", "timestamp"): "CAST({} AS DATE)",
    ("timestamptz", "timestamp"): "CAST({} AS TIMESTAMPTZ)",
    ("float", "decimal"): "CAST({} AS DOUBLE)",
    ("condition", "text"): "({} > 'a')",
    ("condition", "date"): "({} > DATE '2000-01-01')",
    ("condition", "float"): "({} > 0.5)",
}
"""What makes an expression of the first kind of a column of the second."""

OF_NUMBER = {
    "text": "CAST({} AS VARCHAR)",
    "condition": "({} > 0)",
    "float": "CAST({} AS DOUBLE)",
    "date": "CAST(from_unixtime({} % 1000 * 86400) AS DATE)",
    "timestamp": "from_unixtime({} % 100000)",
    "timestamptz": "CAST(from_unixtime({} % 100000) AS TIMESTAMPTZ)",
    "decimal": "CAST({} % 1000 AS DECIMAL(9, 2))",
    "bytes": "CAST(CAST({} AS VARCHAR) AS BYTEA)",
    "time": "CAST(from_unixtime({} % 100000) AS TIME)",
    "interval": "(from_unixtime({} % 100000) - TIMESTAMP '1970-01-01T00:00:00')",
    "list": "make_array({}, 1)",
    "struct": "named_struct('f0', {}, 'f1', 'x')",
    "map": "map([left(concat('a', CAST({} AS VARCHAR)), 1)], [{}])",
}
"""What makes an expression of a kind of a number: so columns of nearly every kind become of every kind."""

IS_HELD = "CAST(({} IS NOT NULL) AS BIGINT)"
"""What makes a number of a column of any type."""


def _productions(text: str) -> tuple[Production, ...]:
    return tuple(production(line) for line in text.strip("\n").split("\n"))


GRAMMAR: dict[str, tuple[Production, ...]] = {
    kind: _productions(text) for kind, text in (_EXPRESSIONS | _QUERIES | _FUNCTIONS).items()
}
"""Kind to its productions, the simplest first."""
