/*
 * Runs commands in turn, several times, and tells the least of each figure:
 *
 *     bench_measure REPEATS < LIST
 *
 * A line of LIST is NAME, HOW and COMMAND, with tabs between; the command is given to a shell. Its output goes nowhere. The
 * commands are run one after the other, then all of them again: so what the machine does besides falls on each of them.
 * A line of the result is NAME, seconds, wall clock seconds, and peak private memory in KB, by HOW:
 *
 *     cpu      seconds are processor time, of user and system
 *     said     seconds are those that the command tells as "seconds N" on its standard output
 *     memory   like cpu; the private memory is sampled while it runs (what is mapped from files and shared is not private)
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS = 64, SAMPLE_NS = 2000000 };

typedef struct {
    char *name, *how, *command;
    double seconds, wall;         /* the least */
    long private_kb;              /* the most */
} subject;

extern char **environ;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "bench_measure: %s: %s\n", which, what);
    exit(1);
}

static long private_memory(pid_t process)
{
    char path[64], line[256];
    long total = 0, n;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Clean: %ld kB", &n) == 1 || sscanf(line, "Private_Dirty: %ld kB", &n) == 1 || sscanf(line, "Private_Hugetlb: %ld kB", &n) == 1) total += n;
    fclose(f);
    return total;
}

/* Pages of files that only this process has mapped count as its own in the kernel's sum, but are not its memory. -1: it has ended. */
static long private_files(pid_t process)
{
    char path[64], line[512];
    long total = 0, n;
    bool of_file = false, some = false;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)process);
    FILE *f = fopen(path, "r");
    if (!f) return -1;
    while (fgets(line, sizeof line, f)) {
        some = true;
        unsigned long from, to, inode;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &inode) == 3) of_file = inode != 0;
        else if (of_file && sscanf(line, "Private_Clean: %ld kB", &n) == 1) total += n; /* what it wrote to is dirty, and counts */
    }
    fclose(f);
    return some ? total : -1;
}

static double seconds_of(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) + (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static double said_in(FILE *out, const char *name)
{
    char line[256];
    double seconds = -1;
    rewind(out);
    while (fgets(line, sizeof line, out)) sscanf(line, "seconds %lf", &seconds);
    if (seconds < 0) fail("it tells no seconds", name);
    return seconds;
}

static void run(subject *s)
{
    bool said = strcmp(s->how, "said") == 0, memory = strcmp(s->how, "memory") == 0;
    char exec[8192];
    snprintf(exec, sizeof exec, "exec %s", s->command);
    char *const argv[] = {"sh", "-c", exec, NULL};
    posix_spawn_file_actions_t actions;
    FILE *out = said ? tmpfile() : NULL;
    pid_t process;
    int status;
    struct rusage usage;
    posix_spawn_file_actions_init(&actions);
    if (out) posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
    else posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    double start = now();
    if (posix_spawnp(&process, "sh", &actions, NULL, argv, environ) != 0) fail(strerror(errno), s->name);
    while (memory) {
        long kb = private_memory(process), files = private_files(process);
        if (files >= 0 && kb - files > s->private_kb) s->private_kb = kb - files;
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == process) break;
        nanosleep(&(struct timespec){0, SAMPLE_NS}, NULL);
    }
    if (wait4(process, &status, 0, &usage) < 0) fail(strerror(errno), s->name);
    double wall = now() - start;
    posix_spawn_file_actions_destroy(&actions);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_measure: %s ended with %d: %s\n", s->name, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), s->command);
        exit(1);
    }
    double seconds = out ? said_in(out, s->name) : seconds_of(&usage);
    if (out) fclose(out);
    if (seconds < s->seconds) s->seconds = seconds;
    if (wall < s->wall) s->wall = wall;
}

static size_t read_list(subject *subjects)
{
    static char lines[COMMANDS][8192];
    size_t n = 0;
    for (; n < COMMANDS && fgets(lines[n], sizeof *lines, stdin); n++) {
        lines[n][strcspn(lines[n], "\n")] = 0;
        char *how = strchr(lines[n], '\t'), *command = how ? strchr(how + 1, '\t') : NULL;
        if (!command) fail("not NAME, HOW and COMMAND", lines[n]);
        *how++ = *command++ = 0;
        subjects[n] = (subject){.name = lines[n], .how = how, .command = command, .seconds = 1e9, .wall = 1e9};
    }
    return n;
}

int main(int argc, char **argv)
{
    subject subjects[COMMANDS];
    int repeats = argc == 2 ? atoi(argv[1]) : 0;
    if (repeats < 1) return 3;
    size_t n = read_list(subjects);
    for (int r = 0; r < repeats; r++)
        for (size_t i = 0; i < n; i++) run(&subjects[i]);
    for (size_t i = 0; i < n; i++) printf("%s %.4f %.4f %ld\n", subjects[i].name, subjects[i].seconds, subjects[i].wall, subjects[i].private_kb);
    return 0;
}
