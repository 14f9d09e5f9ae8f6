/*
 * The matrix as a picture that stands alone: a column a tactic, a box a technique, below it a square for each sub-technique. Colours are
 * attributes, not styles: the policy of the server forbids styles, and a viewer may have none.
 */
#include "base/unicode.h"
#include "web/export.h"

enum { MARGIN = 16, COLUMN = 158, GAP = 6, BOX = 38, TOP = 104, SQUARE = 5, MOST_SQUARES = 22, NAME_LENGTH = 26 };

static const char *const fills[6] = {"#f4f6f8", "#dbe9f6", "#b3d2ec", "#7db3de", "#3f86c4", "#17548f"};
static const char *const inks[6] = {"#5b6672", "#1c242c", "#1c242c", "#1c242c", "#ffffff", "#ffffff"};

static size_t shade_at(const value *v)
{
    int64_t shade = int_at(v, "shade");
    return shade < 0 ? 0 : shade > 5 ? 5 : (size_t)shade;
}

/* XML 1.0 has no place for U+FFFE and U+FFFF; other controls text_put_html makes visible. */
static void put_xml(text *out, pk_str s)
{
    text clean = {0};
    for (size_t at_byte = 0; at_byte < s.len;) {
        uint32_t c = utf8_next(s, &at_byte);
        char bytes[4];
        if ((c & 0xfffe) == 0xfffe) c = 0xfffd;
        text_put(&clean, (pk_str){bytes, utf8_put(bytes, c)});
    }
    text_put_html(out, text_view(&clean));
    text_free(&clean);
}

/* At most so many characters. */
static pk_str shortened(arena *a, pk_str s, size_t most)
{
    size_t end = 0, last = 0;
    for (size_t n = 0; end < s.len && n < most; n++) {
        last = end;
        utf8_next(s, &end);
    }
    return end >= s.len ? s : arena_concat(a, str_slice(s, 0, last), STR("\xe2\x80\xa6"));
}

static void put_text_at(arena *a, text *out, size_t x, size_t y, const char *attributes, pk_str s, size_t most)
{
    text_printf(out, "<text x=\"%zu\" y=\"%zu\" %s>", x, y, attributes);
    put_xml(out, shortened(a, s, most));
    text_put_cstring(out, "</text>");
}

/* "T1090 Proxy: 33 rules, 30 runnable, 2 alerts" */
static void put_tip(text *out, const value *v)
{
    text_put_cstring(out, "<title>");
    put_xml(out, text_at(v, "id"));
    if (text_at(v, "name").len) text_put_char(out, ' ');
    put_xml(out, text_at(v, "name"));
    text_printf(out, ": %lld rules, %lld runnable", (long long)int_at(v, "rules"), (long long)int_at(v, "runnable"));
    if (int_at(v, "alerts") > 0) text_printf(out, ", %lld alerts", (long long)int_at(v, "alerts"));
    text_put_cstring(out, "</title>");
}

static void put_squares(text *out, const value *subs, size_t x, size_t y)
{
    for (size_t i = 0; subs->type == VALUE_LIST && i < subs->as.list.count && i < MOST_SQUARES; i++) {
        const value *v = item(subs, i);
        text_printf(out, "<rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"%s\" stroke-width=\"0.5\">", x + i * (SQUARE + 1), y, SQUARE, SQUARE,
                    fills[shade_at(v)], flag_at(v, "in_layer") ? "#c2410c" : "#7a8794");
        put_tip(out, v);
        text_put_cstring(out, "</rect>");
    }
}

static void put_box(arena *a, text *out, const value *v, const char *counted_by, size_t x, size_t y)
{
    size_t shade = shade_at(v);
    pk_str name = text_at(v, "name");
    bool marked = flag_at(v, "in_layer");
    text_put_cstring(out, "<g>");
    put_tip(out, v);
    text_printf(out, "<rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"%s\" stroke=\"%s\" stroke-width=\"%s\"/>", x, y, COLUMN, BOX - 4, fills[shade],
                marked ? "#c2410c" : "#c9d1d9", marked ? "2" : "1");
    text_printf(out, "<g fill=\"%s\">", inks[shade]);
    put_text_at(a, out, x + 6, y + 13, "font-size=\"10\"", name.len ? name : text_at(v, "id"), NAME_LENGTH);
    put_text_at(a, out, x + 6, y + 25, "font-size=\"8.5\"", text_at(v, "id"), 20);
    text_printf(out, "<text x=\"%zu\" y=\"%zu\" font-size=\"8.5\" text-anchor=\"end\">%lld</text></g>", x + COLUMN - 6, y + 25, (long long)int_at(v, counted_by));
    put_squares(out, at(v, "sub"), x + 6, y + BOX - 11);
    text_put_cstring(out, "</g>\n");
}

static void put_column(arena *a, text *out, const value *tactic, const char *counted_by, size_t x)
{
    const value *cells = at(tactic, "techniques");
    size_t count = count_at(tactic, "techniques"), covered = 0;
    pk_str name = text_at(tactic, "shown");
    for (size_t i = 0; i < count; i++) covered += int_at(item(cells, i), "rules") > 0;
    put_text_at(a, out, x, TOP - 20, "font-size=\"11\" font-weight=\"bold\" fill=\"#1c242c\"", name.len ? name : text_at(tactic, "name"), 22);
    text_printf(out, "<text x=\"%zu\" y=\"%d\" font-size=\"9\" fill=\"#5b6672\">%zu of %zu</text>\n", x, TOP - 8, covered, count);
    for (size_t i = 0; i < count; i++) put_box(a, out, item(cells, i), counted_by, x, TOP + i * BOX);
}

static void put_legend(arena *a, text *out, const value *legend)
{
    size_t x = MARGIN;
    for (size_t i = 0; legend->type == VALUE_LIST && i < legend->as.list.count; i++) {
        const value *v = item(legend, i);
        text_printf(out, "<rect x=\"%zu\" y=\"50\" width=\"14\" height=\"14\" rx=\"2\" fill=\"%s\" stroke=\"#c9d1d9\"/>", x, fills[shade_at(v)]);
        put_text_at(a, out, x + 20, 61, "font-size=\"10.5\" fill=\"#1c242c\"", text_at(v, "title"), 30);
        x += 150;
    }
    text_put_char(out, '\n');
}

/* What the boxes count: "rules", "runnable" or "alerts", and the filters it was asked with. */
static void put_heading(arena *a, text *out, const value *v, pk_str asked)
{
    static const struct { const char *color, *title; } titles[] = {{"rules", "rules"}, {"runnable", "rules that run"}, {"alerts", "alerts"}};
    const char *by = titles[0].title;
    for (size_t i = 0; i < 3; i++)
        if (str_equal(text_at(v, "color"), str_from(titles[i].color))) by = titles[i].title;
    put_text_at(a, out, MARGIN, 34, "font-size=\"20\" font-weight=\"bold\" fill=\"#1c242c\"", arena_printf(a, "ATT&CK matrix by %s", by), 60);
    text line = {0};
    text_printf(&line, "%lld rules", (long long)int_at(v, "rules"));
    if (asked.len) text_printf(&line, "; asked: " STR_FMT, STR_ARG(asked));
    const value *layer = at(v, "layer");
    if (layer->type == VALUE_RECORD) text_printf(&line, "; outlined: techniques of " STR_FMT, STR_ARG(text_at(layer, "name").len ? text_at(layer, "name") : STR("the layer")));
    put_text_at(a, out, MARGIN + 330, 34, "font-size=\"11\" fill=\"#5b6672\"", text_view(&line), 200);
    text_free(&line);
    put_legend(a, out, at(v, "legend"));
}

void export_matrix_svg(const value *v, pk_str asked, arena *a, text *out)
{
    const value *tactics = at(v, "tactics");
    size_t columns = count_at(v, "tactics"), rows = 1;
    for (size_t i = 0; i < columns; i++)
        if (count_at(item(tactics, i), "techniques") > rows) rows = count_at(item(tactics, i), "techniques");
    size_t width = 2 * MARGIN + (columns < 7 ? 7 : columns) * (COLUMN + GAP) - GAP, height = TOP + rows * BOX + 2 * MARGIN;
    pk_str color = text_at(v, "color");
    const char *counted_by = str_equal(color, STR("alerts")) ? "alerts" : str_equal(color, STR("runnable")) ? "runnable" : "rules";
    text_put_cstring(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, "
                     "sans-serif\">\n<title>ATT&amp;CK matrix</title>\n<rect width=\"%zu\" height=\"%zu\" fill=\"#ffffff\"/>\n", width, height, width, height, width, height);
    put_heading(a, out, v, asked);
    for (size_t i = 0; i < columns; i++) put_column(a, out, item(tactics, i), counted_by, MARGIN + i * (COLUMN + GAP));
    text_printf(out, "<text x=\"%d\" y=\"%zu\" font-size=\"9\" fill=\"#5b6672\">Squares are sub-techniques. picket; ATT&amp;CK is a registered trademark of The MITRE Corporation.</text>\n",
                MARGIN, height - 10);
    text_put_cstring(out, "</svg>\n");
}
