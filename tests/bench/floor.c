/*
 * The floor: the fewest steps that run a guest.  What a hypervisor costs over
 * this is its own.  It checks nothing but that each call works.
 *
 *	floor IMAGE		runs it
 *	floor IMAGE COUNT	runs so many of it at once, each in a thread
 */

#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM (2 << 20)			/* bytes; page tables lie behind it */
#define PAGE 4096
#define OUT (16 * PAGE)		/* bytes of output gathered, behind those */
#define MEMORY (RAM + 3 * PAGE)

static int kvm;
static const char *image;

/* VALUE, if it is no failure. */
static int must(int value)
{
	if (value < 0)
		exit(1);
	return value;
}

/* The guest's memory, with the image and page tables: one page of 2 MiB. */
static uint8_t *memory_create(void)
{
	uint8_t *memory = mmap(NULL, MEMORY + OUT, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = must(open(image, O_RDONLY));

	if (memory == MAP_FAILED)
		exit(1);
	must((int)read(fd, memory, RAM));
	close(fd);
	*(uint64_t *)(void *)(memory + RAM) = (RAM + PAGE) | 3;
	*(uint64_t *)(void *)(memory + RAM + PAGE) = (RAM + 2 * PAGE) | 3;
	*(uint64_t *)(void *)(memory + RAM + 2 * PAGE) = 0x83;
	return memory;
}

/* Puts a vCPU into long mode, at address 0. */
static void registers_set(int vcpu)
{
	struct kvm_segment data = {.type = 3, .present = 1, .s = 1, .db = 1,
	    .g = 1, .limit = UINT32_MAX, .selector = 16};
	struct kvm_segment code = {.type = 11, .present = 1, .s = 1, .l = 1,
	    .g = 1, .limit = UINT32_MAX, .selector = 8};
	struct kvm_regs regs = {.rsp = RAM, .rdi = RAM, .rflags = 2};
	struct kvm_sregs sregs;

	must(ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 0x80000001;		/* PG, PE */
	sregs.cr3 = RAM;
	sregs.cr4 = 0x20;		/* PAE */
	sregs.efer = 0x500;		/* LMA, LME */
	must(ioctl(vcpu, KVM_SET_SREGS, &sregs));
	must(ioctl(vcpu, KVM_SET_REGS, &regs));
}

/* Runs a vCPU up to its hlt: output is gathered, a byte of input is read. */
static void loop(int vcpu, struct kvm_run *run, uint8_t *out)
{
	size_t size = 0;

	while (must(ioctl(vcpu, KVM_RUN, 0)), run->exit_reason == KVM_EXIT_IO) {
		uint8_t *data = (uint8_t *)run + run->io.data_offset;

		if (run->io.direction == KVM_EXIT_IO_IN)
			must((int)read(0, data, run->io.count));
		else
			out[size++] = *data;
		if (size == OUT) {
			must((int)write(1, out, size));
			size = 0;
		}
	}
	must((int)write(1, out, size));
}

/* A machine's whole life. */
static void *machine(void *argument)
{
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0));
	int size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	uint8_t *memory = memory_create();
	struct kvm_userspace_memory_region region = {
		.memory_size = MEMORY,
		.userspace_addr = (uintptr_t)memory,
	};
	struct kvm_run *run;
	int vcpu;

	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0));
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    vcpu, 0);
	if (run == MAP_FAILED)
		exit(1);
	registers_set(vcpu);
	loop(vcpu, run, memory + MEMORY);
	if (argument != NULL) {		/* else the process ends now */
		munmap(run, (size_t)size);
		close(vcpu);
		close(vm);
		munmap(memory, MEMORY + OUT);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	pthread_t threads[count + 1];
	pthread_attr_t attributes;

	image = argv[1];
	kvm = must(open("/dev/kvm", O_RDWR));
	if (count == 0)
		machine(NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 32 * PAGE);
	for (long i = 0; i < count; i++)
		must(-pthread_create(&threads[i], &attributes, machine,
		    threads));
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
