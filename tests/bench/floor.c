/*
 * The floor: the fewest steps that run a guest.  What a hypervisor costs over
 * this is its own.  It checks nothing but that each call works.
 *
 *	floor IMAGE			runs it
 *	floor IMAGE COUNT		runs so many of it at once, in threads
 *	floor IMAGE COUNT guarded	whose stacks have guard pages
 *	floor IMAGE COUNT confined	that can do nothing else any more
 *
 * A guest has a console on port 0xE9, and one file on port 0x278, by the calls
 * of Version C.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RAM (2 << 20)			/* bytes; page tables follow */
#define PAGE 4096
#define OUT (16 * PAGE)		/* bytes of output gathered; they follow too */
#define MEMORY (RAM + 3 * PAGE)

#define LANDLOCK_CREATE_RULESET 444	/* as in Version C */
#define LANDLOCK_ADD_RULE 445
#define LANDLOCK_RESTRICT_SELF 446

/* A request of the guest's, as in Version C. */
struct request {
	uint32_t operation;		/* open, close, read, write, seek */
	int32_t handle;
	uint64_t address;
	uint64_t size;
};

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

/* Carries out a request, and returns its result. */
static int file_call(uint8_t *ram, const struct request *request)
{
	static int fd;
	static off_t at;
	int result = 0;

	switch (request->operation) {
	case 1:
		fd = must(open("floor.out", O_RDWR | O_CREAT | O_TRUNC, 0666));
		return 3;
	case 3:
		result = must((int)pread(fd, ram + request->address,
		    request->size, at));
		break;
	case 4:
		result = must((int)pwrite(fd, ram + request->address,
		    request->size, at));
		break;
	case 5:
		at = 0;
	}
	at += result;
	return result;
}

/* Runs a vCPU up to its hlt: output is gathered, a byte of input is read. */
static void loop(int vcpu, struct kvm_run *run, uint8_t *ram)
{
	uint8_t *out = ram + MEMORY;
	const struct request *request = NULL;
	size_t size = 0;

	while (must(ioctl(vcpu, KVM_RUN, 0)), run->exit_reason == KVM_EXIT_IO) {
		uint8_t *data = (uint8_t *)run + run->io.data_offset;
		uint32_t *word = (void *)data;

		if (run->io.port == 0xE9 &&
		    run->io.direction == KVM_EXIT_IO_IN)
			must((int)read(0, data, run->io.count));
		else if (run->io.port == 0xE9)
			out[size++] = *data;
		else if (run->io.direction == KVM_EXIT_IO_OUT)
			request = (void *)(ram + *word);
		else
			*word = (uint32_t)file_call(ram, request);
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
	loop(vcpu, run, memory);
	if (argument != NULL) {		/* else the process ends now */
		munmap(run, (size_t)size);
		close(vcpu);
		close(vm);
		munmap(memory, MEMORY + OUT);
	}
	return NULL;
}

/* Leaves the process one file to read, and the calls that it makes. */
static void confine(void)
{
	static const uint32_t calls[] = {KVM_RUN, KVM_CREATE_VM,
	    KVM_GET_VCPU_MMAP_SIZE, KVM_SET_USER_MEMORY_REGION,
	    KVM_CREATE_VCPU, KVM_GET_SREGS, KVM_SET_SREGS, KVM_SET_REGS,
	    SYS_mmap, SYS_munmap, SYS_madvise, SYS_openat, SYS_read, SYS_write,
	    SYS_close, SYS_futex, SYS_clone, SYS_clone3, SYS_rt_sigprocmask,
	    SYS_set_robust_list, SYS_rseq, SYS_exit, SYS_exit_group};
	const size_t count = sizeof(calls) / sizeof(calls[0]), requests = 8;
	struct sock_filter filter[sizeof(calls) / sizeof(calls[0]) + 8] = {
		BPF_STMT(BPF_LD | BPF_IMM, 0),	/* as in Version C */
		BPF_STMT(BPF_LD | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ, AUDIT_ARCH_X86_64, 0, count + 3),
		BPF_STMT(BPF_LD | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_ioctl, 0, requests + 1),
		BPF_STMT(BPF_LD | BPF_ABS,
		    offsetof(struct seccomp_data, args[1])),
	};
	const struct sock_fprog program = {(unsigned short)(count + 8), filter};
	const uint64_t denied = 0x1FF7;
	const struct {
		uint64_t access;
		int32_t fd;
	} __attribute__((packed)) rule = {4, must(open(image, O_PATH))};
	int rules = must((int)syscall(LANDLOCK_CREATE_RULESET, &denied,
	    sizeof(denied), 0));

	for (size_t i = 0; i < count; i++)
		filter[6 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ,
		    calls[i], (uint8_t)(count - i), 0);
	filter[6 + count] = (struct sock_filter)BPF_STMT(BPF_RET,
	    SECCOMP_RET_ERRNO | ENOSYS);
	filter[7 + count] = (struct sock_filter)BPF_STMT(BPF_RET,
	    SECCOMP_RET_ALLOW);
	must((int)syscall(LANDLOCK_ADD_RULE, rules, 1, &rule, 0));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must((int)syscall(LANDLOCK_RESTRICT_SELF, rules, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0;
	const char *way = argc > 3 ? argv[3] : "";
	pthread_t threads[count + 1];
	pthread_attr_t attributes;

	image = argv[1];
	kvm = must(open("/dev/kvm", O_RDWR));
	/* Without guard pages, mappings grow to where huge pages fit. */
	if (count > 0)
		must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	if (strcmp(way, "confined") == 0)
		confine();
	if (count == 0)
		machine(NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 32 * PAGE);
	if (strcmp(way, "guarded") != 0)
		pthread_attr_setguardsize(&attributes, 0);
	for (long i = 0; i < count; i++)
		must(-pthread_create(&threads[i], &attributes, machine,
		    threads));
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
