/*
 * The hypervisor, built for coverage.t: what it ran is written down too
 * when it ends itself by a signal.
 */

#define _GNU_SOURCE
#include <signal.h>

void __gcov_dump(void);
#define raise(number) (__gcov_dump(), raise(number))

#include "../Version_C/mini_hypervisor.c"
