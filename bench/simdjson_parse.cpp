// bench_simdjson FILE: what others measure as "parsing". Each line is made a document by simdjson's DOM parser, which is kept from
// line to line, in memory with the padding that it wants; nothing is kept and nothing asked for. Reading the file is not timed.
#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

static double now()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

// Documents in the text; -1: one could not be parsed.
static long parse_lines(simdjson::dom::parser &parser, const std::string &bytes)
{
    long n = 0;
    size_t end = bytes.size() - simdjson::SIMDJSON_PADDING;
    for (size_t at = 0; at < end;) {
        const char *stop = static_cast<const char *>(memchr(bytes.data() + at, '\n', end - at));
        size_t len = stop ? size_t(stop - bytes.data()) - at : end - at;
        if (len) {
            simdjson::dom::element document;
            if (parser.parse(bytes.data() + at, len, false).get(document)) return -1; // false: the padding is there, no copy
            n++;
        }
        at += len + 1;
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 3;
    std::ifstream in(argv[1], std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    bytes.append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::dom::parser parser;
    double best = 1e9;
    long n = 0;
    for (int i = 0; i < 2; i++) {
        double start = now();
        n = parse_lines(parser, bytes);
        double seconds = now() - start;
        if (n < 0) {
            std::fprintf(stderr, "bench_simdjson: a line could not be parsed\n");
            return 1;
        }
        if (seconds < best) best = seconds;
    }
    std::printf("events %ld\nseconds %.6f\n", n, best);
    return 0;
}
