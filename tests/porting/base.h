/*
 * What C programs expect beneath them, for a guest of Version C: copy base.h
 * and base.c beside your program, say what it is to do in main, and
 *
 *	make program.img WITH=base.c
 *
 * The system's headers may be included, but only what is in base.c is there.
 * Its file calls return -errno where a C library returns -1 and sets errno.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void);
void print(const char *text);
_Noreturn void halt(void);
