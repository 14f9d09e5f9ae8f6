/* What of the public header belongs to no handle. */
#include "api/api.h"

#ifndef PICKET_VERSION
#define PICKET_VERSION "0.0.0"
#endif

const char *pk_version(void) { return PICKET_VERSION; }
void pk_on_out_of_memory(void (*fn)(size_t size)) { mem_on_refusal(fn); }

size_t pk_diagnostics_count(const pk_diagnostics *d) { return diag_count(d); }
const pk_diagnostic *pk_diagnostics_at(const pk_diagnostics *d, size_t i) { return diag_at(d, i); }
size_t pk_diagnostics_total(const pk_diagnostics *d, pk_severity severity) { return diag_total(d, severity); }
size_t pk_diagnostics_dropped(const pk_diagnostics *d) { return diag_dropped(d); }

const char *pk_severity_text(pk_severity severity)
{
    switch (severity) {
    case PK_NOTE: return "note";
    case PK_WARNING: return "warning";
    case PK_NEEDS_LIST: return "needs list";
    case PK_UNSUPPORTED: return "unsupported";
    case PK_ERROR: return "error";
    case PK_SEVERITIES: break;
    }
    return "";
}
