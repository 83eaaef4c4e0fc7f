/*
 * A guest made of code that others wrote for a C library: it reads flowers.png
 * and writes it as flowers.bmp with Debian's libstb-dev.
 *
 *	make picture.img WITH=base.c
 *	./mini_hypervisor -m 2 -p 4 -g picture.img -f flowers.png
 */

#include "base.h"

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_THREAD_LOCALS
#define STBI_ASSERT(condition) ((void)(condition))
#include <stb/stb_image.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ((void)(condition))
#include <stb/stb_image_write.h>

/* Writes the next bytes of the BMP, to the file that FD points to. */
static void put(void *fd, void *bytes, int size)
{
	if (write(*(int *)fd, bytes, (size_t)size) != size) {
		print("flowers.bmp: cannot be written\n");
		halt();
	}
}

int main(void)
{
	static unsigned char png[0x20000];
	int in = open("flowers.png", O_RDONLY);
	int out = open("flowers.bmp", O_WRONLY | O_CREAT);
	ssize_t size = read(in, png, sizeof(png));
	int width, height, channels;
	unsigned char *pixels = stbi_load_from_memory(png, (int)size, &width,
	    &height, &channels, 3);

	if (pixels == NULL) {
		print("flowers.png: ");
		print(stbi_failure_reason());
		print("\n");
		return 1;
	}
	stbi_write_bmp_to_func(put, &out, width, height, 3, pixels);
	print("flowers.bmp: written\n");
	return 0;
}
