/*
 * Functions of the language and what they are in the IR: one table. Functions that need more than another name (a pattern to
 * translate, a default, a test instead of a call) are SPECIAL or QUESTION, and lower_calls.c knows them.
 */
#include "languages/yaral/lower_private.h"

static const char stored_history[] = "it asks for metrics that Google computes ahead over stored history";
static const char search_only[] = "it exists in searches only";

static const lowered_function functions[] = {
    {"re.regex", FUNCTION_QUESTION, "regex_found", TYPE_BOOL},
    {"re.capture", FUNCTION_SPECIAL, "capture", TYPE_TEXT},
    {"re.capture_all", FUNCTION_SPECIAL, "capture_all", TYPE_LIST},
    {"re.replace", FUNCTION_SPECIAL, "regex_replace", TYPE_TEXT},
    {"strings.contains", FUNCTION_QUESTION, "text_contains", TYPE_BOOL},
    {"strings.starts_with", FUNCTION_QUESTION, "text_starts", TYPE_BOOL},
    {"strings.ends_with", FUNCTION_QUESTION, "text_ends", TYPE_BOOL},
    {"strings.to_lower", FUNCTION_PLAIN, "lower", TYPE_TEXT},
    {"strings.to_upper", FUNCTION_PLAIN, "upper", TYPE_TEXT},
    {"strings.reverse", FUNCTION_PLAIN, "reverse", TYPE_TEXT},
    {"strings.concat", FUNCTION_SPECIAL, "concat", TYPE_TEXT},
    {"strings.coalesce", FUNCTION_PLAIN, "first_non_empty", TYPE_TEXT},
    {"strings.split", FUNCTION_PLAIN, "text_split", TYPE_LIST},
    {"strings.replace", FUNCTION_PLAIN, "text_replace", TYPE_TEXT},
    {"strings.count_substrings", FUNCTION_PLAIN, "count_substrings", TYPE_INT},
    {"strings.length", FUNCTION_SPECIAL, "length", TYPE_INT},
    {"strings.trim", FUNCTION_PLAIN, "trim", TYPE_TEXT},
    {"strings.ltrim", FUNCTION_PLAIN, "trim_start", TYPE_TEXT},
    {"strings.rtrim", FUNCTION_PLAIN, "trim_end", TYPE_TEXT},
    {"strings.substr", FUNCTION_PLAIN, "substring", TYPE_TEXT},
    {"strings.base64_decode", FUNCTION_PLAIN, "base64_decode", TYPE_TEXT},
    {"strings.url_decode", FUNCTION_PLAIN, "url_decode", TYPE_TEXT},
    {"strings.extract_domain", FUNCTION_PLAIN, "registrable_domain", TYPE_TEXT},
    {"strings.extract_hostname", FUNCTION_PLAIN, "host_of", TYPE_TEXT},
    {"strings.from_base64", FUNCTION_PLAIN, "base64_bytes", TYPE_TEXT},
    {"strings.from_hex", FUNCTION_PLAIN, "hex_bytes", TYPE_TEXT},
    {"bytes.to_base64", FUNCTION_PLAIN, "base64_bytes", TYPE_TEXT},
    {"arrays.length", FUNCTION_LISTS, "list_length", TYPE_INT},
    {"arrays.size", FUNCTION_LISTS, "list_length", TYPE_INT},
    {"arrays.contains", FUNCTION_QUESTION, "list_contains", TYPE_BOOL},
    {"arrays.concat", FUNCTION_LISTS, "list_concat", TYPE_LIST},
    {"arrays.join_string", FUNCTION_LISTS, "list_join", TYPE_TEXT},
    {"arrays.index_to_str", FUNCTION_SPECIAL, "list_at", TYPE_TEXT},
    {"arrays.index_to_int", FUNCTION_SPECIAL, "list_at", TYPE_INT},
    {"arrays.index_to_float", FUNCTION_SPECIAL, "list_at", TYPE_FLOAT},
    {"arrays.min", FUNCTION_LISTS, "list_min", TYPE_FLOAT},
    {"arrays.max", FUNCTION_LISTS, "list_max", TYPE_FLOAT},
    {"cast.as_int", FUNCTION_PLAIN, "to_int", TYPE_INT},
    {"cast.as_uint", FUNCTION_PLAIN, "to_int", TYPE_INT},
    {"cast.as_float", FUNCTION_SPECIAL, "to_float", TYPE_FLOAT},
    {"cast.as_bool", FUNCTION_PLAIN, "to_bool", TYPE_BOOL},
    {"cast.as_string", FUNCTION_SPECIAL, "to_text", TYPE_TEXT},
    {"math.abs", FUNCTION_PLAIN, "abs", TYPE_FLOAT},
    {"math.ceil", FUNCTION_PLAIN, "ceil", TYPE_INT},
    {"math.floor", FUNCTION_PLAIN, "floor", TYPE_INT},
    {"math.round", FUNCTION_PLAIN, "round", TYPE_FLOAT},
    {"math.sqrt", FUNCTION_PLAIN, "sqrt", TYPE_FLOAT},
    {"math.log", FUNCTION_PLAIN, "log", TYPE_FLOAT},
    {"math.pow", FUNCTION_PLAIN, "pow", TYPE_FLOAT},
    {"math.random", FUNCTION_SPECIAL, "random", TYPE_FLOAT},
    {"math.is_increasing", FUNCTION_PLAIN, "is_increasing", TYPE_BOOL},
    {"math.geo_distance", FUNCTION_PLAIN, "geo_distance", TYPE_FLOAT},
    {"hash.sha256", FUNCTION_PLAIN, "sha256", TYPE_TEXT},
    {"hash.fingerprint2011", FUNCTION_PLAIN, "fingerprint", TYPE_INT},
    {"optimization.sample_rate", FUNCTION_PLAIN, "is_sampled", TYPE_BOOL},
    {"net.ip_in_range_cidr", FUNCTION_QUESTION, "ip_in_network", TYPE_BOOL},
    {"timestamp.current_seconds", FUNCTION_SPECIAL, "now", TYPE_INT},
    {"timestamp.now", FUNCTION_SPECIAL, "now", TYPE_INT},
    {"timestamp.get_hour", FUNCTION_PLAIN, "time_hour", TYPE_INT},
    {"timestamp.get_minute", FUNCTION_PLAIN, "time_minute", TYPE_INT},
    {"timestamp.get_day_of_week", FUNCTION_PLAIN, "time_weekday", TYPE_INT},
    {"timestamp.get_week", FUNCTION_PLAIN, "time_sunday_week", TYPE_INT},
    {"timestamp.get_date", FUNCTION_PLAIN, "time_date", TYPE_TEXT},
    {"timestamp.get_timestamp", FUNCTION_SPECIAL, "time_format", TYPE_TEXT},
    {"timestamp.as_unix_seconds", FUNCTION_PLAIN, "time_seconds", TYPE_INT},
    {"if", FUNCTION_SPECIAL, "if", TYPE_ANY},
    {"max", FUNCTION_AGGREGATE, "max", TYPE_ANY},
    {"min", FUNCTION_AGGREGATE, "min", TYPE_ANY},
    {"earliest", FUNCTION_AGGREGATE, "min", TYPE_ANY},
    {"latest", FUNCTION_AGGREGATE, "max", TYPE_ANY},
    {"sum", FUNCTION_AGGREGATE, "sum", TYPE_FLOAT},
    {"avg", FUNCTION_AGGREGATE, "mean", TYPE_FLOAT},
    {"stddev", FUNCTION_AGGREGATE, "deviation", TYPE_FLOAT},
    {"count", FUNCTION_AGGREGATE, "count", TYPE_INT},
    {"count_distinct", FUNCTION_AGGREGATE, "count_distinct", TYPE_INT},
    {"array", FUNCTION_AGGREGATE, "list", TYPE_LIST},
    {"array_distinct", FUNCTION_AGGREGATE, "distinct_list", TYPE_LIST},
    {"window.avg", FUNCTION_AGGREGATE, "mean", TYPE_FLOAT},
    {"window.median", FUNCTION_AGGREGATE, "percentile", TYPE_FLOAT},
    {"window.mode", FUNCTION_AGGREGATE, "mode", TYPE_ANY},
    {"window.range", FUNCTION_AGGREGATE, "range", TYPE_LIST},
    {"window.stddev", FUNCTION_AGGREGATE, "deviation", TYPE_FLOAT},
    {"window.variance", FUNCTION_AGGREGATE, "variance", TYPE_FLOAT},
    {"window.first", FUNCTION_AGGREGATE, "at_min", TYPE_ANY},
    {"window.last", FUNCTION_AGGREGATE, "at_max", TYPE_ANY},
    {"period_start_for_max", FUNCTION_REFUSED, stored_history, TYPE_ANY},
    {"period_start_for_min", FUNCTION_REFUSED, stored_history, TYPE_ANY},
    {"group", FUNCTION_REFUSED, search_only, TYPE_ANY},
};

static const lowered_function metrics = {"metrics", FUNCTION_REFUSED, stored_history, TYPE_ANY};

const lowered_function *lower_find_function(pk_str name)
{
    if (str_starts_with(name, STR("metrics."))) return &metrics;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (str_equal_ascii_fold(name, str_from(functions[i].name))) return &functions[i];
    return NULL;
}
