/* Lists and the matrix in forms that are taken away: files of text, a picture, an archive, a STIX bundle, a report. */
#ifndef PICKET_WEB_EXPORT_H
#define PICKET_WEB_EXPORT_H

#include "web/view.h"

/* The answer of the matrix as SVG. `asked`: the filters, shown beside the title. */
void export_matrix_svg(const value *v, pk_str asked, arena *a, text *out);

#endif
