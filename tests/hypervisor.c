/*
 * The hypervisor, built for coverage.t: what it ran is written down too
 * when it ends itself by a signal.
 */

#include "unconfined.h"

#include <signal.h>

void __gcov_dump(void);
#define kill(pid, number) (__gcov_dump(), kill(pid, number))

#include "../Version_C/mini_hypervisor.c"
