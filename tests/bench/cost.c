/*
 * What a command costs.
 *
 *	cost RUNS COMMAND [ARGUMENT...]
 *
 * Prints on stderr the median CPU time over so many runs, in microseconds, and
 * the most memory that one took, in KiB.  (Where the machine's clock counts
 * instructions, so does the time.)  If the runs are several, one before them
 * does not count.  Each begins with a rewound stdin, when the kernel has done
 * what the run before left to it, and at another moment between the clock's
 * ticks.  Ends with 1 when a run fails.
 */

#define _GNU_SOURCE

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the command once; returns its CPU time. */
static long run(char **command, long *memory)
{
	static unsigned int wait = 100000;
	struct rusage usage;
	struct timeval sum;
	int status;
	pid_t child;

	usleep(wait);
	wait += 437;
	lseek(STDIN_FILENO, 0, SEEK_SET);
	if (posix_spawnp(&child, command[0], NULL, NULL, command,
	    environ) != 0 || wait4(child, &status, 0, &usage) != child ||
	    status != 0)
		exit(1);
	if (*memory < usage.ru_maxrss)
		*memory = usage.ru_maxrss;
	timeradd(&usage.ru_utime, &usage.ru_stime, &sum);
	return sum.tv_sec * 1000000 + sum.tv_usec;
}

static int compare(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	long *cpu = calloc(runs + 1, sizeof(*cpu)), memory = 0;

	if (runs == 0 || cpu == NULL)
		exit(2);
	for (size_t i = runs == 1; i <= runs; i++)
		cpu[i] = run(argv + 2, &memory);
	qsort(cpu + 1, runs, sizeof(*cpu), compare);
	fprintf(stderr, "%ld %ld\n", cpu[1 + runs / 2], memory);
	return 0;
}
