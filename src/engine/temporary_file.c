/* tmpfile() does not ask TMPDIR, and /tmp is often memory. */
#include "engine/temporary_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

FILE *temporary_file(void)
{
    const char *folder = getenv("TMPDIR");
    text path = {0};
    text_printf(&path, "%s/picket-XXXXXX", folder && *folder ? folder : "/tmp");
    char *name = mem_cstring(text_view(&path));
    text_free(&path);
    int fd = mkstemp(name); /* O_EXCL and only ours, mode 0600 */
    if (fd >= 0) unlink(name);
    mem_free(name);
    if (fd < 0) return NULL;
    FILE *f = fdopen(fd, "w+b");
    if (f) return f;
    int reason = errno;
    close(fd);
    errno = reason;
    return NULL;
}
