/* What could not be shown, and where to look instead; and the pages that no query feeds. */
#include "web/view.h"

static const char *status_title(int status)
{
    switch (status) {
    case 400: return "That cannot be asked";
    case 404: return "Not found";
    case 405: return "Not allowed";
    case 414: return "Too long";
    case 503: return "Too much at once";
    default: return "Something is wrong";
    }
}

value view_error(page *p, int status, pk_str message)
{
    record r = {0};
    p->title = str_from(status_title(status));
    set_text(p, &r, "title", p->title);
    set_text(p, &r, "status", arena_printf(p->a, "%d", status));
    set_text(p, &r, "message", cut_text(message, 2000));
    set_flag(p, &r, "lost", status == 404);
    return record_done(&r);
}

value view_login(page *p, const value *v)
{
    (void)v;
    record r = {0};
    p->title = STR("Token");
    set_flag(p, &r, "wrong", argument_get(&p->args, "wrong").len > 0);
    set_text(p, &r, "next", argument_get(&p->args, "next"));
    return record_done(&r);
}
