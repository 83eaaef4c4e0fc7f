/*
 * mini_hypervisor, version C: runs any number of guests at once, each in a KVM
 * virtual machine and a thread of its own, and gives them files.
 *
 *	./mini_hypervisor -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png
 *
 * A guest is a flat binary.  It starts at address 0 in 64-bit long mode, with
 * a stack and nothing else; it talks to a console on port 0xE9 and ends with
 * hlt.  The file is ordered bottom-up: every function stands below those that
 * it calls, and main is the last.
 *
 * Manuals: AMD64 Architecture Programmer's Manual, volume 2 (APM); Linux,
 * Documentation/virt/kvm/api.rst (api.rst).
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id		/* glibc before 2.38 has no name */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* ---- x86-64 ----------------------------------------------------------- */

/* Control registers and EFER; APM 3.1 "System-Control Registers". */
#define CR0_PE (1ull << 0)		/* Protection Enable */
#define CR0_MP (1ull << 1)		/* Monitor Coprocessor */
#define CR0_ET (1ull << 4)		/* Extension Type: always 1 */
#define CR0_NE (1ull << 5)		/* Numeric Error: x87 faults are #MF */
#define CR0_WP (1ull << 16)		/* Write Protect, in ring 0 too */
#define CR0_PG (1ull << 31)		/* Paging */
#define CR4_PAE (1ull << 5)		/* Physical-Address Extension */
#define CR4_OSFXSR (1ull << 9)		/* SSE instructions are allowed */
#define CR4_OSXMMEXCPT (1ull << 10)	/* SSE faults are #XF */
#define EFER_LME (1ull << 8)		/* Long Mode Enable */
#define EFER_LMA (1ull << 10)		/* Long Mode Active */

#define RFLAGS_FIXED (1ull << 1)	/* the bit that always reads 1 */

/* Page-table entries; APM 5.4 "Page-Translation-Table Entry Fields". */
#define PTE_P (1ull << 0)		/* Present */
#define PTE_RW (1ull << 1)		/* Read/Write: writes are allowed */
#define PTE_PS (1ull << 7)		/* Page Size: a 2 MiB leaf, in a PDE */
#define PTE_COUNT 512			/* entries of a table of any level */

/* A page fault's error code; APM 8.4.2 "Page-Fault Error Code". */
#define PF_P (1ull << 0)		/* the page was present */
#define PF_RW (1ull << 1)		/* the access was a write */

/* An interrupt gate; APM 4.8.4 "Gate Descriptors". */
struct gate {
	uint16_t offset_low;		/* handler's address, bits 0-15 */
	uint16_t selector;		/* handler's code segment */
	uint8_t ist;			/* number of its stack in the TSS */
	uint8_t type;			/* present, DPL, gate type */
	uint16_t offset_middle;		/* bits 16-31 */
	uint32_t offset_high;		/* bits 32-63 */
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8E		/* present, DPL 0, 64-bit interrupt */
#define VECTORS 32			/* exceptions; APM 8.2 "Vectors" */

/* The task-state segment; APM 12.2.5 "64-Bit Task State Segment". */
struct tss {
	uint32_t reserved0;
	uint32_t rsp[6];		/* rsp of rings 0-2, low and high */
	uint32_t reserved1[2];
	uint32_t ist[14];		/* interrupt stacks 1-7, low and high */
	uint32_t reserved2[2];
	uint16_t reserved3;
	uint16_t io_map;		/* offset of the I/O bitmap */
};

/* What a fault leaves on its stack; APM 8.9.3 "Interrupt Stack Frame". */
struct frame {
	uint64_t error;			/* only for some vectors */
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

/* ---- the machine ------------------------------------------------------ */

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#define PAGE_4K (4 * KIB)
#define PAGE_2M (2 * MIB)

#define RAM_MAX (8 * MIB)		/* bytes of the largest RAM */

/*
 * The guest's memory: one slot of KVM's, which the page tables lay out anew.
 *
 *	physical    +---------------------------+ virtual
 *	0           | RAM: image, data, stack   | 0
 *	            +---------------------------+
 *	            | nothing: a page fault     | memory
 *	            +---------------------------+
 *	memory      | vectors: read-only        | SYSTEM_BASE
 *	            | fault_stack               |
 *	            +---------------------------+
 *	            | page tables               | not mapped
 *	            +---------------------------+
 *
 * The CPU's tables are no part of RAM, so no image and no stray store of the
 * guest's can damage them.  SYSTEM_BASE is the last 2 MiB of the first GiB:
 * one page directory serves both.
 */
#define SYSTEM_BASE 0x3FE00000ull

struct vectors {
	uint64_t gdt[5];		/* null, code, data, TSS (two) */
	struct tss tss;
	struct gate idt[VECTORS];	/* gate n leads to hlt[n] */
	uint8_t hlt[VECTORS + 1];	/* the last: return from entry */
};

struct system {
	_Alignas(PAGE_4K) struct vectors vectors;
	_Alignas(PAGE_4K) uint8_t fault_stack[PAGE_4K - sizeof(struct frame)];
	struct frame frame;		/* of the fault that ended the guest */
	_Alignas(PAGE_4K) uint64_t pml4[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t pdpt[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t pd[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t system_pt[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t ram_pt[RAM_MAX / PAGE_4K];
};

/* The guest's address, virtual or physical, of a member of struct system. */
#define SYSTEM_ADDRESS(member) (SYSTEM_BASE + offsetof(struct system, member))
#define SYSTEM_PHYSICAL(vm, member) \
    ((vm)->opt->memory + offsetof(struct system, member))

#define CONSOLE_PORT 0xE9
#define CONSOLE_BUFFER (64 * KIB)	/* bytes of output gathered */
#define CONSOLE_TICK_MS 50		/* KVM_RUN lasts no longer */
#define LINE_QUIET_MS 50		/* console_tick: a line begun that */
#define LINE_BEGUN_MS 1000		/* does not grow, or does, is written */

#define FILES_PORT 0x278
#define FILES_MAX 1024			/* files that a VM can make or open */
#define FILE_SIZE_MAX INT32_MAX		/* bytes: offsets are results */
#define HANDLES_MAX 256			/* files that a VM has open */
#define HANDLE_FIRST 3			/* as after stdin, stdout, stderr */
#define FILE_UNFINISHED ".new"		/* in a VM's folder, while copying */

/* A file given with --file: all VMs read it, and no one writes it. */
struct original {
	char *path;			/* as given */
	const char *name;		/* last component of path */
	int fd;				/* open for reading */
	struct stat status;		/* at the start: which file it is */
};

/* A file as a VM sees it. */
struct file {
	char name[NAME_MAX + 1];	/* in the VM's folder */
	const struct original *original;	/* or NULL */
	bool own;			/* it is in the VM's folder */
	dev_t device;			/* which file there it is, */
	ino_t inode;			/* if it is the VM's own */
	int fd;				/* of the VM's own; open with handles */
	int handles;			/* how many stand on it */
};

/* What a guest has open. */
struct handle {
	struct file *file;		/* or NULL: not open */
	int flags;			/* of open */
	off_t offset;			/* bytes: of the next read or write */
};

/* A call of the guest's, in its RAM; the guest's own byte order. */
struct request {
	uint32_t operation;		/* enum operation */
	int32_t handle;			/* close, read, write, seek */
	uint64_t address;		/* open: of the path; read, write */
	uint64_t size;			/* read, write: bytes; seek: offset */
	uint32_t flags;			/* open: flags; seek: whence */
	uint32_t reserved;		/* 0 */
};

enum operation {
	OPERATION_OPEN = 1,
	OPERATION_CLOSE,
	OPERATION_READ,
	OPERATION_WRITE,
	OPERATION_SEEK,
};

/* The command line. */
struct options {
	size_t memory;			/* bytes of RAM: 2, 4 or 8 MiB */
	size_t page;			/* bytes of a page: 4 KiB or 2 MiB */
	char **images;			/* the guests' images: paths */
	size_t count;			/* of them */
	struct original *files;		/* the files that guests share */
	size_t file_count;		/* of them */
};

/* What KVM says of itself: asked once. */
struct kvm {
	int fd;				/* /dev/kvm */
	size_t run_size;		/* bytes of a vCPU's run area */
	size_t ring_offset;		/* of coalesced output in it, or 0 */
	struct kvm_cpuid2 *cpuid;	/* what the host's CPU can do */
};

/* What the VMs of this process share. */
struct shared {
	sem_t room;			/* VMs that open files are left for */
	pthread_mutex_t output;		/* held for a write to stdout */
	sem_t input;			/* 1 when no VM is reading a line */
};

/* A virtual machine and its one vCPU. */
struct vm {
	const struct options *opt;	/* as given to every VM */
	const struct kvm *kvm;		/* as found for every VM */
	struct shared *shared;		/* the same for every VM */
	pthread_t thread;		/* runs this VM */
	int result;			/* of vm_run, when the thread ends */
	char *image;			/* path of the guest's image */
	char *name;			/* what messages call this VM */
	int fd;				/* the VM, or -1 */
	int vcpu;			/* its vCPU, or -1 */
	uint8_t *ram;			/* opt->memory bytes, or NULL */
	struct system *system;		/* right behind RAM */
	struct kvm_run *run;		/* shared with KVM, or NULL */
	struct kvm_coalesced_mmio_ring *ring;	/* output in run, or NULL */
	timer_t tick;			/* ends KVM_RUN now and then */
	bool ticking;			/* there is a tick */
	bool input_ended;		/* the guest has read its end mark */
	bool input_taken;		/* the guest is reading a line */
	size_t begun_size;		/* bytes of the line begun, at a tick */
	int64_t begun_ms;		/* half the CPU time that it waits */
	int64_t quiet_ms;		/* and that it does not grow */
	int64_t tick_at;		/* CPU time in ms at the last tick */
	size_t number;			/* of the guest in the list, from 1 */
	int folder;			/* vmN, for its files; or -errno */
	bool folder_made;		/* by this run */
	uint64_t request;		/* guest address of its request block */
	size_t file_count;		/* of files, below */
	uint8_t *out;			/* output to write, behind system */
	size_t out_size;		/* bytes of it */
	struct handle handles[HANDLES_MAX];	/* from HANDLE_FIRST on */
	struct file files[FILES_MAX];	/* what it has made or opened */
};

/*
 * The signal that asks us to end, or 0.  It is for the whole process, and its
 * handler can reach nothing but a global: this is the only one.
 */
static atomic_int stop_signal;

/* ---- errors ----------------------------------------------------------- */

/*
 * Writes SIZE bytes to FD, whatever signals come and whether it is O_NONBLOCK
 * or not.  Returns 0, or -1 with errno.
 */
static int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *next = data;

	while (size > 0) {
		ssize_t n = write(fd, next, size);

		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1,
			    -1);
		else if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0)
			continue;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Says in one line on stderr what happened to NAME. */
__attribute__((format(printf, 2, 0)))
static void say(const char *name, const char *format, va_list args)
{
	char line[2 * PATH_MAX + 256];		/* two names and some words */
	size_t size;

	size = (size_t)snprintf(line, PATH_MAX + 64, "mini_hypervisor: %.*s: ",
	    PATH_MAX, name);
	vsnprintf(line + size, sizeof(line) - size, format, args);
	size = strlen(line);
	for (size_t i = 0; i < size; i++)
		if ((uint8_t)line[i] < ' ' || line[i] == '\177')
			line[i] = '?';		/* a name can hold anything */
	line[size++] = '\n';
	write_all(STDERR_FILENO, line, size);
}

/*
 * Says what happened to NAME: a VM, a file or a call.  Returns -1, for the
 * caller to return.
 */
__attribute__((format(printf, 2, 3)))
static int report(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
	return -1;
}

/* Reports errno as the failure of CALL for this VM; returns -1. */
static int vm_fail(const struct vm *vm, const char *call)
{
	/* ISO C has no %m, but unlike strerror it never allocates memory. */
	(void)(__extension__ report(vm->name, "%s: %m", call));
	return -1;
}

/*
 * ioctl(2) for KVM, begun again when a signal cut it short, as SIGCONT can.
 * Returns what the ioctl returns, -1 with errno on failure.
 */
static int kvm_ioctl(int fd, unsigned long request, void *argument)
{
	int result;

	do
		result = ioctl(fd, request, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

/* ---- guest memory ----------------------------------------------------- */

/* The bytes of a VM's memory: RAM, system, the console's buffer, kvm_run. */
static size_t memory_size(const struct vm *vm)
{
	return vm->opt->memory + sizeof(struct system) + CONSOLE_BUFFER +
	    vm->kvm->run_size;
}

/*
 * Allocates the VM's memory, zeroed, of which only what is touched is spent.
 * Returns 0, or -1 when reported; memory_free undoes it.
 */
static int memory_allocate(struct vm *vm)
{
	size_t size = memory_size(vm);
	void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host == MAP_FAILED)
		return vm_fail(vm, "mmap of the guest's memory");
	/* A huge page would spend 2 MiB where the guest touches a byte; a
	 * kernel that has none refuses, and that is as good. */
	madvise(host, size, MADV_NOHUGEPAGE);
	vm->ram = host;
	vm->system = (struct system *)(void *)(vm->ram + vm->opt->memory);
	vm->out = (uint8_t *)(vm->system + 1);
	return 0;
}

/*
 * Frees the memory of memory_allocate, if there is any, and with it kvm_run:
 * all at once, for a hole in it would be another thread's for the taking.
 */
static void memory_free(struct vm *vm)
{
	if (vm->ram != NULL)
		munmap(vm->ram, memory_size(vm));
}

/*
 * Makes RAM and system the guest's memory; api.rst 4.35
 * "KVM_SET_USER_MEMORY_REGION".  Returns 0, or -1 when reported.
 */
static int slot_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = vm->opt->memory + sizeof(struct system),
		.userspace_addr = (uintptr_t)vm->ram,
	};

	if (kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return vm_fail(vm, "KVM_SET_USER_MEMORY_REGION");
	return 0;
}

/*
 * Waits until FD can be read, as a pipe can't that nobody writes to yet.
 * Returns 0, or -1 when a signal asks us to end.
 */
static int image_wait(int fd)
{
	struct pollfd file = {.fd = fd, .events = POLLIN};

	do
		if (stop_signal)
			return -1;
	while (poll(&file, 1, CONSOLE_TICK_MS) <= 0);
	return 0;
}

/*
 * Reads the guest's image, 1 to opt->memory bytes, from FD to address 0.
 * Returns 0, or -1 when reported or when a signal asks us to end.
 */
static int image_read(struct vm *vm, int fd)
{
	size_t memory = vm->opt->memory, size = 0;
	uint8_t beyond;
	ssize_t n;

	do {
		bool full = size == memory;

		if (image_wait(fd) != 0)
			return -1;
		n = read(fd, full ? &beyond : vm->ram + size,
		    full ? 1 : memory - size);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return vm_fail(vm, "read");
		if (n > 0 && full)
			return report(vm->name, "is larger than the guest's "
			    "memory, %zu MiB", memory / MIB);
		if (n > 0)
			size += (size_t)n;
	} while (n != 0);
	if (size == 0)
		return report(vm->name, "is empty");
	return 0;
}

/*
 * Loads the guest's image.  Returns 0, or -1 when reported or when a signal
 * asks us to end.
 */
static int image_load(struct vm *vm)
{
	int fd = open(vm->image, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0)
		return report(vm->name, "%s", strerror(errno));
	result = image_read(vm, fd);
	close(fd);
	return result;
}

/*
 * Looks, before any VM is made, whether IMAGE can be a guest of opt->memory
 * bytes.  What is no regular file is not opened, for a pipe can be read once
 * only; image_load reads it.  Returns 0, or -1 when reported.
 */
static int image_check(const struct options *opt, const char *image)
{
	struct stat status;

	if (stat(image, &status) != 0 || access(image, R_OK) != 0)
		return report(image, "%s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return report(image, "%s", strerror(EISDIR));
	if (!S_ISREG(status.st_mode))
		return 0;
	if (status.st_size == 0)
		return report(image, "is empty");
	if (status.st_size > (off_t)opt->memory)
		return report(image, "is larger than the guest's memory, "
		    "%zu MiB", opt->memory / MIB);
	return 0;
}

/* ---- long mode -------------------------------------------------------- */

/*
 * The guest's segments; APM 4.8 "Long-Mode Segment Descriptors".  They are
 * marked accessed, and the TSS busy, so the CPU need not write the GDT.
 */
static const struct kvm_segment code_segment = {
	.selector = 1 * sizeof(uint64_t),
	.limit = UINT32_MAX,
	.type = 11,			/* code, readable, accessed */
	.present = 1,
	.s = 1,				/* code or data */
	.l = 1,				/* 64-bit */
	.g = 1,				/* limit in pages */
};

static const struct kvm_segment data_segment = {
	.selector = 2 * sizeof(uint64_t),
	.limit = UINT32_MAX,
	.type = 3,			/* data, writable, accessed */
	.present = 1,
	.s = 1,
	.db = 1,
	.g = 1,
};

static const struct kvm_segment task_segment = {
	.selector = 3 * sizeof(uint64_t),
	.base = SYSTEM_ADDRESS(vectors.tss),
	.limit = sizeof(struct tss) - 1,
	.type = 11,			/* 64-bit TSS, busy */
	.present = 1,
};

/*
 * The GDT's form of a segment based below 4 GiB; APM 4.7 "Legacy Segment
 * Descriptors".  (A TSS has 32 more bits of base, here 0, in the next entry.)
 */
static uint64_t descriptor(const struct kvm_segment *segment)
{
	uint64_t base = segment->base;
	uint64_t limit = segment->g ? segment->limit >> 12 : segment->limit;

	return (limit & 0xFFFF) | (base & 0xFFFFFF) << 16 |
	    (uint64_t)segment->type << 40 | (uint64_t)segment->s << 44 |
	    (uint64_t)segment->present << 47 | (limit >> 16) << 48 |
	    (uint64_t)segment->l << 53 | (uint64_t)segment->db << 54 |
	    (uint64_t)segment->g << 55 | (base >> 24) << 56;
}

/* Writes the GDT. */
static void gdt_create(struct vm *vm)
{
	uint64_t *gdt = vm->system->vectors.gdt;

	gdt[1] = descriptor(&code_segment);
	gdt[2] = descriptor(&data_segment);
	gdt[3] = descriptor(&task_segment);
}

/*
 * Writes the page tables: RAM at its physical addresses, in pages of opt->page
 * bytes, and at SYSTEM_BASE the vectors, read-only, and the fault stack.  APM
 * 5.3 "Long-Mode Page Translation".
 */
static void paging_create(struct vm *vm)
{
	struct system *system = vm->system;
	size_t memory = vm->opt->memory;
	bool large = vm->opt->page == PAGE_2M;

	system->pml4[0] = SYSTEM_PHYSICAL(vm, pdpt) | PTE_RW | PTE_P;
	system->pdpt[0] = SYSTEM_PHYSICAL(vm, pd) | PTE_RW | PTE_P;
	for (size_t at = 0; at < memory; at += PAGE_2M) {
		size_t table = at / PAGE_4K * sizeof(uint64_t);

		system->pd[at / PAGE_2M] = PTE_RW | PTE_P | (large ?
		    at | PTE_PS : SYSTEM_PHYSICAL(vm, ram_pt) + table);
	}
	for (size_t at = 0; at < memory && !large; at += PAGE_4K)
		system->ram_pt[at / PAGE_4K] = at | PTE_RW | PTE_P;
	system->pd[SYSTEM_BASE / PAGE_2M] =
	    SYSTEM_PHYSICAL(vm, system_pt) | PTE_RW | PTE_P;
	system->system_pt[0] = SYSTEM_PHYSICAL(vm, vectors) | PTE_P;
	system->system_pt[1] =
	    SYSTEM_PHYSICAL(vm, fault_stack) | PTE_RW | PTE_P;
}

/*
 * Puts the vCPU into long mode, with paging and SSE on; APM 14.6 "Enabling
 * and Activating Long Mode", but all at once.  Returns 0, or -1 when reported.
 */
static int sregs_set(struct vm *vm)
{
	struct kvm_sregs sregs;

	if (kvm_ioctl(vm->vcpu, KVM_GET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_GET_SREGS");
	sregs.cs = code_segment;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data_segment;
	sregs.tr = task_segment;
	sregs.gdt.base = SYSTEM_ADDRESS(vectors.gdt);
	sregs.gdt.limit = sizeof(vm->system->vectors.gdt) - 1;
	sregs.idt.base = SYSTEM_ADDRESS(vectors.idt);
	sregs.idt.limit = sizeof(vm->system->vectors.idt) - 1;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr3 = SYSTEM_PHYSICAL(vm, pml4);
	sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	sregs.efer = EFER_LME | EFER_LMA;
	if (kvm_ioctl(vm->vcpu, KVM_SET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_SET_SREGS");
	return 0;
}

/*
 * Sets the registers as for a call of the C function at address 0 with the
 * bytes of RAM and of a page as its arguments; the return address is the last
 * word of RAM.  Returns 0, or -1 when reported.
 */
static int regs_set(struct vm *vm)
{
	struct kvm_regs regs = {
		.rsp = vm->opt->memory - sizeof(uint64_t),
		.rdi = vm->opt->memory,
		.rsi = vm->opt->page,
		.rflags = RFLAGS_FIXED,
	};

	if (kvm_ioctl(vm->vcpu, KVM_SET_REGS, &regs) < 0)
		return vm_fail(vm, "KVM_SET_REGS");
	return 0;
}

/* ---- faults ----------------------------------------------------------- */

/* Exceptions by vector; APM 8.2 "Vectors". */
static const char *const fault_names[VECTORS] = {
	[0] = "division error",
	[1] = "debug exception",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "x87 floating-point fault",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD floating-point fault",
	[21] = "control protection fault",
};

#define PAGE_FAULT 14

/*
 * Writes the IDT, and the fault handlers that it leads to: one hlt each, so
 * that the rip of a halt tells the vector.  They run on a stack of their own,
 * for the guest's may be what is broken.
 */
static void idt_create(struct vm *vm)
{
	struct vectors *vectors = &vm->system->vectors;

	for (uint32_t i = 0; i < VECTORS; i++) {
		uint32_t handler = (uint32_t)SYSTEM_ADDRESS(vectors.hlt) + i;

		vectors->idt[i] = (struct gate){
			.offset_low = handler & 0xFFFF,
			.offset_middle = (uint16_t)(handler >> 16),
			.selector = code_segment.selector,
			.ist = 1,
			.type = GATE_INTERRUPT,
		};
	}
	memset(vectors->hlt, 0xF4, sizeof(vectors->hlt));	/* hlt */
	vectors->tss.io_map = sizeof(struct tss);	/* there is none */
	/* The stack ends with the frame that a fault will push. */
	vectors->tss.ist[0] = SYSTEM_ADDRESS(frame) + sizeof(struct frame);
}

/*
 * Puts a return address where the initial rsp points: the last hlt byte.  An
 * image that reaches so far is loaded over it.
 */
static void return_address_set(struct vm *vm)
{
	uint64_t address = SYSTEM_ADDRESS(vectors.hlt[VECTORS]);

	memcpy(vm->ram + vm->opt->memory - sizeof(address), &address,
	    sizeof(address));
}

/* Reports a page fault at RIP, with its address from CR2; returns -1. */
static int page_fault_report(struct vm *vm, uint64_t rip, uint64_t error)
{
	struct kvm_sregs sregs;
	const char *access = "read from";
	const uint64_t longest = 15;		/* bytes of an instruction */

	if (kvm_ioctl(vm->vcpu, KVM_GET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_GET_SREGS");
	if (error & PF_RW)
		access = "write to";
	else if (sregs.cr2 == rip || (sregs.cr2 % PAGE_4K == 0 &&
	    sregs.cr2 - rip < longest))
		access = "execution at";
	return report(vm->name, "page fault at rip 0x%llx: %s 0x%llx, which "
	    "is %s", (unsigned long long)rip, access,
	    (unsigned long long)sregs.cr2,
	    error & PF_P ? "protected" : "not mapped");
}

/*
 * Tells a guest's own hlt from one of the fault handlers'.  Returns 0 for its
 * own, or -1 when the fault is reported.
 */
static int halt_check(struct vm *vm)
{
	const struct frame *frame = &vm->system->frame;
	struct kvm_regs regs;
	uint64_t vector;

	if (kvm_ioctl(vm->vcpu, KVM_GET_REGS, &regs) < 0)
		return vm_fail(vm, "KVM_GET_REGS");
	vector = regs.rip - 1 - SYSTEM_ADDRESS(vectors.hlt);
	if (vector > VECTORS)
		return 0;
	if (vector == VECTORS)
		return report(vm->name, "returned from its entry point; a "
		    "guest ends with hlt");
	if (vector == PAGE_FAULT)
		return page_fault_report(vm, frame->rip, frame->error);
	return report(vm->name, "%s at rip 0x%llx", fault_names[vector] ?
	    fault_names[vector] : "reserved exception",
	    (unsigned long long)frame->rip);
}

/* ---- console ---------------------------------------------------------- */

/*
 * Writes all gathered output to stdout.  Returns 0, or -1 when reported; the
 * output is gone then.
 */
static int console_flush(struct vm *vm)
{
	size_t size = vm->out_size;
	int result;

	vm->out_size = 0;
	vm->begun_size = 0;
	vm->begun_ms = 0;
	pthread_mutex_lock(&vm->shared->output);
	result = write_all(STDOUT_FILENO, vm->out, size);
	pthread_mutex_unlock(&vm->shared->output);
	if (result != 0)
		return vm_fail(vm, "standard output");
	return 0;
}

/*
 * Writes the whole lines that are gathered, and keeps the line begun behind
 * them; without a whole line it does nothing.  Returns 0, or -1 when reported.
 */
static int console_flush_lines(struct vm *vm)
{
	size_t size = vm->out_size, lines = size;

	while (lines > 0 && vm->out[lines - 1] != '\n')
		lines--;
	if (lines == 0)
		return 0;
	vm->out_size = lines;
	if (console_flush(vm) != 0)
		return -1;
	memmove(vm->out, vm->out + lines, size - lines);
	vm->out_size = size - lines;
	return 0;
}

/*
 * Writes at a tick the whole lines that are there.  A line begun waits for its
 * end as long as it grows, but not for ever; a guest that goes on computing
 * without a byte more has written a prompt or the like.  CPU time counts, for a
 * thread may have to wait for its turn in the middle of a line; of a tick at
 * most half, so that it takes two: if the host is a virtual machine itself, its
 * clocks go on when its turn is over.  Returns 0, or -1 when reported.
 */
static int console_tick(struct vm *vm)
{
	const int64_t most = CONSOLE_TICK_MS / 2;
	struct timespec cpu;
	int64_t now, spent;

	if (console_flush_lines(vm) != 0)
		return -1;
	if (vm->out_size == 0)
		return 0;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	now = cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000;
	spent = now - vm->tick_at < most ? now - vm->tick_at : most;
	vm->tick_at = now;
	vm->begun_ms += spent;
	vm->quiet_ms = vm->out_size == vm->begun_size ?
	    vm->quiet_ms + spent : 0;
	vm->begun_size = vm->out_size;
	if (vm->quiet_ms < LINE_QUIET_MS && vm->begun_ms < LINE_BEGUN_MS)
		return 0;
	return console_flush(vm);
}

/* Gathers a byte of output.  Returns 0, or -1 when reported. */
static int console_put(struct vm *vm, uint8_t byte)
{
	vm->out[vm->out_size++] = byte;
	if (vm->out_size < CONSOLE_BUFFER)
		return 0;
	if (console_flush_lines(vm) != 0)
		return -1;
	if (vm->out_size < CONSOLE_BUFFER)
		return 0;
	return console_flush(vm);
}

/*
 * Gathers what KVM kept of the guest's output; it must be called after every
 * KVM_RUN and before the exit is handled.  api.rst 4.116
 * "KVM_(UN)REGISTER_COALESCED_MMIO".  Returns 0, or -1 when reported.
 */
static int console_drain(struct vm *vm)
{
	struct kvm_coalesced_mmio_ring *ring = vm->ring;
	const size_t count = (PAGE_4K - sizeof(*ring)) /
	    sizeof(ring->coalesced_mmio[0]);

	while (ring != NULL && ring->first != ring->last) {
		uint8_t byte = ring->coalesced_mmio[ring->first].data[0];

		ring->first = (uint32_t)((ring->first + 1) % count);
		if (console_put(vm, byte) != 0)
			return -1;
	}
	return 0;
}

/*
 * Lets KVM keep the bytes that the guest writes to the console, where it can:
 * an exit to us for a page of them and not for each.  Returns 0, or -1 when
 * reported.
 */
static int console_create(struct vm *vm)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = CONSOLE_PORT,
		.size = 1,
		.pio = 1,
	};

	if (vm->kvm->ring_offset == 0)
		return 0;
	if (kvm_ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone) < 0)
		return vm_fail(vm, "KVM_REGISTER_COALESCED_MMIO");
	vm->ring = (void *)((uint8_t *)vm->run + vm->kvm->ring_offset);
	return 0;
}

/*
 * Waits until no other VM is in the middle of a line of input, and begins one.
 * Returns 0, or -1 when a signal asks us to end.
 */
static int input_take(struct vm *vm)
{
	sigset_t ticks;

	sigemptyset(&ticks);
	sigaddset(&ticks, SIGALRM);
	if (!vm->input_taken && sem_trywait(&vm->shared->input) != 0) {
		/* The ticks of a thousand that wait would keep a CPU busy.  No
		 * signal to end is missed: who gives the input wakes us. */
		pthread_sigmask(SIG_BLOCK, &ticks, NULL);
		while (sem_wait(&vm->shared->input) != 0)
			;
		pthread_sigmask(SIG_UNBLOCK, &ticks, NULL);
	}
	vm->input_taken = true;
	return stop_signal ? -1 : 0;
}

/* Leaves the input to the other VMs, if this one has it. */
static void input_give(struct vm *vm)
{
	if (vm->input_taken)
		sem_post(&vm->shared->input);
	vm->input_taken = false;
}

/*
 * Reads SIZE bytes of stdin, no more and no fewer, to DATA for the guest.  The
 * end of input is one byte 0xFF, and an error after that.  Returns 0, or -1
 * when reported or when a signal asks us to end.
 */
static int console_read(struct vm *vm, uint8_t *data, size_t size)
{
	while (size > 0) {
		if (input_take(vm) != 0)
			return -1;

		ssize_t n = read(STDIN_FILENO, data, size);

		if (stop_signal)
			return -1;
		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.events = POLLIN}, 1, -1);
		else if (n < 0 && errno != EINTR)
			return vm_fail(vm, "standard input");
		if (n < 0)
			continue;
		if (n == 0 && vm->input_ended)
			return report(vm->name, "reads on after the end of "
			    "input");
		if (n == 0) {
			vm->input_ended = true;
			*data = 0xFF;
			n = 1;
		}
		data += n;
		size -= (size_t)n;
		if (data[-1] == '\n' || vm->input_ended)
			input_give(vm);
	}
	return 0;
}

/* Reports an IN or OUT that no device takes, and WHY; returns -1. */
static int port_error(struct vm *vm, const char *why)
{
	const char *direction = vm->run->io.direction == KVM_EXIT_IO_OUT ?
	    "OUT" : "IN";
	unsigned int size = vm->run->io.size;
	struct kvm_regs regs;

	if (console_flush(vm) != 0)
		return -1;
	if (kvm_ioctl(vm->vcpu, KVM_GET_REGS, &regs) < 0)
		return vm_fail(vm, "KVM_GET_REGS");
	return report(vm->name, "%s of %u byte%s, port 0x%x, at rip 0x%llx: "
	    "%s", direction, size, size == 1 ? "" : "s", vm->run->io.port,
	    (unsigned long long)regs.rip, why);
}

/*
 * Carries out the guest's IN or OUT on the console; a REP form comes as one.
 * Returns 0, or -1 when reported.
 */
static int console_io(struct vm *vm)
{
	uint8_t *data = (uint8_t *)vm->run + vm->run->io.data_offset;
	size_t count = vm->run->io.count;

	if (vm->run->io.size != 1)
		return port_error(vm, "the console takes single bytes");
	if (vm->run->io.direction == KVM_EXIT_IO_IN) {
		if (console_flush(vm) != 0)
			return -1;
		return console_read(vm, data, count);
	}
	for (size_t i = 0; i < count; i++)
		if (console_put(vm, data[i]) != 0)
			return -1;
	return 0;
}

/* ---- files ------------------------------------------------------------ */

/*
 * The one door into RAM for addresses that a guest gives: SIZE bytes at
 * guest-physical ADDRESS, or NULL if they are not all RAM.
 */
static void *ram_at(struct vm *vm, uint64_t address, uint64_t size)
{
	size_t memory = vm->opt->memory;

	if (size > memory || address > memory - size)
		return NULL;
	return vm->ram + address;
}

/*
 * The string at guest-physical ADDRESS, at most PATH_MAX bytes with its '\0'.
 * Returns 0, or a negative errno.
 */
static int string_at(struct vm *vm, uint64_t address, const char **string)
{
	size_t size = PATH_MAX;

	if (address < vm->opt->memory && vm->opt->memory - address < size)
		size = vm->opt->memory - address;
	*string = ram_at(vm, address, size);
	if (*string == NULL)
		return -EFAULT;
	if (memchr(*string, '\0', size) != NULL)
		return 0;
	return size < PATH_MAX ? -EFAULT : -ENAMETOOLONG;
}

/* The part of PATH behind every ./ that it begins with. */
static const char *path_plain(const char *path)
{
	while (path[0] == '.' && path[1] == '/')
		for (path += 2; *path == '/'; path++)
			;
	return path;
}

/* The file given with --file that a guest means by PATH, or NULL. */
static const struct original *original_find(const struct options *opt,
    const char *path)
{
	for (size_t i = 0; i < opt->file_count; i++)
		if (strcmp(path, opt->files[i].name) == 0 ||
		    strcmp(path, path_plain(opt->files[i].path)) == 0)
			return &opt->files[i];
	return NULL;
}

/*
 * The VM's file for NAME, which stands on ORIGINAL if that is not NULL.  A new
 * one is put behind the list, which it joins when it is opened.  Returns 0, or
 * a negative errno.
 */
static int file_find(struct vm *vm, const char *name,
    const struct original *original, struct file **file)
{
	for (size_t i = 0; i < vm->file_count; i++) {
		*file = &vm->files[i];
		if (strcmp((*file)->name, name) == 0)
			return 0;
	}
	if (vm->file_count == FILES_MAX)
		return -EMFILE;
	*file = &vm->files[vm->file_count];
	**file = (struct file){.original = original, .fd = -1};
	strncpy((*file)->name, name, NAME_MAX);
	return 0;
}

/*
 * Finds the file that a guest means by PATH: one given with --file, or one of
 * its own, which has a plain name.  Returns 0, or a negative errno.
 */
static int path_find(struct vm *vm, const char *path, struct file **file)
{
	const struct original *original;

	path = path_plain(path);
	original = original_find(vm->opt, path);
	if (original != NULL)
		return file_find(vm, original->name, original, file);
	if (path[0] == '\0')
		return -ENOENT;
	if (strlen(path) > NAME_MAX)
		return -ENAMETOOLONG;
	if (strchr(path, '/') != NULL || strcmp(path, ".") == 0 ||
	    strcmp(path, "..") == 0 || strcmp(path, FILE_UNFINISHED) == 0)
		return -EACCES;
	return file_find(vm, path, NULL, file);
}

/*
 * Makes and opens the VM's folder.  Where that can't be done vm->folder tells
 * why, to a guest that makes a file.
 */
static void folder_create(struct vm *vm)
{
	char name[32];

	snprintf(name, sizeof(name), "vm%zu", vm->number);
	vm->folder = -1;
	vm->folder_made = mkdir(name, 0777) == 0;
	if (vm->folder_made || errno == EEXIST)
		vm->folder = open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	if (vm->folder < 0)
		vm->folder = -errno;
}

/* Removes the VM's folder, if this run made it and it is empty. */
static void folder_remove(const struct vm *vm)
{
	char name[32];

	snprintf(name, sizeof(name), "vm%zu", vm->number);
	if (vm->folder_made)
		rmdir(name);
}

/* Whether STATUS is of a file that the command line names. */
static bool file_given(const struct options *opt, const struct stat *status)
{
	struct stat image;

	for (size_t i = 0; i < opt->file_count; i++)
		if (opt->files[i].status.st_dev == status->st_dev &&
		    opt->files[i].status.st_ino == status->st_ino)
			return true;
	for (size_t i = 0; i < opt->count; i++)
		if (stat(opt->images[i], &image) == 0 &&
		    image.st_dev == status->st_dev &&
		    image.st_ino == status->st_ino)
			return true;
	return false;
}

/*
 * Copies all of the file FROM behind the end of TO.  Returns 0 or -errno, also
 * when a signal asks us to end.
 */
static int data_copy(int from, int to)
{
	const size_t most = 16 * MIB;	/* bytes at a time */
	off_t offset = 0;
	ssize_t n;

	do
		n = copy_file_range(from, &offset, to, NULL, most, 0);
	while (!stop_signal && n > 0);
	/* For file systems that can't, or the rest of what they could not. */
	do
		n = sendfile(to, from, &offset, most);
	while (!stop_signal && (n > 0 || (n < 0 && errno == EINTR)));
	if (stop_signal)
		return -EINTR;
	return n == 0 ? 0 : -errno;
}

/*
 * Gives the file behind the descriptor FD, which is whole now, its name in the
 * VM's folder.  What an earlier run left there makes way, followed or changed
 * nowhere, unless this run was given it.  Returns 0, or a negative errno.
 */
static int file_name(struct vm *vm, struct file *file, int fd)
{
	struct stat old, status;

	if (fstatat(vm->folder, file->name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		if (file_given(vm->opt, &old))
			return -EACCES;
	} else if (errno != ENOENT) {
		return -errno;
	}
	if (fstat(fd, &status) != 0 || renameat(vm->folder, FILE_UNFINISHED,
	    vm->folder, file->name) != 0)
		return -errno;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	file->fd = fd;
	file->own = true;
	return 0;
}

/*
 * Makes FILE the VM's own, for it is about to be written: a copy of the
 * original, or empty.  Returns 0, or a negative errno, and then the VM still
 * has the original, and its folder what it had.
 */
static int file_own(struct vm *vm, struct file *file, bool empty)
{
	mode_t mode = file->original ? file->original->status.st_mode : 0666;
	int fd, error = 0;

	if (file->own)
		return 0;
	if (vm->folder < 0)
		return vm->folder;
	if (unlinkat(vm->folder, FILE_UNFINISHED, 0) != 0 && errno != ENOENT)
		return -errno;
	fd = openat(vm->folder, FILE_UNFINISHED, O_RDWR | O_CREAT | O_EXCL |
	    O_CLOEXEC, (mode & 0666) | 0600);
	if (fd < 0)
		return -errno;
	if (!empty && file->original != NULL)
		error = data_copy(file->original->fd, fd);
	if (error == 0)
		error = file_name(vm, file, fd);
	if (error != 0) {
		unlinkat(vm->folder, FILE_UNFINISHED, 0);
		close(fd);
	}
	return error;
}

/*
 * Opens the VM's own FILE again, which it made earlier in this run.  Returns
 * 0, or a negative errno: -ENOENT if it is no longer there, also when
 * something else took its place.
 */
static int file_reopen(struct vm *vm, struct file *file)
{
	struct stat status;
	int error = 0;
	int fd = openat(vm->folder, file->name, O_RDWR | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO || errno == EISDIR ||
		    errno == EACCES ? -ENOENT : -errno;
	if (fstat(fd, &status) != 0)
		error = -errno;
	else if (status.st_dev != file->device ||
	    status.st_ino != file->inode || status.st_nlink != 1)
		error = -ENOENT;
	if (error == 0)
		file->fd = fd;
	else
		close(fd);
	return error;
}

/* The descriptor to read FILE by: the VM's own or the original's. */
static int file_fd(const struct file *file)
{
	return file->own ? file->fd : file->original->fd;
}

/*
 * Gets FILE ready for a handle opened with FLAGS.  Returns 0, or a negative
 * errno.
 */
static int file_open(struct vm *vm, struct file *file, int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY, exists;
	int error = 0;

	if (file->own && file->fd < 0)
		error = file_reopen(vm, file);
	if (error == -ENOENT)		/* the user took it away */
		file->own = false;
	else if (error != 0)
		return error;
	exists = file->own || file->original != NULL;
	if (!exists && !writes && !(flags & O_CREAT))
		return -ENOENT;
	if (exists && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (!file->own && (!exists || (flags & O_TRUNC)))
		return file_own(vm, file, true);
	if ((flags & O_TRUNC) && ftruncate(file->fd, 0) != 0)
		return -errno;
	return 0;
}

/*
 * Closes FILE's descriptor when no handle stands on it.  Returns 0, or a
 * negative errno if what was written may be lost.
 */
static int file_release(struct file *file)
{
	int fd = file->fd;

	if (file->handles > 0 || fd < 0)
		return 0;
	file->fd = -1;
	return close(fd) == 0 ? 0 : -errno;
}

/*
 * The guest's open handle NUMBER, if it was not opened with access mode
 * EXCEPT; or NULL.
 */
static struct handle *handle_find(struct vm *vm, int32_t number, int except)
{
	struct handle *handle;

	if (number < HANDLE_FIRST || number >= HANDLE_FIRST + HANDLES_MAX)
		return NULL;
	handle = &vm->handles[number - HANDLE_FIRST];
	if (handle->file == NULL || (handle->flags & O_ACCMODE) == except)
		return NULL;
	return handle;
}

/* open(2).  Returns a handle's number, or a negative errno. */
static int64_t files_open(struct vm *vm, const struct request *request)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;
	int flags = (int)request->flags, error, number = 0;
	struct file *file;
	const char *path;

	if ((flags & ~known) || (flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	error = string_at(vm, request->address, &path);
	if (error != 0)
		return error;
	while (number < HANDLES_MAX && vm->handles[number].file != NULL)
		number++;
	if (number == HANDLES_MAX)
		return -EMFILE;
	error = path_find(vm, path, &file);
	if (error != 0)
		return error;
	error = file_open(vm, file, flags);
	if (error != 0) {
		file_release(file);
		return error;
	}
	if (file == &vm->files[vm->file_count])
		vm->file_count++;
	file->handles++;
	vm->handles[number] = (struct handle){.file = file, .flags = flags};
	return HANDLE_FIRST + number;
}

/* close(2).  Returns 0, or a negative errno. */
static int64_t files_close(struct vm *vm, const struct request *request)
{
	struct handle *handle = handle_find(vm, request->handle, -1);
	struct file *file;

	if (handle == NULL)
		return -EBADF;
	file = handle->file;
	handle->file = NULL;
	file->handles--;
	return file_release(file);
}

/* read(2), right into RAM.  Returns the bytes read, or a negative errno. */
static int64_t files_read(struct vm *vm, const struct request *request)
{
	struct handle *handle = handle_find(vm, request->handle, O_WRONLY);
	void *data = ram_at(vm, request->address, request->size);
	ssize_t n;

	if (handle == NULL)
		return -EBADF;
	if (data == NULL)
		return -EFAULT;
	do
		n = pread(file_fd(handle->file), data, request->size,
		    handle->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	handle->offset += n;
	return n;
}

/* The size in bytes of FILE, or a negative errno. */
static off_t file_size(const struct file *file)
{
	struct stat status;

	return fstat(file_fd(file), &status) == 0 ? status.st_size : -errno;
}

/* write(2), right from RAM.  Returns the bytes written or -errno. */
static int64_t files_write(struct vm *vm, const struct request *request)
{
	struct handle *handle = handle_find(vm, request->handle, O_RDONLY);
	const void *data = ram_at(vm, request->address, request->size);
	size_t size = request->size;
	off_t at;
	ssize_t n;
	int error;

	if (handle == NULL)
		return -EBADF;
	if (data == NULL)
		return -EFAULT;
	if (size == 0)
		return 0;
	at = handle->offset;
	if (handle->flags & O_APPEND)
		at = file_size(handle->file);
	if (at < 0)
		return at;
	if (at >= FILE_SIZE_MAX)
		return -EFBIG;
	error = file_own(vm, handle->file, false);
	if (error != 0)
		return error;
	if (size > (size_t)(FILE_SIZE_MAX - at))
		size = (size_t)(FILE_SIZE_MAX - at);
	do
		n = pwrite(handle->file->fd, data, size, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	handle->offset = at + n;
	return n;
}

/* lseek(2).  Returns the new offset, or a negative errno. */
static int64_t files_seek(struct vm *vm, const struct request *request)
{
	struct handle *handle = handle_find(vm, request->handle, -1);
	int64_t base = 0, offset;

	if (handle == NULL)
		return -EBADF;
	if (request->flags == SEEK_CUR)
		base = handle->offset;
	else if (request->flags == SEEK_END)
		base = file_size(handle->file);
	else if (request->flags != SEEK_SET)
		return -EINVAL;
	if (base < 0)
		return base;
	if (__builtin_add_overflow(base, (int64_t)request->size, &offset) ||
	    offset > FILE_SIZE_MAX)
		return -EOVERFLOW;
	if (offset < 0)
		return -EINVAL;
	handle->offset = offset;
	return offset;
}

/* Carries out the guest's request.  Returns its result: >= 0, or -errno. */
static int64_t files_call(struct vm *vm)
{
	struct request request;
	const void *block = ram_at(vm, vm->request, sizeof(request));

	if (block == NULL)
		return -EFAULT;
	memcpy(&request, block, sizeof(request));
	switch (request.operation) {
	case OPERATION_OPEN:
		return files_open(vm, &request);
	case OPERATION_CLOSE:
		return files_close(vm, &request);
	case OPERATION_READ:
		return files_read(vm, &request);
	case OPERATION_WRITE:
		return files_write(vm, &request);
	case OPERATION_SEEK:
		return files_seek(vm, &request);
	default:
		return -ENOSYS;
	}
}

/*
 * Carries out the guest's IN or OUT on the file device: OUT tells the address
 * of its request block, IN carries out the request that the block holds then.
 * Returns 0, or -1 when reported.
 */
static int files_io(struct vm *vm)
{
	uint8_t *data = (uint8_t *)vm->run + vm->run->io.data_offset;
	uint32_t value;

	if (vm->run->io.size != sizeof(value))
		return port_error(vm, "the file device takes four bytes");
	for (uint32_t i = 0; i < vm->run->io.count; i++) {
		if (vm->run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, sizeof(value));
			vm->request = value;
		} else {
			value = (uint32_t)files_call(vm);
			memcpy(data, &value, sizeof(value));
		}
		data += sizeof(value);
	}
	return 0;
}

/* Closes all that the VM has open. */
static void files_destroy(struct vm *vm)
{
	for (size_t i = 0; i < vm->file_count; i++)
		if (vm->files[i].fd >= 0)
			close(vm->files[i].fd);
	if (vm->folder >= 0)
		close(vm->folder);
}

/*
 * Opens a file given with --file, the one behind COUNT others.  Returns 0, or
 * -1 when reported that it can't be shared.
 */
static int original_open(struct original *files, size_t count)
{
	struct original *file = &files[count];
	const char *slash = strrchr(file->path, '/');

	file->name = slash != NULL ? slash + 1 : file->path;
	file->fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &file->status) != 0)
		return report(file->path, "%s", strerror(errno));
	if (!S_ISREG(file->status.st_mode))
		return report(file->path, "is not a regular file");
	if (strcmp(file->name, FILE_UNFINISHED) == 0)
		return report(file->path, "may not be called so");
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].name, file->name) == 0)
			return report(file->path, "is called like %s, "
			    "which is shared too", files[i].path);
	return 0;
}

/* Opens all files given with --file.  Returns 0, or -1 when reported. */
static int originals_open(struct options *opt)
{
	int result = 0;

	for (size_t i = 0; i < opt->file_count; i++)
		if (original_open(opt->files, i) != 0)
			result = -1;
	return result;
}

/* ---- confinement ------------------------------------------------------ */

/* What Landlock denies: all that its first version can; landlock.rst. */
#define LANDLOCK_DENIED ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What it then allows beneath a VM's folder. */
#define LANDLOCK_ALLOWED (LANDLOCK_ACCESS_FS_READ_FILE | \
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
    LANDLOCK_ACCESS_FS_REMOVE_FILE)

/*
 * Makes the VM's folder, and leaves this thread no files to open but those in
 * it, so that a guest that found a hole in us would find nothing behind it;
 * Linux, Documentation/userspace-api/landlock.rst.  A kernel without Landlock
 * leaves all files.  Returns 0, or -1 when reported.
 */
static int paths_confine(struct vm *vm)
{
	const struct landlock_ruleset_attr denied = {
		.handled_access_fs = LANDLOCK_DENIED,
	};
	struct landlock_path_beneath_attr allowed = {
		.allowed_access = LANDLOCK_ALLOWED,
	};
	int rules, result = 0;

	folder_create(vm);
	allowed.parent_fd = vm->folder;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return vm_fail(vm, "PR_SET_NO_NEW_PRIVS");
	rules = (int)syscall(SYS_landlock_create_ruleset, &denied,
	    sizeof(denied), 0);
	if (rules < 0 && (errno == ENOSYS || errno == EOPNOTSUPP ||
	    errno == EPERM))		/* what sandboxes say for ENOSYS */
		return 0;
	if (rules < 0)
		return vm_fail(vm, "landlock_create_ruleset");
	if (vm->folder >= 0 && syscall(SYS_landlock_add_rule, rules,
	    LANDLOCK_RULE_PATH_BENEATH, &allowed, 0) != 0)
		result = vm_fail(vm, "landlock_add_rule");
	else if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		result = vm_fail(vm, "landlock_restrict_self");
	close(rules);
	return result;
}

/*
 * Parts of the filter below: looks at FIELD; lets pass what is VALUE; ends the
 * process; skips the next part for VALUE; begins a group, of LENGTH
 * instructions, for what is below LIMIT.  The kernel tries every number when it
 * takes a filter: groups save most of that.
 */
#define FILTER_LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define FILTER_ALLOW(value) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FILTER_KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define FILTER_UNLESS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0)
#define FILTER_GROUP(limit, length) \
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, limit, length, 0)

/*
 * The system calls that a VM's thread makes from its first KVM_RUN to its end,
 * by number; Linux, Documentation/userspace-api/seccomp_filter.rst.  C
 * libraries differ in how they do fstat and its like.
 */
static const struct sock_filter filter[] = {
	FILTER_LOAD(arch),
	FILTER_UNLESS(AUDIT_ARCH_X86_64),
	FILTER_KILL,
	FILTER_LOAD(nr),
	FILTER_GROUP(SYS_ioctl, 2 * 9 + 1),
	FILTER_ALLOW(SYS_read),
	FILTER_ALLOW(SYS_write),
	FILTER_ALLOW(SYS_close),
	FILTER_ALLOW(SYS_stat),
	FILTER_ALLOW(SYS_fstat),
	FILTER_ALLOW(SYS_poll),
	FILTER_ALLOW(SYS_munmap),
	FILTER_ALLOW(SYS_rt_sigprocmask),
	FILTER_ALLOW(SYS_rt_sigreturn),
	FILTER_KILL,
	FILTER_GROUP(SYS_ioctl + 1, 1 + 2 * 3 + 1),
	FILTER_LOAD(args[1]),
	FILTER_ALLOW(KVM_RUN),
	FILTER_ALLOW(KVM_GET_REGS),
	FILTER_ALLOW(KVM_GET_SREGS),
	FILTER_KILL,
	FILTER_GROUP(SYS_futex, 2 * 6 + 1),
	FILTER_ALLOW(SYS_pread64),
	FILTER_ALLOW(SYS_pwrite64),
	FILTER_ALLOW(SYS_madvise),
	FILTER_ALLOW(SYS_sendfile),
	FILTER_ALLOW(SYS_exit),
	FILTER_ALLOW(SYS_ftruncate),
	FILTER_KILL,
	FILTER_GROUP(SYS_copy_file_range + 1, 2 * 9 + 1),
	FILTER_ALLOW(SYS_futex),
	FILTER_ALLOW(SYS_restart_syscall),
	FILTER_ALLOW(SYS_timer_delete),
	FILTER_ALLOW(SYS_clock_gettime),
	FILTER_ALLOW(SYS_openat),
	FILTER_ALLOW(SYS_newfstatat),
	FILTER_ALLOW(SYS_unlinkat),
	FILTER_ALLOW(SYS_renameat),
	FILTER_ALLOW(SYS_copy_file_range),
	FILTER_KILL,
	FILTER_KILL,
};

/*
 * Leaves this thread no system calls but the filter's; another ends the
 * process.  A kernel without seccomp leaves them all.  Returns 0, or -1 when
 * reported.
 */
static int calls_confine(struct vm *vm)
{
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};
	sigset_t stops;

	/* What their handler calls is not in the filter. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stops, NULL);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 &&
	    errno != EINVAL)
		return vm_fail(vm, "PR_SET_SECCOMP");
	return 0;
}

/* ---- the machine's life ----------------------------------------------- */

/*
 * Asks KVM what every VM needs to know of it; api.rst 4.5
 * "KVM_GET_VCPU_MMAP_SIZE", 4.46 "KVM_GET_SUPPORTED_CPUID".  Returns 0, or -1
 * when reported.
 */
static int kvm_ask(struct kvm *kvm)
{
	const uint32_t entries = 256;	/* as many as KVM ever has */
	int size = kvm_ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	int ring = 0;

	if (size < 0)
		return report("KVM_GET_VCPU_MMAP_SIZE", "%s", strerror(errno));
	kvm->run_size = (size_t)size;
	if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_PIO) > 0)
		ring = ioctl(kvm->fd, KVM_CHECK_EXTENSION,
		    KVM_CAP_COALESCED_MMIO);
	kvm->ring_offset = ring > 0 ? (size_t)ring * PAGE_4K : 0;
	kvm->cpuid = calloc(1, sizeof(*kvm->cpuid) +
	    entries * sizeof(kvm->cpuid->entries[0]));
	if (kvm->cpuid == NULL)
		return report("calloc", "%s", strerror(errno));
	kvm->cpuid->nent = entries;
	if (kvm_ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid) < 0)
		return report("KVM_GET_SUPPORTED_CPUID", "%s",
		    strerror(errno));
	return 0;
}

/* Opens /dev/kvm.  Returns 0, or -1 when reported, with what to do. */
static int kvm_open(struct kvm *kvm)
{
	const char *path = "/dev/kvm";
	int version;

	kvm->fd = open(path, O_RDWR | O_CLOEXEC);
	if (kvm->fd < 0 && (errno == EACCES || errno == EPERM))
		return report(path, "%s; join its group (sudo usermod -aG kvm "
		    "$USER) and log in again", strerror(errno));
	if (kvm->fd < 0 && (errno == ENOENT || errno == ENODEV ||
	    errno == ENXIO))
		return report(path, "%s; enable virtualization in the firmware "
		    "and load the module kvm_intel or kvm_amd",
		    strerror(errno));
	if (kvm->fd < 0)
		return report(path, "%s", strerror(errno));
	version = kvm_ioctl(kvm->fd, KVM_GET_API_VERSION, NULL);
	if (version < 0)
		return report(path, "KVM_GET_API_VERSION: %s",
		    strerror(errno));
	if (version != KVM_API_VERSION)
		return report(path, "KVM API version %d, where %d is needed",
		    version, KVM_API_VERSION);
	return kvm_ask(kvm);
}

/* Closes what kvm_open opened. */
static void kvm_close(struct kvm *kvm)
{
	free(kvm->cpuid);
	close(kvm->fd);
}

/*
 * Creates the VM's vCPU and maps what it shares with KVM; api.rst 4.7
 * "KVM_CREATE_VCPU", 5 "The kvm_run structure".  Returns 0, or -1 when
 * reported.
 */
static int vcpu_create(struct vm *vm)
{
	void *run;

	vm->vcpu = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, NULL);
	if (vm->vcpu < 0)
		return vm_fail(vm, "KVM_CREATE_VCPU");
	/* Into the room that memory_allocate left: a VM that got its RAM shall
	 * not fail for want of these few pages. */
	run = mmap(vm->out + CONSOLE_BUFFER, vm->kvm->run_size,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, vm->vcpu, 0);
	if (run == MAP_FAILED)
		return vm_fail(vm, "mmap of kvm_run");
	vm->run = run;
	if (kvm_ioctl(vm->vcpu, KVM_SET_CPUID2, vm->kvm->cpuid) < 0)
		return vm_fail(vm, "KVM_SET_CPUID2");
	if (sregs_set(vm) != 0)
		return -1;
	return regs_set(vm);
}

/*
 * The tick's handler: ends the KVM_RUN that goes on, or the next one if it
 * comes just before; api.rst 5, "immediate_exit".
 */
static void tick_handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code == SI_TIMER)
		((struct kvm_run *)info->si_value.sival_ptr)->immediate_exit =
		    1;
}

/*
 * Starts the tick: SIGALRM to this thread every CONSOLE_TICK_MS.  Returns 0,
 * or -1 when reported.
 */
static int tick_create(struct vm *vm)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
		.sigev_value.sival_ptr = vm->run,
	};
	const struct timespec period = {.tv_nsec = CONSOLE_TICK_MS * 1000000LL};
	const struct itimerspec times = {period, period};

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &vm->tick) != 0)
		return vm_fail(vm, "timer_create");
	vm->ticking = true;
	if (timer_settime(vm->tick, 0, &times, NULL) != 0)
		return vm_fail(vm, "timer_settime");
	return 0;
}

/*
 * Fills the guest's memory: the tables that the CPU needs, and the image.
 * Returns 0, or -1 when reported or when a signal asks us to end.
 */
static int memory_create(struct vm *vm)
{
	if (memory_allocate(vm) != 0)
		return -1;
	gdt_create(vm);
	idt_create(vm);
	paging_create(vm);
	return_address_set(vm);
	return image_load(vm);
}

/*
 * Creates the VM, ready to run the guest's first instruction.  Returns 0, or
 * -1 when reported or when a signal asks us to end.
 */
static int vm_create(struct vm *vm)
{
	if (stop_signal)
		return -1;
	vm->fd = kvm_ioctl(vm->kvm->fd, KVM_CREATE_VM, NULL);
	if (vm->fd < 0)
		return vm_fail(vm, "KVM_CREATE_VM");
	if (slot_create(vm) != 0)
		return -1;
	if (vcpu_create(vm) != 0)
		return -1;
	if (console_create(vm) != 0)
		return -1;
	return tick_create(vm);
}

/* Gives back all that the VM holds, whether its creation succeeded or not. */
static void vm_destroy(struct vm *vm)
{
	if (vm->ticking)
		timer_delete(vm->tick);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->fd >= 0)
		close(vm->fd);
	memory_free(vm);
	files_destroy(vm);
}

/*
 * Carries out the IN or OUT for which the vCPU stopped.  Returns 0, or -1 when
 * reported.
 */
static int vm_io(struct vm *vm)
{
	switch (vm->run->io.port) {
	case CONSOLE_PORT:
		return console_io(vm);
	case FILES_PORT:
		return files_io(vm);
	default:
		return port_error(vm, "there is no such port");
	}
}

/*
 * Reports what KVM could not do, such as to emulate an instruction, where it
 * has to; returns -1.
 */
static int internal_error_report(struct vm *vm)
{
	uint32_t suberror = vm->run->internal.suberror;
	struct kvm_regs regs;

	if (kvm_ioctl(vm->vcpu, KVM_GET_REGS, &regs) < 0)
		return vm_fail(vm, "KVM_GET_REGS");
	return report(vm->name, "KVM could not go on at rip 0x%llx: %s %u",
	    (unsigned long long)regs.rip, suberror ==
	    KVM_INTERNAL_ERROR_EMULATION ? "it can't emulate the instruction, "
	    "suberror" : "suberror", suberror);
}

/*
 * Names what stopped the vCPU for good; api.rst 5, "exit_reason".  Returns 0
 * for the guest's hlt, or -1 when reported.
 */
static int vm_ended(struct vm *vm)
{
	const struct kvm_run *run = vm->run;

	switch (run->exit_reason) {
	case KVM_EXIT_HLT:
		return halt_check(vm);
	case KVM_EXIT_SHUTDOWN:
		return report(vm->name, "triple fault: a fault that "
		    "could not be delivered");
	case KVM_EXIT_MMIO:
		return report(vm->name, "%s guest-physical address 0x%llx, "
		    "where there is no memory",
		    run->mmio.is_write ? "write to" : "read from",
		    run->mmio.phys_addr);
	case KVM_EXIT_FAIL_ENTRY:
		return report(vm->name, "the CPU refused to enter the guest, "
		    "reason 0x%llx",
		    run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return internal_error_report(vm);
	default:
		return report(vm->name, "stopped for KVM's exit reason %u",
		    run->exit_reason);
	}
}

/*
 * Runs the guest until it ends.  Returns 0 when it ended with hlt, or -1 when
 * it did not and that is reported, or a signal asks us to end.
 */
static int vm_loop(struct vm *vm)
{
	int error;

	for (;;) {
		error = ioctl(vm->vcpu, KVM_RUN, NULL) < 0 ? errno : 0;
		if (console_drain(vm) != 0)
			return -1;
		if (error == EINTR && !stop_signal) {
			vm->run->immediate_exit = 0;
			if (console_tick(vm) != 0)
				return -1;
		} else if (error == 0 && vm->run->exit_reason == KVM_EXIT_IO) {
			if (vm_io(vm) != 0)
				return -1;
		} else if (error != 0 ||
		    vm->run->exit_reason != KVM_EXIT_SET_TPR) {
			/* The one exception: CR8 was lowered, to no effect. */
			break;
		}
	}
	if (console_flush(vm) != 0 || stop_signal)
		return -1;
	errno = error;
	if (error != 0)
		return vm_fail(vm, "KVM_RUN");
	return vm_ended(vm);
}

/*
 * A machine's whole life.  Returns 0 when its guest ended with hlt, or -1 when
 * that is not so, and all output is written.
 */
static int vm_run(struct vm *vm)
{
	int result = memory_create(vm);

	if (result == 0)
		result = paths_confine(vm);
	if (result == 0)
		result = vm_create(vm);
	if (result == 0)
		result = calls_confine(vm);
	if (result == 0)
		result = vm_loop(vm);
	input_give(vm);
	vm_destroy(vm);
	return result;
}

/* ---- threads ---------------------------------------------------------- */

#define THREAD_STACK (128 * KIB)	/* bytes of a thread's stack */
#define VM_DESCRIPTORS 3		/* open files that a VM takes */

/*
 * How many VMs the limit on open files leaves room for.  /dev/kvm got the
 * lowest free number, so all below are taken.
 */
static unsigned int room_ask(const struct kvm *kvm)
{
	struct rlimit limit;
	rlim_t room = SEM_VALUE_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		room = (limit.rlim_cur - (rlim_t)kvm->fd - 1) /
		    VM_DESCRIPTORS;
	return room < SEM_VALUE_MAX ? (unsigned int)room : SEM_VALUE_MAX;
}

/*
 * The thread of a VM: all there is of it happens here.  It needs to be sure of
 * its open files, for many VMs could each get some of theirs, and none run.
 */
static void *thread_main(void *argument)
{
	struct vm *vm = argument;

	if (sem_trywait(&vm->shared->room) != 0) {
		vm->result = report(vm->name, "%s", strerror(EMFILE));
		return NULL;
	}
	vm->result = vm_run(vm);
	sem_post(&vm->shared->room);
	return NULL;
}

/*
 * What messages call guest number AT: its image and, where the image is given
 * more than once, which guest it is.  Returns NULL when there is no memory.
 */
static char *name_make(const struct options *opt, size_t at)
{
	char *image = opt->images[at], *name;
	size_t same = 0;

	for (size_t i = 0; i < opt->count; i++)
		same += strcmp(opt->images[i], image) == 0;
	if (same == 1)
		return strdup(image);
	return asprintf(&name, "%s#%zu", image, at + 1) < 0 ? NULL : name;
}

/* Gives back what thread_start allocated for a VM. */
static void thread_free(struct vm *vm)
{
	if (vm != NULL)
		free(vm->name);
	free(vm);
}

/*
 * Makes the VM of guest number AT and starts its thread.  Returns the VM, or
 * NULL when reported.
 */
static struct vm *thread_start(const struct options *opt,
    const struct kvm *kvm, struct shared *shared, size_t at)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	pthread_attr_t attributes;
	int error = ENOMEM;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	if (vm != NULL && (vm->name = name_make(opt, at)) != NULL) {
		vm->opt = opt;
		vm->kvm = kvm;
		vm->shared = shared;
		vm->image = opt->images[at];
		vm->fd = vm->vcpu = -1;
		vm->number = at + 1;
		vm->folder = -ENOENT;	/* not made yet */
		vm->request = UINT64_MAX;	/* outside RAM */
		error = pthread_create(&vm->thread, &attributes, thread_main,
		    vm);
	}
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return vm;
	report(opt->images[at], "guest %zu: no thread: %s", at + 1,
	    strerror(error));
	thread_free(vm);
	return NULL;
}

/*
 * Runs all guests at once, each in its thread.  Returns 0 when every one ended
 * with hlt, or -1 when that is not so.
 */
static int threads_run(const struct options *opt, const struct kvm *kvm)
{
	struct shared shared = {
		.output = PTHREAD_MUTEX_INITIALIZER,
	};
	struct vm **vms = calloc(opt->count, sizeof(struct vm *));
	int result = 0;

	if (vms == NULL)
		return report("calloc", "%s", strerror(errno));
	sem_init(&shared.room, 0, room_ask(kvm));
	sem_init(&shared.input, 0, 1);
	for (size_t i = 0; i < opt->count; i++)
		vms[i] = thread_start(opt, kvm, &shared, i);
	for (size_t i = 0; i < opt->count; i++) {
		if (vms[i] != NULL)
			pthread_join(vms[i]->thread, NULL);
		if (vms[i] != NULL)
			folder_remove(vms[i]);
		if (vms[i] == NULL || vms[i]->result != 0)
			result = -1;
		thread_free(vms[i]);
	}
	free(vms);
	return result;
}

/* ---- command line ----------------------------------------------------- */

static const char usage[] =
    "usage: mini_hypervisor -m 2|4|8 -p 4|2 -g IMAGE... [-f FILE...]\n"
    "  -m, --memory 2|4|8     MiB of RAM for each guest\n"
    "  -p, --page 4|2         their pages: 4 KiB or 2 MiB\n"
    "  -g, --guest IMAGE...   the guests, flat 64-bit binaries\n"
    "  -f, --file FILE...     files that the guests share until they write\n"
    "  -h, --help             show this\n";

/*
 * Says what is wrong with NAME on the command line, and how that goes; ends
 * with 2.
 */
__attribute__((format(printf, 2, 3), noreturn))
static void misuse(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
	write_all(STDERR_FILENO, usage, sizeof(usage) - 1);
	exit(2);
}

/* Shows the usage to who asked for it; ends with 0, or 1 if it can't. */
__attribute__((noreturn))
static void help(void)
{
	if (write_all(STDOUT_FILENO, usage, sizeof(usage) - 1) != 0)
		exit(report("standard output", "%s", strerror(errno)) != 0);
	exit(0);
}

/* The number that VALUE is, one of the digits in CHOICES; or misuse. */
static size_t choice(const char *option, const char *value,
    const char *choices)
{
	if (value[0] < '0' || value[0] > '9' || value[1] != '\0' ||
	    strchr(choices, value[0]) == NULL)
		misuse(option, "it takes %s, not \"%s\"", choices, value);
	return (size_t)(value[0] - '0');
}

/* Takes an image of --guest's list. */
static void image_add(struct options *opt, char *image)
{
	opt->images[opt->count++] = image;
}

/* Takes a file of --file's list. */
static void file_add(struct options *opt, char *path)
{
	opt->files[opt->file_count++].path = path;
}

/* Takes a bare word: one more for LIST, the option before it. */
static void word_add(struct options *opt, int list, char *word)
{
	switch (list) {
	case 'g':
		image_add(opt, word);
		break;
	case 'f':
		file_add(opt, word);
		break;
	default:
		misuse(word, "it belongs to no option");
	}
}

/*
 * Takes the option C with its argument ARG, as getopt_long found it; WORD is
 * where, unless that is among short options in one word.
 */
static void option_take(struct options *opt, int c, char *arg,
    const char *word)
{
	const char spelt[] = {'-', (char)optopt, '\0'};
	const char *name = strncmp(word, "--", 2) == 0 ? word : spelt;

	switch (c) {
	case 'm':
		opt->memory = choice("--memory", arg, "2, 4 or 8") * MIB;
		break;
	case 'p':
		opt->page = choice("--page", arg, "4 or 2") == 4 ?
		    PAGE_4K : PAGE_2M;
		break;
	case 'g':
		image_add(opt, arg);
		break;
	case 'f':
		file_add(opt, arg);
		break;
	case 'h':
		help();
	case ':':
		misuse(name, "it needs a value");
	default:
		misuse(name, "there is no such option");
	}
}

/* Takes the whole command line, or ends in misuse. */
static void options_parse(struct options *opt, int argc, char **argv)
{
	static const struct option names[] = {
		{"memory", required_argument, NULL, 'm'},
		{"page", required_argument, NULL, 'p'},
		{"guest", required_argument, NULL, 'g'},
		{"file", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const int word = 1;	/* getopt's sign for one, with the '-' below */
	int c, list = 0;

	*opt = (struct options){
		.images = calloc((size_t)argc, sizeof(*opt->images)),
		.files = calloc((size_t)argc, sizeof(*opt->files)),
	};
	if (opt->images == NULL || opt->files == NULL) {
		report("calloc", "%s", strerror(errno));
		exit(1);
	}
	while ((c = getopt_long(argc, argv, "-:m:p:g:f:h", names,
	    NULL)) != -1) {
		if (c == word) {
			word_add(opt, list, optarg);
			continue;
		}
		option_take(opt, c, optarg, argv[optind - 1]);
		list = c;
	}
	for (; optind < argc; optind++)		/* what stands behind -- */
		word_add(opt, list, argv[optind]);
	if (opt->memory == 0)
		misuse("--memory", "it is missing");
	if (opt->page == 0)
		misuse("--page", "it is missing");
	if (opt->count == 0)
		misuse("--guest", "it is missing");
}

/* ---- main ------------------------------------------------------------- */

/*
 * Makes sure that no file of ours gets the number of a standard stream which
 * the caller closed: its place is taken by one that can't be read or written.
 */
static void streams_check(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ?
			    O_WRONLY : O_RDONLY);
}

/*
 * The handler of the signals that ask us to end: in good order the first time,
 * and at once when another comes later, for output may wait for a reader for
 * ever.  (One right behind the first is the first again, for timeout(1) sends
 * it to the process and to its group.)
 */
static void stop_handle(int number)
{
	static _Atomic time_t first;
	struct timespec now;
	int saved = errno;

	clock_gettime(CLOCK_MONOTONIC, &now);
	errno = saved;
	if (stop_signal == 0) {
		first = now.tv_sec;
		stop_signal = number;
	} else if (now.tv_sec > first + 1) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

/*
 * Sets up what signals do: SIGINT and SIGTERM ask us to end, SIGPIPE and
 * SIGXFSZ become errors of write.
 */
static void signals_init(void)
{
	struct sigaction stop = {.sa_handler = stop_handle};
	struct sigaction tick = {
		.sa_sigaction = tick_handle,
		.sa_flags = SA_SIGINFO,
	};
	sigset_t ours;

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGALRM, &tick, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* The caller may have them blocked, and we inherit that. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

/*
 * Allows as many open files as the host does: each VM has its own, and the
 * limit is often set low for programs that use select.
 */
static void files_allow(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Makes this run the only one whose guests have their folders in the working
 * directory.  Returns 0, or -1 when reported.
 */
static int directory_lock(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return report("working directory", "%s", strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return report("working directory", "another run uses it, and "
		    "would use the same folders vm1, vm2, ...");
	return report("working directory", "flock: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	static struct options opt;	/* for as long as the process lives */
	static struct kvm kvm;
	int result = 0;

	streams_check();
	options_parse(&opt, argc, argv);
	for (size_t i = 0; i < opt.count; i++)
		if (image_check(&opt, opt.images[i]) != 0)
			result = -1;
	files_allow();
	if (originals_open(&opt) != 0 || directory_lock() != 0)
		result = -1;
	if (result != 0 || kvm_open(&kvm) != 0)
		return 1;
	signals_init();
	result = threads_run(&opt, &kvm);
	kvm_close(&kvm);
	if (stop_signal) {
		signal(stop_signal, SIG_DFL);
		raise(stop_signal);
	}
	return result == 0 ? 0 : 1;
}
