/* The name of a system call. */
#ifndef PICKET_FORMATS_TEXT_SYSCALLS_H
#define PICKET_FORMATS_TEXT_SYSCALLS_H

#include "base/str.h"

/* `arch` as audit records have it ("c000003e"), `number` in decimal; empty if the pair is not known. */
pk_str syscall_name(pk_str arch, pk_str number);

#endif
