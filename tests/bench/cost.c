/*
 * What a command costs.
 *
 *	cost RUNS COMMAND [ARGUMENT...]
 *
 * Prints on stderr the medians over so many runs, in microseconds: the CPU
 * time of the command's process, and the time until its end.  (Where the
 * machine's clock counts instructions, these are numbers of them.)  If the runs
 * are several, one before them does not count.  Each begins with a rewound
 * stdin, and when the kernel has done what the run before left to it.  Ends
 * with 1 when a run fails.
 */

#define _GNU_SOURCE

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The time in microseconds. */
static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* Runs the command once. */
static void run(char **command, long *cpu, long *elapsed)
{
	struct rusage usage;
	struct timeval sum;
	long start;
	int status;
	pid_t child;

	usleep(100000);
	lseek(STDIN_FILENO, 0, SEEK_SET);
	start = now();
	if (posix_spawnp(&child, command[0], NULL, NULL, command,
	    environ) != 0 || wait4(child, &status, 0, &usage) != child ||
	    status != 0)
		exit(1);
	*elapsed = now() - start;
	timeradd(&usage.ru_utime, &usage.ru_stime, &sum);
	*cpu = sum.tv_sec * 1000000 + sum.tv_usec;
}

static int compare(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	long *cpu = calloc(runs + 1, sizeof(*cpu));
	long *elapsed = calloc(runs + 1, sizeof(*elapsed));

	if (runs == 0 || cpu == NULL || elapsed == NULL)
		exit(2);
	for (size_t i = runs == 1; i <= runs; i++)
		run(argv + 2, &cpu[i], &elapsed[i]);
	qsort(cpu + 1, runs, sizeof(*cpu), compare);
	qsort(elapsed + 1, runs, sizeof(*elapsed), compare);
	fprintf(stderr, "%ld %ld\n", cpu[1 + runs / 2], elapsed[1 + runs / 2]);
	return 0;
}
