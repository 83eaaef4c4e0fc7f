/*
 * Shows the working directory's files at a mountpoint, until that is unmounted:
 * slow_fs -f MOUNTPOINT.  Every other request for a file in vm1 is a slow one: a
 * tick, SIGVTALRM, comes meanwhile to the thread that waits for it.  If that can
 * interrupt the thread then the request fails with EINTR.
 */

#define FUSE_USE_VERSION 31
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int folder;

/* The PATH of a request, from the folder. */
static const char *from(const char *path)
{
	return path[1] != '\0' ? path + 1 : ".";
}

/* Whether this request for PATH is interrupted. */
static bool interrupted(const char *path)
{
	static atomic_uint turn;

	if (strncmp(path, "/vm1/", 5) != 0 || turn++ % 2 != 0)
		return false;
	if (syscall(SYS_tkill, fuse_get_context()->pid, SIGVTALRM) != 0)
		abort();
	return usleep(200000) != 0;
}

#define REPLY(path, call) \
	(interrupted(path) ? -EINTR : (call) < 0 ? -errno : 0)

static int slow_getattr(const char *path, struct stat *status,
    struct fuse_file_info *file)
{
	(void)file;
	return REPLY("", fstatat(folder, from(path), status,
	    AT_SYMLINK_NOFOLLOW));
}

static int slow_mkdir(const char *path, mode_t mode)
{
	return REPLY(path, mkdirat(folder, from(path), mode));
}

static int slow_unlink(const char *path)
{
	return REPLY(path, unlinkat(folder, from(path), 0));
}

static int slow_rename(const char *old, const char *new, unsigned int flags)
{
	return REPLY(old, renameat2(folder, from(old), folder, from(new),
	    flags));
}

static int slow_truncate(const char *path, off_t size,
    struct fuse_file_info *file)
{
	return REPLY(path, ftruncate((int)file->fh, size));
}

static int slow_create(const char *path, mode_t mode,
    struct fuse_file_info *file)
{
	int fd = -1, error = REPLY(path, fd = openat(folder, from(path),
	    file->flags, mode));

	file->fh = (uint64_t)fd;
	return error;
}

static int slow_open(const char *path, struct fuse_file_info *file)
{
	return slow_create(path, 0, file);
}

static int slow_read(const char *path, char *data, size_t size, off_t offset,
    struct fuse_file_info *file)
{
	ssize_t n = -1;
	int error = REPLY(path, n = pread((int)file->fh, data, size, offset));

	return error != 0 ? error : (int)n;
}

static int slow_write(const char *path, const char *data, size_t size,
    off_t offset, struct fuse_file_info *file)
{
	ssize_t n = -1;
	int error = REPLY(path, n = pwrite((int)file->fh, data, size, offset));

	return error != 0 ? error : (int)n;
}

static int slow_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	return close((int)file->fh);
}

/* Does nothing: the signal itself interrupts usleep. */
static void interrupt_handle(int number)
{
	(void)number;
}

/* Has libfuse send SIGUSR1 to the thread whose request is interrupted. */
static void *slow_init(struct fuse_conn_info *connection,
    struct fuse_config *config)
{
	(void)connection;
	signal(SIGUSR1, interrupt_handle);
	config->intr = 1;
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.init = slow_init, .getattr = slow_getattr,
		.mkdir = slow_mkdir, .unlink = slow_unlink,
		.rename = slow_rename, .truncate = slow_truncate,
		.create = slow_create, .open = slow_open, .read = slow_read,
		.write = slow_write, .release = slow_release,
	};

	folder = open(".", O_RDONLY | O_DIRECTORY);
	return fuse_main(argc, argv, &operations, NULL);
}
