/*
 * The last version, as if a guest had taken over its VM's thread: at its first
 * read of a file the thread does what SUBVERT in the environment says, and
 * prints on stderr what comes of it, if it lives on.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Carries out WHAT; returns -1 with errno when that fails. */
static int subvert(const char *what)
{
	char *const command[] = {(char *)(uintptr_t)"true", NULL};
	const char *path = strchr(what, ':');

	if (strcmp(what, "execve") == 0)
		return execve("/bin/true", command, NULL);
	if (strcmp(what, "socket") == 0)
		return socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(what, "ioctl") == 0)
		return ioctl(0, KVM_CREATE_VM, NULL);
	if (strncmp(what, "read:", 5) == 0)
		return open(path + 1, O_RDONLY);
	if (strncmp(what, "write:", 6) == 0)
		return open(path + 1, O_WRONLY | O_CREAT, 0666);
	return unlinkat(AT_FDCWD, path + 1, 0);
}

/* pread(2), subverted. */
static ssize_t subverted_pread(int fd, void *data, size_t size, off_t offset)
{
	char line[32];
	int length;

	length = snprintf(line, sizeof(line), "%s\n",
	    subvert(getenv("SUBVERT")) < 0 ? strerrorname_np(errno) : "worked");
	if (write(STDERR_FILENO, line, (size_t)length) != length)
		exit(1);
	return pread(fd, data, size, offset);
}

#define pread subverted_pread
#include "../Version_C/mini_hypervisor.c"
