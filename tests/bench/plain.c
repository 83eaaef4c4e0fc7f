/*
 * What bench/files.S does, by a plain process: writes ten blocks of SIZE bytes
 * to a file and reads them back, COUNT times.
 *
 *	plain SIZE COUNT
 */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buffer[65536];
	size_t size = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	int fd = open("plain.out", O_RDWR | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || size == 0 || size > sizeof(buffer))
		exit(1);
	while (count-- > 0) {
		for (off_t at = 0; at < 10 * (off_t)size; at += (off_t)size)
			if (pwrite(fd, buffer, size, at) != (ssize_t)size)
				exit(1);
		for (off_t at = 0; at < 10 * (off_t)size; at += (off_t)size)
			if (pread(fd, buffer, size, at) != (ssize_t)size)
				exit(1);
	}
	return 0;
}
