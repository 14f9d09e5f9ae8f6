// Mustache behind a C face: kainjow's parser and renderer, with our values, scopes and escaping. No exception leaves this file.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "web/template_shim.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <kainjow/mustache.hpp>

extern "C" {
#include "base/unicode.h"
}

namespace {

using kainjow::mustache::data;
using kainjow::mustache::list;
using kainjow::mustache::mustache;

enum { PARTIAL_LIMIT = 20 };

std::string string_of(pk_str s) { return std::string(s.ptr, s.len); }

// ---- values ----

data data_of(const template_node &n)
{
    switch (n.type) {
    case NODE_FALSE: return data{false};
    case NODE_TRUE: return data{true};
    case NODE_TEXT: return data{string_of(n.text)};
    case NODE_LIST: {
        data out{data::type::list};
        auto &items = const_cast<list &>(out.list_value()); // the only way in that does not copy every element
        items.reserve(n.count);
        for (size_t i = 0; i < n.count; i++) items.push_back(data_of(n.items[i]));
        return out;
    }
    case NODE_RECORD: {
        data out{data::type::object};
        for (size_t i = 0; i < n.count; i++) out[string_of(n.items[i].name)] = data_of(n.items[i]);
        return out;
    }
    }
    return data{false};
}

// ---- names ----

class scope : public kainjow::mustache::basic_context<std::string> {
public:
    explicit scope(const data *root) { frames_.push_back(root); }
    void push(const data *d) override { frames_.push_back(d); }
    void pop() override { frames_.pop_back(); }
    const data *get(const std::string &name) const override
    {
        if (name == ".") return frames_.back();
        const data *at = innermost();
        size_t start = 0;
        if (name.compare(0, 5, "page.") == 0) at = frames_.front();
        while (at) {
            size_t dot = name.find('.', start);
            if (dot == std::string::npos) return at->get(start ? name.substr(start) : name);
            at = at->get(name.substr(start, dot - start));
            start = dot + 1;
        }
        return nullptr;
    }
    const data *get_partial(const std::string &) const override { return nullptr; }

private:
    const data *innermost() const
    {
        for (size_t i = frames_.size(); i-- > 0;)
            if (frames_[i]->is_object()) return frames_[i];
        return nullptr;
    }
    std::vector<const data *> frames_;
};

// ---- escaping ----

// Characters that steer, turn round, or hide: never written as they are. Between marks \1 and \2 until it is known whether
// they stand in a tag (an attribute) or in text; those two bytes are hazards themselves, so that no text can hold them.
bool is_hazard(uint32_t c)
{
    if (c == '\n' || c == '\t') return false;
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
           (c >= 0x180b && c <= 0x180e) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
           c == 0xfeff || c == 0xffa0 || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '`': return "&#96;";
    default: return nullptr;
    }
}

std::string escape(const std::string &s)
{
    std::string out;
    size_t run = 0;
    for (size_t at = 0; at < s.size();) {
        unsigned char c = static_cast<unsigned char>(s[at]);
        if (c >= 0x20 && c < 0x7f) {
            const char *e = entity(s[at]);
            if (e) {
                out.append(s, run, at - run).append(e);
                run = at + 1;
            }
            at++;
            continue;
        }
        size_t start = at;
        uint32_t code = utf8_next({s.data(), s.size()}, &at);
        bool bad = code == 0xfffd && at == start + 1;
        if (!bad && !is_hazard(code)) continue;
        char label[32];
        if (bad) std::snprintf(label, sizeof label, "\1\\x%02x\2", c);
        else std::snprintf(label, sizeof label, "\1%x\2", static_cast<unsigned>(code));
        out.append(s, run, start - run).append(label);
        run = at;
    }
    if (run == 0) return s;
    return out.append(s, run, std::string::npos);
}

bool begins(pk_str s, size_t at, const char *with) { return str_starts_with(str_slice(s, at, s.len), str_from(with)); }

void put_label(text *out, pk_str label, bool plain)
{
    bool byte = label.ptr[0] == '\\'; // of text that is no UTF-8
    if (!plain) {
        text_put_cstring(out, "<span class=\"ctl\"");
        if (!byte) {
            text_put_cstring(out, " data-c=\"");
            text_put(out, label);
            text_put_char(out, '"');
        }
        text_put_char(out, '>');
    }
    if (byte) text_put(out, label);
    else text_printf(out, plain ? "[U+%04lX]" : "U+%04lX", std::strtoul(string_of(label).c_str(), nullptr, 16));
    if (!plain) text_put_cstring(out, "</span>");
}

// Second pass: white space of templates, and marks. Templates alone write '<' and '>', so that tags can be told from text.
void settle(text *out, pk_str page)
{
    bool tag = false, plain_element = false;
    size_t run = 0;
    for (size_t i = 0; i < page.len; i++) {
        char c = page.ptr[i];
        if (c == '<') {
            tag = true;
            if (begins(page, i, "<title") || begins(page, i, "<option") || begins(page, i, "<textarea")) plain_element = true;
            if (begins(page, i, "</")) plain_element = false;
        } else if (c == '>') {
            tag = false;
        } else if (c == '\3' || c == '\4') {
            text_put(out, str_slice(page, run, i - run));
            if (c == '\3') text_put_char(out, ' ');
            else if (!out->len || out->ptr[out->len - 1] != '\n') text_put_char(out, '\n');
            run = i + 1;
        } else if (c == '\1') {
            size_t end = i + 1;
            while (end < page.len && page.ptr[end] != '\2') end++;
            text_put(out, str_slice(page, run, i - run));
            put_label(out, str_slice(page, i + 1, end - i - 1), tag || plain_element);
            i = end;
            run = end + 1;
        }
    }
    text_put(out, str_slice(page, run, page.len));
}

struct sink {
    text *out;
    sink &operator<<(const std::string &s)
    {
        text_put(out, {s.data(), s.size()});
        return *this;
    }
};

// ---- loading ----

struct source {
    pk_str name, text;
};

struct loader {
    std::vector<source> sources;
    diag_list *d;
    bool ok = true;

    void wrong(pk_str name, const std::string &what)
    {
        ok = false;
        diag_place place = {name, 0, 0, 0};
        diag_add(d, PK_ERROR, "web-template", place, {"", 0}, nullptr, "%s", what.c_str());
    }
    const source *find(const std::string &name) const
    {
        for (const auto &s : sources)
            if (string_of(s.name) == name) return &s;
        return nullptr;
    }
    // The text with partials put in.
    std::string expanded(const source &s, int depth)
    {
        std::string in = string_of(s.text), out;
        for (size_t at = 0;;) {
            size_t open = in.find("{{", at);
            out.append(in, at, open == std::string::npos ? std::string::npos : open - at);
            if (open == std::string::npos) return out;
            size_t close = in.find("}}", open);
            if (close == std::string::npos) {
                wrong(s.name, "a {{ without }}");
                return out;
            }
            std::string tag = in.substr(open + 2, close - open - 2);
            if (!tag.empty() && (tag[0] == '{' || tag[0] == '&' || tag[0] == '=')) wrong(s.name, "{{" + tag + "}} is not allowed: everything is escaped");
            if (!tag.empty() && tag[0] == '>') out += partial(s, tag.substr(tag.find_first_not_of("> ")), depth);
            else if (tag.empty() || tag[0] != '!') out += "{{" + tag + "}}";
            at = close + 2;
        }
    }
    std::string partial(const source &in, std::string name, int depth)
    {
        while (!name.empty() && name.back() == ' ') name.pop_back();
        const source *s = find(name);
        if (s && depth < PARTIAL_LIMIT) return expanded(*s, depth + 1);
        wrong(in.name, s ? "partials nest without end at " + name : "there is no template " + name);
        return {};
    }
};

// White space that holds a line end is one line end. Spaces and line ends of templates are written as \3 and \4 until the page is
// made: the parser makes an element of each piece of white space, which would be most of a template.
std::string tightened(const std::string &in)
{
    std::string out;
    bool tag = false;
    for (size_t at = 0; at < in.size();) {
        if (in.compare(at, 2, "{{") == 0) tag = true;
        if (in.compare(at, 2, "}}") == 0) tag = false;
        size_t end = in.find_first_not_of(" \t\n\r", at);
        if (end == std::string::npos) end = in.size();
        if (end == at) {
            out += in[at++];
            continue;
        }
        bool line = in.find('\n', at) < end;
        out += tag ? ' ' : line ? '\4' : '\3';
        at = end;
    }
    return out;
}

// The names that tags ask for.
std::vector<std::string> names_of(const std::string &in)
{
    std::vector<std::string> out;
    for (size_t at = 0; (at = in.find("{{", at)) != std::string::npos;) {
        size_t end = in.find("}}", at);
        size_t start = in.find_first_not_of("#^/ ", at + 2);
        std::string name = in.substr(start, end - start);
        for (size_t dot; (dot = name.find('.')) != std::string::npos; name = name.substr(dot + 1)) out.push_back(name.substr(0, dot));
        out.push_back(name);
        at = end;
    }
    return out;
}

} // namespace

struct mustache_set {
    std::unordered_map<std::string, mustache> templates;
    std::unordered_map<std::string, std::vector<std::string>> names;
};

mustache_set *mustache_set_new(const pk_str *names, const pk_str *texts, size_t count, diag_list *d)
try {
    auto t = std::make_unique<mustache_set>();
    loader load{{}, d};
    for (size_t i = 0; i < count; i++) load.sources.push_back({names[i], texts[i]});
    for (const auto &s : load.sources) {
        std::string whole = load.expanded(s, 0);
        if (!load.ok) continue;
        mustache m{tightened(whole)};
        if (!m.is_valid()) load.wrong(s.name, m.error_message());
        m.set_custom_escape(escape);
        t->templates.emplace(string_of(s.name), std::move(m));
        t->names.emplace(string_of(s.name), names_of(whole));
    }
    return load.ok ? t.release() : nullptr;
} catch (const std::exception &e) {
    diag_place nowhere = {};
    diag_add(d, PK_ERROR, "web-template", nowhere, {"", 0}, nullptr, "templates: %s", e.what());
    return nullptr;
}

void mustache_set_names(const mustache_set *t, pk_str name, void (*fn)(pk_str name, void *user), void *user)
{
    auto found = t->names.find(string_of(name));
    if (found == t->names.end()) return;
    for (const auto &n : found->second) fn({n.data(), n.size()}, user);
}

void mustache_set_free(mustache_set *t) { delete t; }

bool mustache_set_render(const mustache_set *t, const char *name, const template_node *root, text *out)
try {
    auto found = t->templates.find(name);
    if (found == t->templates.end()) return false;
    data all = data_of(*root);
    scope names{&all};
    struct buffer {
        text t = {};
        ~buffer() { text_free(&t); }
    } page;
    sink to{&page.t};
    // Rendering writes to a template only where lambdas or partials go wrong, and there are none.
    const_cast<mustache &>(found->second).render(names, to);
    settle(out, text_view(&page.t));
    return true;
} catch (const std::exception &) {
    return false;
}
