/*
 * The last version, as if a guest had taken over its VM's thread.  SUBVERT in
 * the environment is WHO:WHAT[:PATH].  That thread does what WHAT says, and
 * prints on stderr what comes of it: WHO is
 *
 *	self	the thread, when it reads a file
 *	main	the main thread, to which that thread changes a return address
 *	other	another VM's thread, to which it does the same
 *	new	each VM's thread, first of all
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char who[8], what[16], path[64];
static pid_t parent;
static void **_Atomic victim;		/* its frame: the next, where to return */
static atomic_bool returns;		/* to us, now */
void *goes_back;			/* where it would have returned */

static void __attribute__((constructor)) begin(void)
{
	parent = getppid();
	sscanf(getenv("SUBVERT"), "%7[^:]:%15[^:]:%63s", who, what, path);
}

/* A new process ends at once. */
static long parted(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid;
}

/* Does what SUBVERT says; returns -1 with errno when that fails. */
static long subvert(void)
{
	char *const command[] = {(char *)(uintptr_t)"true", NULL};
	const int make = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | 0100000;
	const size_t page = 4096;

	if (strcmp(what, "execve") == 0)
		return execve("/bin/true", command, NULL);
	if (strcmp(what, "fork") == 0)
		return parted(syscall(SYS_fork));
	if (strcmp(what, "clone") == 0)
		return parted(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (strcmp(what, "vfork") == 0)
		return parted(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0,
		    0));
	if (strcmp(what, "socket") == 0)
		return socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(what, "ioctl") == 0)
		return ioctl(0, TIOCSTI, "x");
	if (strcmp(what, "ptrace") == 0)
		return ptrace(PTRACE_ATTACH, parent, NULL, NULL);
	if (strcmp(what, "kill") == 0)
		return kill(parent, SIGCONT);
	if (strcmp(what, "killall") == 0)
		return kill(0, SIGCONT);
	if (strcmp(what, "mmap") == 0)
		return (long)mmap(NULL, page, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strcmp(what, "mprotect") == 0)
		return mprotect(mmap(NULL, page, PROT_READ, MAP_PRIVATE |
		    MAP_ANONYMOUS, -1, 0), page, PROT_READ | PROT_EXEC);
	if (strcmp(what, "setuid") == 0)
		return open(path, make, S_ISUID | 0755);
	if (strcmp(what, "setgid") == 0)
		return open(path, make, S_ISGID | 0755);
	if (strcmp(what, "chmod") == 0)
		return chmod(path, S_ISUID | 0755);
	if (strcmp(what, "link") == 0)
		return link("given", path);
	if (strcmp(what, "truncate") == 0)
		return open(path, O_RDONLY | O_TRUNC);
	if (strcmp(what, "truncate2") == 0)	/* by the older call */
		return syscall(SYS_open, path, O_RDONLY | O_TRUNC);
	if (strcmp(what, "read") == 0)
		return open(path, O_RDONLY | O_CLOEXEC);
	if (strcmp(what, "make") == 0)
		return open(path, make, 0666);
	if (strcmp(what, "write") == 0)
		return open(path, O_WRONLY);
	return unlinkat(AT_FDCWD, path, 0);
}

void attack(void)
{
	int error = errno;
	char line[32];
	int length = snprintf(line, sizeof(line), "%s\n",
	    subvert() < 0 ? strerrorname_np(errno) : "worked");

	if (write(STDERR_FILENO, line, (size_t)length) != length)
		exit(1);
	errno = error;
}

/* Where a victim returns to: it attacks, and then does return. */
void returned(void);
__asm__("returned:\n"
    "	push	goes_back\n"
    "	push	%rax\n"
    "	call	attack\n"
    "	pop	%rax\n"
    "	ret\n");

/* pthread_join(3), in which main waits. */
static __attribute__((noinline)) int subverted_join(pthread_t thread,
    void **result)
{
	if (strcmp(who, "main") == 0)
		victim = __builtin_frame_address(0);
	return pthread_join(thread, result);
}

/* gettid(2), which a VM's thread calls first. */
static pid_t subverted_gettid(void)
{
	static _Thread_local bool attacked;

	if (strcmp(who, "new") == 0 && !attacked)
		attack();
	attacked = true;
	return gettid();
}

/*
 * pread(2), by which a VM's thread reads a file.  Where another VM's thread is
 * the victim, that is the first that comes here; it waits for the second.
 */
static __attribute__((noinline)) ssize_t subverted_pread(int fd, void *data,
    size_t size, off_t offset)
{
	static atomic_int turns;
	bool other = strcmp(who, "other") == 0;
	int turn = turns++;

	if (strcmp(who, "self") == 0)
		attack();
	if (other && turn == 0) {
		victim = __builtin_frame_address(0);
		while (!returns)
			poll(NULL, 0, 1);
	} else if (turn == other && (other || strcmp(who, "main") == 0)) {
		while (victim == NULL)
			poll(NULL, 0, 1);
		goes_back = victim[1];
		victim[1] = (void *)(uintptr_t)returned;
		returns = true;
	}
	return pread(fd, data, size, offset);
}

#define pthread_join subverted_join
#define gettid subverted_gettid
#define pread subverted_pread
#include "../Version_C/mini_hypervisor.c"
