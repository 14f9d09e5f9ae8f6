/* The languages, one line each. The first whose `detect` says yes reads a file. */
#include "languages/language.h"

extern const language sigma_language;
extern const language yaral_language;

const language *const languages[] = {
    &sigma_language,
    &yaral_language,
    NULL,
};

const language *language_find(pk_str name)
{
    for (const language *const *l = languages; *l; l++)
        if (str_equal_ascii_fold(str_from((*l)->name), name)) return *l;
    return NULL;
}

const language *language_detect(const rule_file *f)
{
    for (const language *const *l = languages; *l; l++)
        if ((*l)->detect(f)) return *l;
    return NULL;
}
