/*
 * mini_hypervisor, version C: runs several guests at once, with files.
 *
 *	./mini_hypervisor --memory 4 --page 2 --guest guest.img
 *	./mini_hypervisor --memory 4 --page 2 --guest guest1.img guest2.img
 *	./mini_hypervisor -m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png
 *
 * A guest is a flat binary.  It starts at address 0 in 64-bit long mode, with
 * a stack and nothing else; it talks to a console on port 0xE9 and ends with
 * hlt.
 *
 * Each function comes after those that it calls, so start reading at the end:
 * main, then vm_run, the life of a virtual machine.  Unless its comment says
 * otherwise, a function that returns int returns 0 if it succeeds, and -1 once
 * it has reported a failure, or when a signal is to stop the program.
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
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <search.h>
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id		/* not in every C library's signal.h */
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
#define EFER_NXE (1ull << 11)		/* No-Execute Enable */

#define RFLAGS_FIXED (1ull << 1)	/* the bit that always reads 1 */

/* CPUID features to hide; APM volume 3, E.4; for VMX, Intel SDM volume 2. */
#define CPUID_MAX 256			/* entries: KVM's own maximum */
#define CPUID_1_ECX_VMX (1u << 5)
#define CPUID_80000001_ECX_SVM (1u << 2)

/* Page-table entries; APM 5.4 "Page-Translation-Table Entry Fields". */
#define PTE_P (1ull << 0)		/* Present */
#define PTE_RW (1ull << 1)		/* Read/Write: writes are allowed */
#define PTE_PS (1ull << 7)		/* Page Size: a 2 MiB leaf, in a PDE */
#define PTE_COUNT 512			/* entries of a table of any level */

/* A page fault's error code; APM 8.4.2 "Page-Fault Error Code". */
#define PF_P (1ull << 0)		/* the page was present */
#define PF_RW (1ull << 1)		/* the access was a write */
#define PF_ID (1ull << 4)		/* it was an instruction fetch */

/* Segment descriptors; APM 4.8 "Long-Mode Segment Descriptors". */
#define GDT_CODE 0x00AF9B000000FFFFull	/* 64-bit, readable, accessed */
#define GDT_DATA 0x00CF93000000FFFFull	/* writable, accessed */

/*
 * An interrupt gate to a handler below 4 GiB: present, DPL 0, stack IST1, code
 * segment selector 8; APM 4.8.4 "Gate Descriptors".
 */
#define GATE(handler) (0x8E0100080000ull | ((handler) & 0xFFFF) | \
    ((handler) & 0xFFFF0000) << 32)

#define VECTORS 32			/* exceptions; APM 8.2 "Vectors" */
#define VECTOR_PF 14			/* page fault */

/* The TSS as 32-bit words; APM 12.2.5 "64-Bit Task State Segment". */
#define TSS_WORDS 26
#define TSS_IST1 9			/* low half of IST1, a stack pointer */

/* What the CPU pushes for a fault; APM 8.9.3 "Interrupt Stack Frame". */
struct frame {
	uint64_t error;			/* only for some vectors */
	uint64_t rip;
	uint64_t other[4];		/* cs, rflags, rsp, ss */
};

/* ---- the machine ------------------------------------------------------ */

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define PAGE_4K (4 * KIB)
#define PAGE_2M (2 * MIB)

/*
 * The guest's memory is a single KVM memory slot:
 *
 *	guest-physical                           virtual
 *	0        +---------------------------+   0
 *	         | RAM: image, data, stack   |
 *	memory   +---------------------------+   TABLES_BASE
 *	         | struct tables             |
 *	         +---------------------------+
 *
 * The tables that the CPU itself reads follow RAM, but are mapped far away: no
 * image reaches them, and a store past the end of RAM causes a page fault.
 * TABLES_BASE is the last 2 MiB of the first GiB, so that one PD maps both.
 */
#define TABLES_BASE 0x3FE00000ull

struct tables {
	_Alignas(PAGE_4K) uint64_t gdt[3];	/* null, code, data */
	uint32_t tss[TSS_WORDS];
	uint64_t idt[VECTORS][2];	/* gate n leads to hlt[n] */
	uint8_t hlt[VECTORS + 1];	/* the last: return from entry */
	_Alignas(PAGE_4K) uint8_t fault_stack[PAGE_4K - sizeof(struct frame)];
	struct frame frame;		/* of the fault that ended the guest */
	_Alignas(PAGE_4K) uint64_t pml4[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t pdpt[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t pd[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t tables_pt[PTE_COUNT];
	_Alignas(PAGE_4K) uint64_t ram_pt[8 * MIB / PAGE_4K];
};

/* The guest's addresses, virtual and physical, of a member of struct tables. */
#define TABLES_VIRTUAL(member) (TABLES_BASE + offsetof(struct tables, member))
#define TABLES_PHYSICAL(vm, member) \
    ((vm)->opt->memory + offsetof(struct tables, member))

#define CONSOLE_PORT 0xE9
#define CONSOLE_OUTPUT (64 * KIB)	/* bytes of output gathered */
#define CONSOLE_INPUT (4 * KIB)		/* bytes of input read ahead */
#define TICK_MS 50			/* a guest's CPU time between ticks */
#define THREAD_STACK (128 * KIB)	/* bytes of a thread's stack */
#define LINE_TICKS 40			/* then an unfinished line is written */

#define FILES_PORT 0x0278
#define FILES_MAX 256			/* files that a VM can make or open */
#define FILE_SIZE_MAX INT32_MAX		/* bytes: IN returns 32 bits */
#define FILE_UNFINISHED "-unfinished"	/* in a VM's folder; no guest's name */
#define LARGEFILE 0100000		/* O_LARGEFILE, which musl adds */
#define FILE_NEW (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | LARGEFILE)
#define HANDLES_MAX 256			/* handles that a VM has */
#define HANDLE_FIRST 3			/* after those of the console */

/* A file given with --file, which all VMs read and no VM writes. */
struct original {
	char *path;			/* as given */
	const char *name;		/* last component of path */
	int fd;				/* open for reading, or -1 if missing */
	mode_t mode;			/* its permissions */
};

/* A file as a VM sees it. */
struct file {
	char name[NAME_MAX + 1];	/* in the VM's folder */
	const struct original *original;	/* or NULL */
	int fd;				/* the VM's own file, or -1 */
};

/* What a guest has open. */
struct handle {
	struct file *file;		/* or NULL: not open */
	int flags;			/* of open */
	off_t offset;			/* bytes: of the next read or write */
};

/*
 * A request of the guest's, in its RAM.  OUT sets its address, once; each IN
 * carries out the request that is there then, and returns its result: 0 or
 * more, or a negative Linux errno.
 *
 *	            handle  address    size    flags
 *	1  open             of path            O_...     a handle
 *	2  close    yes                                  0
 *	3  read     yes     of buffer  bytes             the bytes read
 *	4  write    yes     of bytes   bytes             the bytes written
 *	5  seek     yes                offset  SEEK_...  the new offset
 */
struct request {
	uint32_t operation;		/* enum operation */
	int32_t handle;			/* 0, 1 and 2 are the console */
	uint64_t address;		/* guest-physical */
	uint64_t size;			/* a seek's offset is signed */
	uint32_t flags;			/* with Linux's values */
	uint32_t reserved;
};

_Static_assert(sizeof(struct request) == 32 &&
    offsetof(struct request, flags) == 24, "guests rely on this layout");

enum operation {
	OPERATION_OPEN = 1, OPERATION_CLOSE, OPERATION_READ,
	OPERATION_WRITE, OPERATION_SEEK,
};

/* The command line. */
struct options {
	size_t memory;			/* bytes of RAM: 2, 4 or 8 MiB */
	size_t page;			/* bytes of a page: 4 KiB or 2 MiB */
	char **images;			/* the guests' images: paths */
	size_t count;			/* of images */
	char **paths;			/* the files that guests share */
	size_t path_count;		/* of paths */
	struct original *files;		/* the same, opened */
	void *originals;		/* tree of files, by name */
	struct stat *given;		/* lstat and stat of each -f and -g */
	int directory;			/* the working directory */
};

/* What KVM reports about itself, read once. */
struct kvm {
	int fd;				/* /dev/kvm */
	int run_size;			/* bytes of a vCPU's kvm_run */
	int ring_page;			/* page of the PIO ring in it, or 0 */
	struct kvm_cpuid2 *cpuid;	/* what cpuid tells the guests */
};

/* Standard input and output. */
struct console {
	size_t in_next;			/* the next byte of in */
	size_t in_size;			/* bytes of in */
	uint8_t in[CONSOLE_INPUT];	/* input that no guest has read yet */
	pthread_mutex_t in_lock;	/* held by a VM that reads a line */
	pthread_mutex_t out_lock;	/* held for a write to stdout */
	bool out_given_up;		/* a stop signal ended a write */
};

/* A virtual machine and its one vCPU; vm_init sets what is not zero. */
struct vm {
	const struct options *opt;	/* main's */
	const struct kvm *kvm;		/* main's */
	struct console *console;	/* main's, all VMs' */
	const char *image;		/* path of the guest's image */
	int fd;				/* the VM, or -1 */
	int vcpu;			/* its vCPU, or -1 */
	uint8_t *ram;			/* opt->memory bytes, or NULL */
	struct tables *tables;		/* right after RAM */
	struct kvm_run *run;		/* shared with KVM, or NULL */
	struct kvm_regs regs;		/* of the vCPU, at the guest's end */
	struct kvm_coalesced_mmio_ring *ring;	/* in kvm_run, or NULL */
	timer_t tick;			/* interrupts KVM_RUN */
	bool ticking;			/* there is a tick */
	bool input_ended;		/* the guest has read the 0xFF */
	size_t line_size;		/* bytes unfinished at the last tick */
	int line_ticks;			/* ticks for which they have grown */
	bool input_taken;		/* it holds in_lock */
	size_t number;			/* of the guest in the list, from 1 */
	pthread_t thread;		/* runs this VM */
	bool started;			/* thread exists */
	atomic_int tid;			/* of the thread; 0 before it runs */
	int result;			/* of vm_run, when the thread ends */
	int image_fd;			/* image, until loaded; or -errno */
	int folder;			/* vmN, for its files; or -errno */
	char folder_name[32];		/* vmN */
	bool folder_made;		/* by this run */
	bool failed;			/* it must end; this is reported */
	uint64_t request;		/* guest address of its request block */
	size_t file_count;		/* of files, below */
	size_t out_size;		/* bytes of out */
	uint8_t out[CONSOLE_OUTPUT];	/* output not written yet */
	struct file files[FILES_MAX];	/* what it has made or opened */
	struct handle handles[HANDLES_MAX];	/* from HANDLE_FIRST on */
	_Alignas(16) uint8_t stack[THREAD_STACK];	/* of its thread */
};

/* The signal that is to stop the program, or 0, and how many have come. */
static atomic_int stop_signal, stop_count;
static sigset_t tick_set;		/* SIGVTALRM, blocked outside KVM_RUN */

/* All VMs, or NULL before they are set up; the signal handler reads it. */
static struct vm *_Atomic all_vms;

/* ---- errors ----------------------------------------------------------- */

/*
 * Writes SIZE bytes to FD; sets errno on failure.  A write that a stop signal
 * interrupts is given up, because its reader may never come.
 */
static int write_all(int fd, const void *data, size_t size)
{
	const int before = stop_count;

	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data = (const uint8_t *)data + n;
			size -= (size_t)n;
		}
		if (size > 0 && stop_count != before)
			return -1;
	}
	return 0;
}

/* Reports in one line on stderr what is wrong with NAME; returns -1. */
__attribute__((format(printf, 2, 3)))
static int report(const char *name, const char *format, ...)
{
	char line[PATH_MAX + 256];
	int size = snprintf(line, PATH_MAX, "mini_hypervisor: %.4000s: ", name);
	va_list args;

	va_start(args, format);
	vsnprintf(line + size, sizeof(line) - 1 - (size_t)size, format, args);
	va_end(args);
	for (size = 0; line[size] != '\0'; size++)
		if ((uint8_t)line[size] < ' ' || line[size] == '\177')
			line[size] = '?';	/* from a name */
	line[size++] = '\n';
	write_all(STDERR_FILENO, line, (size_t)size);
	return -1;
}

/* Reports what happened to this VM; returns -1. */
__attribute__((format(printf, 2, 3)))
static int vm_report(const struct vm *vm, const char *format, ...)
{
	char what[256];
	char numbered[PATH_MAX + 32];
	size_t same = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	for (size_t i = 0; i < vm->opt->count; i++)
		same += strcmp(vm->opt->images[i], vm->image) == 0;
	snprintf(numbered, sizeof(numbered), "%s#%zu", vm->image, vm->number);
	return report(same > 1 ? numbered : vm->image, "%s", what);
}

/* Reports errno as the failure of CALL for this VM; returns -1. */
static int vm_fail(const struct vm *vm, const char *call)
{
	return vm_report(vm, "%s: %s", call, strerror(errno));
}

/* Calls ioctl(2), again if a signal interrupts it. */
static int kvm_ioctl(int fd, unsigned long request, void *argument)
{
	int result;

	do
		result = ioctl(fd, request, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

/* ---- memory ----------------------------------------------------------- */

/* Creates RAM and tables; api.rst 4.35 "KVM_SET_USER_MEMORY_REGION". */
static int memory_create(struct vm *vm)
{
	size_t size = vm->opt->memory + sizeof(struct tables);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region slot = {
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	if (memory == MAP_FAILED)
		return vm_fail(vm, "mmap of the guest's memory");
	vm->ram = memory;
	vm->tables = (void *)(vm->ram + vm->opt->memory);
	if (kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return vm_fail(vm, "KVM_SET_USER_MEMORY_REGION");
	return 0;
}

/* Loads the guest's image, 1 to opt->memory bytes, at address 0. */
static int image_load(struct vm *vm)
{
	size_t most = vm->opt->memory + 1, size = 0;
	int fd = stop_signal ? -1 : vm->image_fd;
	ssize_t n = -1;

	errno = -fd;			/* of open(2), if it failed */
	/* A pipe, which open(2) did not wait for, may have no writer yet. */
	/* A byte past RAM, in tables, shows that the image is too large. */
	while (fd >= 0 && size < most &&
	    poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1) > 0 &&
	    (n = read(fd, vm->ram + size, most - size)) > 0)
		size += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return stop_signal ? -1 : vm_report(vm, "%s", strerror(errno));
	if (size == 0)
		return vm_report(vm, "is empty");
	if (size == most)
		return vm_report(vm, "is larger than the guest's memory, "
		    "%zu MiB", vm->opt->memory / MIB);
	if (size >= 4 && memcmp(vm->ram, "\177ELF", 4) == 0)
		return vm_report(vm, "is an ELF file; a guest is a flat "
		    "binary: objcopy -O binary");
	return 0;
}

/* ---- long mode -------------------------------------------------------- */

/* The guest's segments, as the CPU holds them; api.rst 4.13 "KVM_GET_SREGS". */
static const struct kvm_segment code_segment = {
	.selector = 1 * sizeof(uint64_t),
	.type = 11, .s = 1,		/* code, readable, accessed */
	.l = 1,				/* 64-bit */
	.limit = UINT32_MAX, .g = 1,	/* in pages */
	.present = 1,
};

static const struct kvm_segment data_segment = {
	.selector = 2 * sizeof(uint64_t),
	.type = 3, .s = 1, .db = 1,	/* data, writable, accessed */
	.limit = UINT32_MAX, .g = 1,
	.present = 1,
};

/* KVM_SET_SREGS loads TR itself, so the GDT needs no descriptor for it. */
static const struct kvm_segment task_segment = {
	.selector = 3 * sizeof(uint64_t),
	.type = 11,			/* 64-bit TSS, busy */
	.base = TABLES_VIRTUAL(tss),
	.limit = TSS_WORDS * sizeof(uint32_t) - 1,
	.present = 1,
};

/*
 * Writes the page tables; APM 5.3 "Long-Mode Page Translation".
 *
 * To translate a virtual address the CPU walks down a tree of tables, from the
 * one that CR3 points at.  Nine bits of the address choose the entry in each:
 * bits 39-47 in the PML4, 30-38 in the PDPT, 21-29 in the PD, 12-20 in the PT.
 * An entry holds the physical address of the next table or, in a leaf, of the
 * page: 4 KiB from a PT, 2 MiB from a PD where PS is set.  Without P in an
 * entry the walk ends in a page fault.
 *
 * All that is mapped lies in the first GiB, so one PML4, PDPT and PD will do.
 */
static void page_tables_create(struct vm *vm)
{
	struct tables *tables = vm->tables;
	size_t memory = vm->opt->memory;
	bool large = vm->opt->page == PAGE_2M;

	tables->pml4[0] = TABLES_PHYSICAL(vm, pdpt) | PTE_RW | PTE_P;
	tables->pdpt[0] = TABLES_PHYSICAL(vm, pd) | PTE_RW | PTE_P;
	for (size_t at = 0; at < memory; at += PAGE_2M)
		tables->pd[at / PAGE_2M] = PTE_RW | PTE_P | (large ?
		    at | PTE_PS : TABLES_PHYSICAL(vm, ram_pt[at / PAGE_4K]));
	for (size_t at = 0; at < memory && !large; at += PAGE_4K)
		tables->ram_pt[at / PAGE_4K] = at | PTE_RW | PTE_P;
	tables->pd[TABLES_BASE / PAGE_2M] =
	    TABLES_PHYSICAL(vm, tables_pt) | PTE_RW | PTE_P;
	tables->tables_pt[0] = TABLES_PHYSICAL(vm, gdt) | PTE_P;
	tables->tables_pt[1] =
	    TABLES_PHYSICAL(vm, fault_stack) | PTE_RW | PTE_P;
}

/*
 * Writes the GDT, TSS and IDT, and the fault handlers.
 *
 * Without an IDT any fault becomes a triple fault: the CPU shuts down, and the
 * cause is lost.  So each gate leads to a one-byte handler of its own, a hlt,
 * which stops the vCPU.  Its rip then tells the vector, and the stack holds the
 * frame that the CPU pushed, with the rip of the fault.  The handlers have a
 * stack of their own, because the guest's may be the cause.  One more hlt
 * catches a return from the guest's entry point.
 */
static void descriptors_create(struct vm *vm)
{
	struct tables *tables = vm->tables;
	uint64_t hlt = TABLES_VIRTUAL(hlt);
	uint64_t back = hlt + VECTORS;

	tables->gdt[1] = GDT_CODE;
	tables->gdt[2] = GDT_DATA;
	tables->tss[TSS_IST1] = TABLES_VIRTUAL(frame) + sizeof(tables->frame);
	for (size_t i = 0; i < VECTORS; i++)
		tables->idt[i][0] = GATE(hlt + i);
	memset(tables->hlt, 0xF4, sizeof(tables->hlt));	/* hlt */
	memcpy(vm->ram + vm->opt->memory - sizeof(back), &back, sizeof(back));
}

/*
 * Puts the vCPU into long mode, with paging and SSE on; APM 14.6 "Enabling and
 * Activating Long Mode", in one step.  The other registers are as if the C
 * function at address 0 were called with the sizes of RAM and of a page.
 */
static int registers_set(struct vm *vm)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {
		.rsp = vm->opt->memory - sizeof(uint64_t),
		.rdi = vm->opt->memory,
		.rsi = vm->opt->page,
		.rflags = RFLAGS_FIXED,
	};

	if (kvm_ioctl(vm->vcpu, KVM_GET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_GET_SREGS");
	sregs.cs = code_segment;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data_segment;
	sregs.tr = task_segment;
	sregs.gdt.base = TABLES_VIRTUAL(gdt);
	sregs.gdt.limit = sizeof(vm->tables->gdt) - 1;
	sregs.idt.base = TABLES_VIRTUAL(idt);
	sregs.idt.limit = sizeof(vm->tables->idt) - 1;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr3 = TABLES_PHYSICAL(vm, pml4);
	sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	sregs.efer = EFER_LME | EFER_LMA | EFER_NXE;
	if (kvm_ioctl(vm->vcpu, KVM_SET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_SET_SREGS");
	if (kvm_ioctl(vm->vcpu, KVM_SET_REGS, &regs) < 0)
		return vm_fail(vm, "KVM_SET_REGS");
	return 0;
}

/* ---- vCPU ------------------------------------------------------------- */

/*
 * Creates the vCPU and maps its kvm_run, which KVM shares with this program;
 * api.rst 4.7 "KVM_CREATE_VCPU", 5 "The kvm_run structure".
 */
static int vcpu_create(struct vm *vm)
{
	void *run;

	vm->vcpu = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, NULL);
	if (vm->vcpu < 0)
		return vm_fail(vm, "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)vm->kvm->run_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, vm->vcpu, 0);
	if (run == MAP_FAILED)
		return vm_fail(vm, "mmap of kvm_run");
	vm->run = run;
	if (kvm_ioctl(vm->vcpu, KVM_SET_CPUID2, vm->kvm->cpuid) < 0)
		return vm_fail(vm, "KVM_SET_CPUID2");
	return registers_set(vm);
}

/* Starts the tick: SIGVTALRM to this thread for each TICK_MS of CPU time. */
static int tick_create(struct vm *vm)
{
	struct sigevent event =
	    {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
	const struct timespec period = {.tv_nsec = TICK_MS * 1000000L};
	const struct itimerspec times = {period, period};
	uint32_t mask[3] = {8};		/* kvm_signal_mask: blocks none */

	if (kvm_ioctl(vm->vcpu, KVM_SET_SIGNAL_MASK, mask) < 0)
		return vm_fail(vm, "KVM_SET_SIGNAL_MASK");
	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &vm->tick) != 0)
		return vm_fail(vm, "timer_create");
	vm->ticking = true;
	if (timer_settime(vm->tick, 0, &times, NULL) != 0)
		return vm_fail(vm, "timer_settime");
	return 0;
}

/* ---- console ---------------------------------------------------------- */

/* Writes the gathered output to stdout; what can't be written is lost. */
static int console_flush(struct vm *vm)
{
	size_t size = vm->out_size;
	int result;

	if (size == 0)
		return 0;
	vm->out_size = 0;
	vm->line_size = 0;
	vm->line_ticks = 0;
	pthread_mutex_lock(&vm->console->out_lock);
	if (vm->console->out_given_up)
		size = 0;
	result = write_all(STDOUT_FILENO, vm->out, size);
	if (result != 0 && stop_signal)
		vm->console->out_given_up = true;
	pthread_mutex_unlock(&vm->console->out_lock);
	if (result != 0 && !stop_signal)
		return vm_fail(vm, "standard output");
	return result;
}

/* Writes the gathered lines that are whole, and keeps an unfinished one. */
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

/* Writes at a tick what a guest that keeps computing has printed. */
static int console_tick(struct vm *vm)
{
	bool grown;

	if (console_flush_lines(vm) != 0)
		return -1;
	/* An unfinished line that grows may still be finished soon. */
	grown = vm->out_size > vm->line_size;
	vm->line_size = vm->out_size;
	if (grown && ++vm->line_ticks < LINE_TICKS)
		return 0;
	return console_flush(vm);
}

/* Gathers a byte of output. */
static int console_put(struct vm *vm, uint8_t byte)
{
	vm->out[vm->out_size++] = byte;
	if (vm->out_size < CONSOLE_OUTPUT)
		return 0;
	if (console_flush_lines(vm) != 0)
		return -1;
	if (vm->out_size < CONSOLE_OUTPUT)
		return 0;
	return console_flush(vm);
}

/*
 * Registers the console's port for coalesced PIO, where KVM has it; api.rst
 * 4.116 "KVM_(UN)REGISTER_COALESCED_MMIO".
 *
 * An exit to user space for each byte would cost more than all other work.
 * With coalesced PIO the kernel puts the byte into a ring in kvm_run and
 * resumes the guest; KVM_RUN returns if the ring is full or for other exits.
 */
static int ring_create(struct vm *vm)
{
	struct kvm_coalesced_mmio_zone zone =
	    {.addr = CONSOLE_PORT, .size = 1, .pio = 1};

	if (vm->kvm->ring_page <= 0)
		return 0;
	if (kvm_ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone) < 0)
		return vm_fail(vm, "KVM_REGISTER_COALESCED_MMIO");
	vm->ring = (void *)((uint8_t *)vm->run +
	    (size_t)vm->kvm->ring_page * PAGE_4K);
	return 0;
}

/* Gathers what is in the ring, which the guest printed before this VM exit. */
static int ring_drain(struct vm *vm)
{
	struct kvm_coalesced_mmio_ring *ring = vm->ring;
	const size_t count = (PAGE_4K - sizeof(*ring)) /
	    sizeof(ring->coalesced_mmio[0]);

	while (ring != NULL && ring->first != ring->last) {
		size_t at = ring->first % count;

		ring->first = (uint32_t)((at + 1) % count);
		if (console_put(vm, ring->coalesced_mmio[at].data[0]) != 0)
			return -1;
	}
	return 0;
}

/* Reads ahead into the empty input buffer, which stays empty at end of file. */
static int input_fill(struct vm *vm)
{
	struct console *console = vm->console;
	struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t n;

	/* Unless input is there for certain, show the output first. */
	if (poll(&ready, 1, 0) <= 0 && console_flush(vm) != 0)
		return -1;
	n = stop_signal ? -1 : read(STDIN_FILENO, console->in, CONSOLE_INPUT);
	if (n < 0)
		return stop_signal ? -1 : vm_fail(vm, "standard input");
	console->in_next = 0;
	console->in_size = (size_t)n;
	return 0;
}

/* Waits until no other VM is in the middle of a line of input. */
static int input_take(struct vm *vm)
{
	if (!vm->input_taken &&
	    pthread_mutex_trylock(&vm->console->in_lock) != 0) {
		if (console_flush(vm) != 0)	/* as in input_fill */
			return -1;
		pthread_mutex_lock(&vm->console->in_lock);
	}
	vm->input_taken = true;
	return 0;
}

/* Releases the input to the other VMs, if this one holds it. */
static void input_release(struct vm *vm)
{
	if (vm->input_taken)
		pthread_mutex_unlock(&vm->console->in_lock);
	vm->input_taken = false;
}

/* Reports WHAT is wrong with the guest's last IN or OUT; returns -1. */
static int io_error(struct vm *vm, const char *what)
{
	bool out = vm->run->io.direction == KVM_EXIT_IO_OUT;
	unsigned int size = vm->run->io.size;

	if (console_flush(vm) != 0)
		return -1;
	if (kvm_ioctl(vm->vcpu, KVM_GET_REGS, &vm->regs) < 0)
		return vm_fail(vm, "KVM_GET_REGS");
	return vm_report(vm, "%s of %u byte%s, port 0x%x, at rip 0x%llx: %s",
	    out ? "OUT" : "IN", size, size == 1 ? "" : "s", vm->run->io.port,
	    vm->regs.rip, what);
}

/* Reads a byte of input; end of file reads as 0xFF, once. */
static int console_get(struct vm *vm, uint8_t *byte)
{
	struct console *console = vm->console;

	if (input_take(vm) != 0)
		return -1;
	if (console->in_next == console->in_size && input_fill(vm) != 0)
		return -1;
	if (console->in_next < console->in_size) {
		*byte = console->in[console->in_next++];
	} else {
		if (vm->input_ended)
			return io_error(vm, "input has ended already");
		vm->input_ended = true;
		*byte = 0xFF;
	}
	if (*byte == '\n' || vm->input_ended)
		input_release(vm);
	return 0;
}

/* Carries out an IN or OUT on the console; a REP form has a larger count. */
static int console_io(struct vm *vm)
{
	uint8_t *data = (uint8_t *)vm->run + vm->run->io.data_offset;
	bool out = vm->run->io.direction == KVM_EXIT_IO_OUT;

	if (vm->run->io.size != 1)
		return io_error(vm, "the console takes single bytes");
	for (size_t i = 0; i < vm->run->io.count; i++)
		if ((out ? console_put(vm, data[i]) :
		    console_get(vm, &data[i])) != 0)
			return -1;
	return 0;
}

/* ---- files ------------------------------------------------------------ */

/*
 * The only function that turns a guest's address into a pointer: to SIZE bytes
 * at guest-physical ADDRESS, or NULL if they are not all RAM.
 */
static void *ram_at(struct vm *vm, uint64_t address, uint64_t size)
{
	size_t memory = vm->opt->memory;

	if (size > memory || address > memory - size)
		return NULL;
	return vm->ram + address;
}

/* The last component of PATH. */
static const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/*
 * Checks a name for a VM's folder, where a control byte or a leading '-' would
 * mislead a terminal or a command.  Functions that carry out a guest's request
 * return what it gets: 0 or more, or a negative errno.
 */
static int name_check(const char *name)
{
	if (name[0] == '\0')
		return -ENOENT;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || name[0] == '-')
		return -EACCES;
	for (; *name != '\0'; name++)
		if (*name == '/' || (uint8_t)*name < ' ' || *name == '\177')
			return -EACCES;
	return 0;
}

/* Orders the files given with --file by their names. */
static int original_compare(const void *a, const void *b)
{
	const struct original *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Finds the VM's FILE for PATH; a new one joins the list when it is opened. */
static int file_find(struct vm *vm, const char *path, struct file **file)
{
	const struct original key = {.name = path_name(path)};
	struct original *const *found =
	    tfind(&key, &vm->opt->originals, original_compare);
	int error;

	if (found != NULL && strcmp(path, (*found)->path) == 0)
		path = key.name;
	error = name_check(path);
	if (error != 0)
		return error;
	for (size_t i = 0; i < vm->file_count; i++) {
		*file = &vm->files[i];
		if (strcmp((*file)->name, path) == 0)
			return 0;
	}
	if (vm->file_count == FILES_MAX)
		return -EMFILE;
	*file = &vm->files[vm->file_count];
	snprintf((*file)->name, sizeof((*file)->name), "%s", path);
	(*file)->original = found != NULL ? *found : NULL;
	(*file)->fd = -1;
	return 0;
}

/* The descriptor by which to read FILE, or -1 if there is no such file yet. */
static int file_fd(const struct file *file)
{
	return file->fd >= 0 || file->original == NULL ? file->fd :
	    file->original->fd;
}

/* The size in bytes of the file that FD is, or a negative errno. */
static off_t file_size(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_size : -errno;
}

/*
 * Reads SIZE bytes at AT from FD to DATA, or writes them if OUT, even if the
 * host does a part at a time, as 9p does.  Returns how many, up to the end of
 * the file or FILE_SIZE_MAX.
 */
static int64_t transfer(int fd, uint8_t *data, size_t size, off_t at, bool out)
{
	off_t from = at;
	ssize_t n = 1;

	if (size > (size_t)(FILE_SIZE_MAX - at))
		size = (size_t)(FILE_SIZE_MAX - at);
	while (size > 0 && n > 0) {
		n = out ? pwrite(fd, data, size, at) :
		    pread(fd, data, size, at);
		if (n < 0)
			break;
		data += n;
		size -= (size_t)n;
		at += n;
	}
	return n < 0 && at == from ? -errno : at - from;
}

/* Copies up to SIZE bytes at AT; returns how many, 0 at the end, or -errno. */
static int64_t piece_copy(struct vm *vm, int from, int to, off_t at,
    size_t size)
{
	off_t in = at, out = at;
	int64_t n = copy_file_range(from, &in, to, &out, size, 0);

	if (n > 0)
		return n;
	/* A file system may lack it.  The output buffer is empty now. */
	if (size > CONSOLE_OUTPUT)
		size = CONSOLE_OUTPUT;
	n = transfer(from, vm->out, size, at, false);
	return n > 0 ? transfer(to, vm->out, (size_t)n, at, true) : n;
}

/* Copies the file FROM to the empty one TO, holes as holes. */
static int64_t data_copy(struct vm *vm, int from, int to)
{
	const off_t most = 16 * MIB;	/* bytes between checks for signals */
	off_t size = file_size(from), at = 0, hole = 0;

	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	while (!stop_signal) {
		int64_t n;

		if (at == hole) {
			at = lseek(from, hole, SEEK_DATA);
			if (at < 0 && errno == ENXIO && size > 0)
				return ftruncate(to, size) == 0 ? 0 : -errno;
			hole = at < 0 ? FILE_SIZE_MAX :
			    lseek(from, at, SEEK_HOLE);
			at = at < 0 ? 0 : at;
		}
		n = piece_copy(vm, from, to, at,
		    (size_t)(hole - at < most ? hole - at : most));
		if (n <= 0)
			return n;
		at += n;
	}
	return -EINTR;
}

/* Makes and opens the VM's folder; if that fails, file calls return why. */
static void folder_create(struct vm *vm)
{
	struct stat status;

	snprintf(vm->folder_name, sizeof(vm->folder_name), "vm%zu", vm->number);
	vm->folder_made = mkdir(vm->folder_name, 0777) == 0;
	if (vm->folder_made || errno == EEXIST)
		vm->folder = open(vm->folder_name, O_PATH | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
	if (vm->folder < 0)
		vm->folder = -errno;
	else if (!vm->folder_made && (fstat(vm->folder, &status) != 0 ||
	    status.st_uid != geteuid())) {
		close(vm->folder);	/* another user could harm its files */
		vm->folder = -EACCES;
	}
}

/* Removes the VM's folder, if this run made it and it is empty. */
static void folder_remove(const struct vm *vm)
{
	if (vm->folder_made)
		unlinkat(AT_FDCWD, vm->folder_name, AT_REMOVEDIR);
}

/* Undoes file_create. */
static void file_discard(const struct vm *vm, int fd)
{
	unlinkat(vm->folder, FILE_UNFINISHED, 0);
	close(fd);
}

/*
 * Begins to make FILE the VM's own, as a copy of the file FROM if not -1.
 * Returns a descriptor for file_publish or file_discard.
 */
static int file_create(struct vm *vm, const struct file *file, int from)
{
	mode_t mode = file->original != NULL ? file->original->mode : 0666;
	int64_t error = 0;
	int fd;

	if (vm->folder < 0)
		return vm->folder;
	if (from >= 0 && console_flush(vm) != 0) {	/* a copy takes time */
		vm->failed = true;
		return -EIO;
	}
	unlinkat(vm->folder, FILE_UNFINISHED, 0);	/* of a killed run */
	fd = openat(vm->folder, FILE_UNFINISHED, FILE_NEW, mode);
	if (fd < 0)
		return -errno;
	if (from >= 0)
		error = data_copy(vm, from, fd);
	if (error == 0)
		return fd;
	file_discard(vm, fd);
	return (int)error;
}

/*
 * Gives FD, from file_create, its name.  It replaces what an earlier run left
 * there, but no file or image that this run was given.
 */
static int file_publish(struct vm *vm, struct file *file, int fd)
{
	const struct options *opt = vm->opt;
	struct stat old;
	int error = 0;

	if (fstatat(vm->folder, file->name, &old, AT_SYMLINK_NOFOLLOW) == 0)
		for (size_t i = 0; i < 2 * (opt->count + opt->path_count); i++)
			if (opt->given[i].st_dev == old.st_dev &&
			    opt->given[i].st_ino == old.st_ino)
				error = -EACCES;
	if (error == 0 && renameat(vm->folder, FILE_UNFINISHED, vm->folder,
	    file->name) != 0)
		error = -errno;
	if (error == 0)
		file->fd = fd;
	else
		file_discard(vm, fd);
	return error;
}

/* open(2). */
static int64_t files_open(struct vm *vm, const struct request *request)
{
	const int known = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;
	const char *path = ram_at(vm, request->address, 1);
	int flags = (int)request->flags, handle = HANDLE_FIRST, error;
	struct file *file;

	if ((flags & ~known) || (flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (path == NULL || memchr(path, '\0', vm->opt->memory -
	    request->address) == NULL)
		return -EFAULT;
	error = file_find(vm, path, &file);
	if (error != 0)
		return error;
	while (handle < HANDLES_MAX && vm->handles[handle].file != NULL)
		handle++;
	if (handle == HANDLES_MAX)
		return -EMFILE;
	if (file_fd(file) < 0 && !(flags & (O_ACCMODE | O_CREAT)))
		return -ENOENT;
	if (file_fd(file) >= 0 && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (file_fd(file) < 0 || (file->fd < 0 && (flags & O_TRUNC))) {
		int fd = file_create(vm, file, -1);

		error = fd < 0 ? fd : file_publish(vm, file, fd);
	} else if ((flags & O_TRUNC) && ftruncate(file->fd, 0) != 0) {
		error = -errno;
	}
	if (error != 0)
		return error;
	if (file == &vm->files[vm->file_count])
		vm->file_count++;
	vm->handles[handle] = (struct handle){.file = file, .flags = flags};
	return handle;
}

/* read(2), right into RAM. */
static int64_t files_read(struct vm *vm, const struct request *request,
    struct handle *handle)
{
	uint8_t *data = ram_at(vm, request->address, request->size);
	int64_t n;

	if ((handle->flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (data == NULL)
		return -EFAULT;
	n = transfer(file_fd(handle->file), data, request->size,
	    handle->offset, false);
	if (n > 0)
		handle->offset += n;
	return n;
}

/* write(2), right from RAM.  A VM's first write to an original makes a copy. */
static int64_t files_write(struct vm *vm, const struct request *request,
    struct handle *handle)
{
	uint8_t *data = ram_at(vm, request->address, request->size);
	struct file *file = handle->file;
	int64_t n, at;
	int fd = file->fd, error;

	if ((handle->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (data == NULL)
		return -EFAULT;
	if (request->size == 0)
		return 0;
	if (fd < 0)
		fd = file_create(vm, file, file->original->fd);
	if (fd < 0)
		return fd;
	at = (handle->flags & O_APPEND) ? file_size(fd) : handle->offset;
	n = at >= FILE_SIZE_MAX ? -EFBIG : at;
	if (n >= 0)
		n = transfer(fd, data, request->size, at, true);
	if (n < 0 && fd != file->fd)
		file_discard(vm, fd);
	else if (fd != file->fd && (error = file_publish(vm, file, fd)) != 0)
		n = error;
	if (n >= 0)
		handle->offset = at + n;
	return n;
}

/* lseek(2). */
static int64_t files_seek(const struct request *request, struct handle *handle)
{
	int64_t base = 0, offset;

	if (request->flags == SEEK_CUR)
		base = handle->offset;
	else if (request->flags == SEEK_END)
		base = file_size(file_fd(handle->file));
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

/* read(2) from handle 0, which gives what input there is; write(2) to 1, 2. */
static int64_t console_call(struct vm *vm, const struct request *request)
{
	struct console *console = vm->console;
	uint8_t *data = ram_at(vm, request->address, request->size);
	size_t size = request->size;
	bool in = request->handle == STDIN_FILENO;

	if (request->operation == OPERATION_SEEK)
		return -ESPIPE;
	if (request->operation != (in ? OPERATION_READ : OPERATION_WRITE))
		return -EBADF;
	if (data == NULL)
		return -EFAULT;
	for (size_t i = 0; i < size && !in && !vm->failed; i++)
		vm->failed = console_put(vm, data[i]) != 0;
	if (!in || size == 0)
		return (int64_t)size;
	vm->failed = input_take(vm) != 0 || (console->in_next ==
	    console->in_size && input_fill(vm) != 0);
	if (vm->failed)
		return -EIO;		/* which no guest sees */
	if (size > console->in_size - console->in_next)
		size = console->in_size - console->in_next;
	memcpy(data, console->in + console->in_next, size);
	console->in_next += size;
	if (size == 0 || data[size - 1] == '\n')
		input_release(vm);
	return (int64_t)size;
}

/* Carries out the guest's request and returns its result. */
static int64_t files_call(struct vm *vm)
{
	struct request request;
	const void *block = ram_at(vm, vm->request, sizeof(request));
	struct handle *handle;

	if (block == NULL)
		return -EFAULT;
	memcpy(&request, block, sizeof(request));
	if (request.operation < OPERATION_OPEN ||
	    request.operation > OPERATION_SEEK)
		return -ENOSYS;
	if (request.operation == OPERATION_OPEN)
		return files_open(vm, &request);
	if (request.handle < 0 || request.handle >= HANDLES_MAX)
		return -EBADF;
	if (request.handle < HANDLE_FIRST)
		return console_call(vm, &request);
	handle = &vm->handles[request.handle];
	if (handle->file == NULL)
		return -EBADF;
	if (request.operation == OPERATION_READ)
		return files_read(vm, &request, handle);
	if (request.operation == OPERATION_WRITE)
		return files_write(vm, &request, handle);
	if (request.operation == OPERATION_SEEK)
		return files_seek(&request, handle);
	handle->file = NULL;		/* close(2); but file->fd stays open */
	return 0;
}

/* Carries out an IN or OUT on the file device; see struct request. */
static int files_io(struct vm *vm)
{
	uint32_t *data = (void *)((char *)vm->run + vm->run->io.data_offset);

	if (vm->run->io.size != sizeof(*data))
		return io_error(vm, "the file device takes four bytes");
	for (uint32_t i = 0; i < vm->run->io.count && !vm->failed &&
	    !stop_signal; i++)
		if (vm->run->io.direction == KVM_EXIT_IO_OUT)
			vm->request = data[i];
		else
			data[i] = (uint32_t)files_call(vm);
	return vm->failed ? -1 : 0;
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

/* Opens a file given with --file, which may not exist yet. */
static int original_open(struct options *opt, struct original *file)
{
	struct stat status = {.st_mode = S_IFREG | 0666};
	struct original **found;

	file->name = path_name(file->path);
	file->fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0 ? errno != ENOENT : fstat(file->fd, &status) != 0)
		return report(file->path, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return report(file->path, "is not a regular file");
	file->mode = status.st_mode & 0777;
	if (name_check(file->name) != 0)
		return report(file->path, "has a name that no guest may use");
	found = tsearch(file, &opt->originals, original_compare);
	if (found == NULL)
		return report(file->path, "%s", strerror(ENOMEM));
	if (*found != file)
		return report(file->path, "has the same name as %s, which is "
		    "shared too", (*found)->path);
	return 0;
}

/* Opens the files given with --file; records all files given, images too. */
static int originals_open(struct options *opt)
{
	const size_t files = opt->path_count, all = opt->count + files;
	int result = 0;

	opt->given = calloc(2 * all, sizeof(*opt->given));
	opt->files = calloc(files + 1, sizeof(*opt->files));
	if (opt->given == NULL || opt->files == NULL)
		return report("calloc", "%s", strerror(errno));
	for (size_t i = 0; i < files; i++) {
		opt->files[i].path = opt->paths[i];
		if (original_open(opt, &opt->files[i]) != 0)
			result = -1;
	}
	for (size_t i = 0; i < all; i++) {
		const char *path = i < files ? opt->paths[i] :
		    opt->images[i - files];

		/* What is missing stays zero. */
		if (lstat(path, &opt->given[2 * i]) == 0 &&
		    S_ISLNK(opt->given[2 * i].st_mode))
			stat(path, &opt->given[2 * i + 1]);
	}
	return result;
}

/* ---- the end of a guest ----------------------------------------------- */

/* Exceptions by vector; APM 8.2 "Vectors". */
static const char *const fault_names[VECTORS] = {
	[0] = "division error",
	[1] = "debug exception",
	[3] = "breakpoint",
	[6] = "invalid opcode",
	[8] = "double fault",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection fault",
	[VECTOR_PF] = "page fault",
	[16] = "x87 floating-point exception",
	[19] = "SIMD floating-point exception",
};

/* Reports the fault VECTOR; CR2 is the address of a page fault; returns -1. */
static int fault_report(struct vm *vm, uint64_t vector, unsigned long long cr2)
{
	const struct frame *frame = &vm->tables->frame;
	unsigned long long rip = frame->rip;
	const char *name = fault_names[vector] != NULL ?
	    fault_names[vector] : "unusual exception";
	const char *access = frame->error & PF_ID ? "execution at" :
	    frame->error & PF_RW ? "write to" : "read from";

	/* With a TSS of the guest's own the frame is on another stack. */
	if (vm->regs.rsp - TABLES_VIRTUAL(frame) > sizeof(frame->error))
		return vm_report(vm, "%s", name);
	if (vector != VECTOR_PF)
		return vm_report(vm, "%s at rip 0x%llx", name, rip);
	return vm_report(vm, "%s at rip 0x%llx: %s 0x%llx, which is %s", name,
	    rip, access, cr2, frame->error & PF_P ? "protected" : "not mapped");
}

/* Tells the guest's own hlt from a fault handler's, and reports the fault. */
static int halt_check(struct vm *vm)
{
	uint64_t at = vm->regs.rip - 1 - TABLES_VIRTUAL(hlt);
	struct kvm_sregs sregs;

	if (at > VECTORS)
		return 0;
	if (kvm_ioctl(vm->vcpu, KVM_GET_SREGS, &sregs) < 0)
		return vm_fail(vm, "KVM_GET_SREGS");
	if ((sregs.cr3 & ~0xFFFull) != TABLES_PHYSICAL(vm, pml4))
		return 0;		/* the guest's own page tables */
	if (at == VECTORS)
		return vm_report(vm, "returned from its entry point; a guest "
		    "ends with hlt");
	return fault_report(vm, at, sregs.cr2);
}

/* Reports how the guest ended, if not by hlt; ERROR is KVM_RUN's errno or 0. */
static int exit_check(struct vm *vm, int error)
{
	const struct kvm_run *run = vm->run;

	if (error != 0)
		return vm_report(vm, "KVM_RUN: %s", strerror(error));
	if (kvm_ioctl(vm->vcpu, KVM_GET_REGS, &vm->regs) < 0)
		return vm_fail(vm, "KVM_GET_REGS");
	switch (run->exit_reason) {	/* api.rst 5, "exit_reason" */
	case KVM_EXIT_HLT:
		return halt_check(vm);
	case KVM_EXIT_SHUTDOWN:
		if (vm->regs.rip == 0xFFF0)	/* as reset by KVM, on AMD-V */
			return vm_report(vm, "triple fault");
		return vm_report(vm, "triple fault at rip 0x%llx",
		    vm->regs.rip);
	case KVM_EXIT_MMIO:
		return vm_report(vm, "%s guest-physical address 0x%llx, where "
		    "there is no memory", run->mmio.is_write ? "write to" :
		    "read from", run->mmio.phys_addr);
	case KVM_EXIT_INTERNAL_ERROR:
		return vm_report(vm, "KVM internal error at rip 0x%llx, "
		    "suberror %u%s", vm->regs.rip, run->internal.suberror,
		    run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION ?
		    ": it cannot emulate the instruction" : "");
	default:
		return vm_report(vm, "unexpected VM exit, exit reason %u",
		    run->exit_reason);
	}
}

/* ---- virtual machine -------------------------------------------------- */

/* Sets up VM, which is zero, to run IMAGE. */
static void vm_init(struct vm *vm, const struct options *opt,
    const struct kvm *kvm, struct console *console, const char *image)
{
	vm->opt = opt;
	vm->kvm = kvm;
	vm->console = console;
	vm->image = image;
	vm->fd = vm->vcpu = -1;
	vm->folder = -ENOENT;			/* not made */
	vm->request = UINT64_MAX;		/* outside RAM */
}

/* Creates the VM, ready to execute the guest's first instruction. */
static int vm_create(struct vm *vm)
{
	vm->fd = kvm_ioctl(vm->kvm->fd, KVM_CREATE_VM, NULL);
	if (vm->fd < 0 && errno == EBUSY)
		return vm_report(vm, "KVM_CREATE_VM: %s; another hypervisor, "
		    "such as VirtualBox, is using the CPU's virtualization: "
		    "stop it", strerror(errno));
	if (vm->fd < 0)
		return vm_fail(vm, "KVM_CREATE_VM");
	if (memory_create(vm) != 0)
		return -1;
	page_tables_create(vm);
	descriptors_create(vm);
	if (image_load(vm) != 0 || vcpu_create(vm) != 0 || ring_create(vm) != 0)
		return -1;
	return tick_create(vm);
}

/* Releases all that the VM holds, whether its creation succeeded or not. */
static void vm_destroy(struct vm *vm)
{
	if (vm->ticking)
		timer_delete(vm->tick);
	if (vm->run != NULL)
		munmap(vm->run, (size_t)vm->kvm->run_size);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->ram != NULL)
		munmap(vm->ram, vm->opt->memory + sizeof(struct tables));
	files_destroy(vm);
}

/* Carries out the IN or OUT that caused the VM exit. */
static int vm_io(struct vm *vm)
{
	if (vm->run->io.port == CONSOLE_PORT)
		return console_io(vm);
	if (vm->run->io.port == FILES_PORT)
		return files_io(vm);
	return io_error(vm, "there is no such port");
}

/*
 * Waits before KVM_RUN is tried again.  From Linux 6.12 on it makes a task for
 * each VM, for which a limit may leave no room.  One VM at a time then ends, so
 * that others can run; for that one the result is false.
 */
static bool task_wait(const struct vm *vm)
{
	static const struct vm *_Atomic ending;	/* the one that ends, or NULL */
	const struct vm *now = NULL;

	if (atomic_compare_exchange_strong(&ending, &now, vm))
		return false;
	if (syscall(SYS_tgkill, getpid(), now->tid, 0) != 0)
		atomic_compare_exchange_strong(&ending, &now, NULL);
	poll(NULL, 0, 1);
	return true;
}

/*
 * Runs the guest until it ends.  KVM_RUN lets the CPU execute the guest, and
 * returns with a VM exit to handle, or EINTR: a signal, or a tick to consume.
 */
static int vm_loop(struct vm *vm)
{
	while (!stop_signal) {
		int error = ioctl(vm->vcpu, KVM_RUN, NULL) < 0 ? errno : 0;
		uint32_t reason = vm->run->exit_reason;

		if (ring_drain(vm) != 0)
			break;
		if (error == EINTR) {
			sigtimedwait(&tick_set, NULL, &(struct timespec){0});
			if (console_tick(vm) != 0)
				break;
		} else if (error == EAGAIN && task_wait(vm)) {
			continue;
		} else if (error == 0 && reason == KVM_EXIT_IO) {
			if (vm_io(vm) != 0)
				break;
		} else if (error != 0 || reason != KVM_EXIT_SET_TPR) {
			/* SET_TPR: CR8 was lowered, which has no effect. */
			return console_flush(vm) != 0 ? -1 :
			    exit_check(vm, error);
		}
	}
	console_flush(vm);
	return -1;
}

/* The whole life of a virtual machine. */
static int vm_run(struct vm *vm)
{
	int result = vm_create(vm) == 0 ? vm_loop(vm) : -1;

	input_release(vm);
	vm_destroy(vm);
	return result;
}

/* ---- KVM -------------------------------------------------------------- */

/*
 * Gets the CPUID that KVM supports; api.rst 4.46 "KVM_GET_SUPPORTED_CPUID".
 * Guests get no VMX or SVM: nesting is complex, and has let guests escape.
 */
static int cpuid_get(struct kvm *kvm)
{
	static union {
		struct kvm_cpuid2 table;
		uint8_t room[sizeof(struct kvm_cpuid2) +
		    CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
	} cpuid;

	kvm->cpuid = &cpuid.table;
	kvm->cpuid->nent = CPUID_MAX;
	if (kvm_ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid) < 0)
		return report("KVM_GET_SUPPORTED_CPUID", "%s",
		    strerror(errno));
	for (uint32_t i = 0; i < kvm->cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &kvm->cpuid->entries[i];

		if (entry->function == 1)
			entry->ecx &= ~CPUID_1_ECX_VMX;
		if (entry->function == 0x80000001)
			entry->ecx &= ~CPUID_80000001_ECX_SVM;
	}
	return 0;
}

/* Opens /dev/kvm and asks it for what VMs need; api.rst 4.1, 4.4 and 4.5. */
static int kvm_open(struct kvm *kvm)
{
	kvm->fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm->fd < 0)
		return report("/dev/kvm", "%s; in a container, start it with "
		    "--device /dev/kvm; else %s", strerror(errno), errno ==
		    EACCES ? "join its group (sudo usermod -aG kvm $USER) and "
		    "log in again" : "load kvm_intel or kvm_amd, with "
		    "virtualization enabled in the firmware");
	if (ioctl(kvm->fd, KVM_GET_API_VERSION, NULL) != KVM_API_VERSION)
		return report("/dev/kvm", "is not KVM with API version %d",
		    KVM_API_VERSION);
	kvm->run_size = kvm_ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (kvm->run_size < 0)
		return report("KVM_GET_VCPU_MMAP_SIZE", "%s", strerror(errno));
	if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_PIO) > 0)
		kvm->ring_page = ioctl(kvm->fd, KVM_CHECK_EXTENSION,
		    KVM_CAP_COALESCED_MMIO);
	return cpuid_get(kvm);
}

/* ---- confinement ------------------------------------------------------ */

/*
 * A guest that breaks into this program can do what the process may do, so the
 * process gives up what it does not need.  It does so before it starts threads,
 * because a confined thread could act through an unconfined one.
 */

/* Landlock, which kernel headers have from 5.13 on; landlock.rst. */
#define LANDLOCK_CREATE_RULESET 444	/* system calls */
#define LANDLOCK_ADD_RULE 445
#define LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_PATH_BENEATH 1		/* the type of a rule */
#define LANDLOCK_WRITE_FILE (1u << 1)	/* accesses to files */
#define LANDLOCK_READ_FILE (1u << 2)
#define LANDLOCK_REMOVE_DIR (1u << 4)
#define LANDLOCK_REMOVE_FILE (1u << 5)
#define LANDLOCK_MAKE_REG (1u << 8)
#define LANDLOCK_HANDLED 0x1FF7		/* all of 5.13 but READ_DIR */

/* For the system-call filter.  YES and NO stand for jumps to its last lines. */
#define YES 255
#define NO 254
#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(value, yes, no) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define ANY(bits, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, yes, no)
#define ALLOW(call) EQUAL(call, YES, 0)
#define ONLY(call, count) EQUAL(call, 0, count)	/* or skip COUNT lines */

/*
 * Allows the system calls that VMs need, with C libraries old and new.  No
 * memory becomes executable; clone(2) makes only threads; signals stay in this
 * process; openat(2) only makes files, without set-ID bits.  Any other call
 * fails with ENOSYS, as in a kernel that lacks it, which C libraries can deal
 * with.  A kernel without seccomp allows all; seccomp_filter.rst.
 */
static int calls_confine(void)
{
	struct sock_filter filter[] = {
		/* Keeps the kernel from caching a result for every number. */
		BPF_STMT(BPF_LD | BPF_IMM, 0),
		LOAD(arch), EQUAL(AUDIT_ARCH_X86_64, 0, NO), LOAD(nr),
		ONLY(SYS_ioctl, 12), LOAD(args[1]), ALLOW(KVM_RUN),
		ALLOW(KVM_CREATE_VM), ALLOW(KVM_SET_USER_MEMORY_REGION),
		ALLOW(KVM_CREATE_VCPU), ALLOW(KVM_SET_CPUID2),
		ALLOW(KVM_GET_SREGS), ALLOW(KVM_SET_SREGS), ALLOW(KVM_GET_REGS),
		ALLOW(KVM_SET_REGS), ALLOW(KVM_SET_SIGNAL_MASK),
		EQUAL(KVM_REGISTER_COALESCED_MMIO, YES, NO),
		ALLOW(SYS_pread64), ALLOW(SYS_pwrite64), ALLOW(SYS_read),
		ALLOW(SYS_write), ALLOW(SYS_poll), ALLOW(SYS_close),
		ALLOW(SYS_futex), ALLOW(SYS_brk), ALLOW(SYS_munmap),
		ALLOW(SYS_set_robust_list), ALLOW(SYS_rt_sigprocmask),
		ALLOW(SYS_rt_sigaction), ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_rseq), ALLOW(SYS_exit), ALLOW(SYS_exit_group),
		ALLOW(SYS_gettid), ALLOW(SYS_getpid), ALLOW(SYS_timer_create),
		ALLOW(SYS_timer_settime), ALLOW(SYS_timer_delete),
		ALLOW(SYS_fstat), ALLOW(SYS_newfstatat), ALLOW(SYS_lseek),
		ALLOW(SYS_ftruncate), ALLOW(SYS_copy_file_range),
		ALLOW(SYS_renameat), ALLOW(SYS_unlinkat),
		ALLOW(SYS_rt_sigtimedwait), EQUAL(SYS_mmap, 1, 0),
		ONLY(SYS_mprotect, 2), LOAD(args[2]), ANY(PROT_EXEC, NO, YES),
		ONLY(SYS_clone, 2), LOAD(args[0]), ANY(CLONE_THREAD, YES, NO),
		EQUAL(SYS_kill, 1, 0), ONLY(SYS_tgkill, 2),
		LOAD(args[0]), EQUAL((uint32_t)getpid(), YES, NO),
		ONLY(SYS_openat, 4), LOAD(args[2]), EQUAL(FILE_NEW, 0, NO),
		LOAD(args[3]), ANY(S_ISUID | S_ISGID, NO, YES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const size_t count = sizeof(filter) / sizeof(filter[0]);
	_Static_assert(sizeof(filter) / sizeof(filter[0]) < NO, "too far");
	const struct sock_fprog program = {(unsigned short)count, filter};

	/* Modulo 256, YES leads to the last line and NO to the one before. */
	for (size_t i = 0; i < count; i++) {
		if (filter[i].jt >= NO)
			filter[i].jt += (uint8_t)(count - 2 - i - YES);
		if (filter[i].jf >= NO)
			filter[i].jf += (uint8_t)(count - 2 - i - YES);
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 &&
	    errno != EINVAL)
		return report("PR_SET_SECCOMP", "%s", strerror(errno));
	return 0;
}

/*
 * Confines the process.  Landlock, if the kernel has it, lets it use files in
 * the VMs' folders only, and remove empty folders in the working directory.
 */
static int process_confine(int directory, const struct vm *vms, size_t count)
{
	const uint64_t handled = LANDLOCK_HANDLED;
	struct {
		uint64_t access;
		int32_t fd;
	} __attribute__((packed)) rule;
	int rules;

#ifdef UNCONFINED			/* for sanitizers and valgrind */
	return 0;
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return report("PR_SET_NO_NEW_PRIVS", "%s", strerror(errno));
	rules = (int)syscall(LANDLOCK_CREATE_RULESET, &handled,
	    sizeof(handled), 0);
	if (rules < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ||
		    errno == EPERM ? calls_confine() :
		    report("landlock_create_ruleset", "%s", strerror(errno));
	for (size_t i = 0; i <= count; i++) {
		rule.fd = i < count ? vms[i].folder : directory;
		rule.access = i < count ? LANDLOCK_READ_FILE |
		    LANDLOCK_WRITE_FILE | LANDLOCK_MAKE_REG |
		    LANDLOCK_REMOVE_FILE : LANDLOCK_REMOVE_DIR;
		if (rule.fd >= 0 && syscall(LANDLOCK_ADD_RULE, rules,
		    LANDLOCK_PATH_BENEATH, &rule, 0) != 0)
			return report("landlock_add_rule", "%s",
			    strerror(errno));
	}
	if (syscall(LANDLOCK_RESTRICT_SELF, rules, 0) != 0)
		return report("landlock_restrict_self", "%s", strerror(errno));
	close(rules);
	return calls_confine();
}

/* ---- threads ---------------------------------------------------------- */

#define VM_DESCRIPTORS 3		/* VM, folder, and image or vCPU */

/* Raises the limit on open files; returns how many are free, up to MOST. */
static size_t descriptors_free(size_t most)
{
	struct rlimit limit = {INT_MAX, INT_MAX};
	size_t count = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 0; (rlim_t)fd < limit.rlim_cur && count < most; fd++)
		count += fcntl(fd, F_GETFD) < 0;
	return count;
}

/* The thread of a VM. */
static void *thread_main(void *argument)
{
	struct vm *vm = argument;

	vm->tid = gettid();
	vm->result = vm_run(vm);
	return NULL;
}

/*
 * Starts the VM's thread.  Its stack has no mapping and no guard page of its
 * own, because each would make the creation of VMs slower; a test bounds what
 * the code can use of it.
 */
static int thread_start(struct vm *vm)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, vm->stack, THREAD_STACK);
	error = pthread_create(&vm->thread, &attributes, thread_main, vm);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		return vm_report(vm, "no thread: %s", strerror(error));
	vm->started = true;
	return 0;
}

/* Runs all guests at once, each in its thread. */
static int threads_run(const struct options *opt, const struct kvm *kvm,
    struct console *console)
{
	const size_t room = descriptors_free(opt->count * VM_DESCRIPTORS) /
	    VM_DESCRIPTORS;
	struct vm *vms = mmap(NULL, opt->count * sizeof(*vms), PROT_READ |
	    PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = 0;

	if (vms == MAP_FAILED)
		return report("mmap", "%s", strerror(errno));
	pthread_mutex_init(&console->in_lock, NULL);
	pthread_mutex_init(&console->out_lock, NULL);
	for (size_t i = 0; i < opt->count; i++) {
		vm_init(&vms[i], opt, kvm, console, opt->images[i]);
		vms[i].number = i + 1;
		if (i < room) {
			int fd = open(opt->images[i], O_RDONLY | O_NONBLOCK |
			    O_CLOEXEC);

			vms[i].image_fd = fd < 0 ? -errno : fd;
			folder_create(&vms[i]);
		}
	}
	all_vms = vms;
	/* From here on nothing that exists can be opened. */
	if (room > 0 && process_confine(opt->directory, vms, room) != 0)
		return -1;
	for (size_t i = 0; i < opt->count; i++)
		if (i >= room)
			vm_report(&vms[i], "%s; ulimit -n sets the limit",
			    strerror(EMFILE));
		else
			thread_start(&vms[i]);
	for (size_t i = 0; i < opt->count; i++) {
		if (vms[i].started)
			pthread_join(vms[i].thread, NULL);
		folder_remove(&vms[i]);
		if (!vms[i].started || vms[i].result != 0)
			result = -1;
	}
	return result;
}

/* ---- command line ----------------------------------------------------- */

static const char usage[] =
    "usage: mini_hypervisor -m 2|4|8 -p 4|2 -g IMAGE...\n"
    "                       [-f FILE...]\n"
    "  -m, --memory 2|4|8     MiB of RAM for each guest\n"
    "  -p, --page 4|2         size of its pages: 4 KiB or 2 MiB\n"
    "  -g, --guest IMAGE...   the guests, flat 64-bit binaries\n"
    "  -f, --file FILE...     files that the guests share until they write\n"
    "  -h, --help             print this help\n";

static const struct option opts[] = {
	{"memory", required_argument, NULL, 'm'},
	{"page", required_argument, NULL, 'p'},
	{"guest", required_argument, NULL, 'g'},
	{"file", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Sets VALUE, which is 0, to OPTION's argument, a digit of CHOICES. */
static int choose(size_t *value, const char *option, const char *choices)
{
	if (*value != 0)
		return report(option, "is given twice");
	if (optarg[0] < '0' || optarg[0] > '9' || optarg[1] != '\0' ||
	    strchr(choices, optarg[0]) == NULL)
		return report(option, "must be %s, not \"%s\"", choices,
		    optarg);
	*value = (size_t)(optarg[0] - '0');
	return 0;
}

/* Adds an option's argument, and the words that follow it, to LIST. */
static void list_take(char **list, size_t *count, char **argv)
{
	list[(*count)++] = optarg;
	while (argv[optind] != NULL && argv[optind][0] != '-')
		list[(*count)++] = argv[optind++];
}

/* Parses the command line; -h ends the program. */
static int options_parse(struct options *opt, int argc, char **argv)
{
	int c;

	opt->images = calloc((size_t)argc, sizeof(*opt->images));
	if (opt->images == NULL)
		return report("calloc", "%s", strerror(errno));
	opt->paths = calloc((size_t)argc, sizeof(*opt->paths));
	if (opt->paths == NULL)
		return report("calloc", "%s", strerror(errno));
	while ((c = getopt_long(argc, argv, "+m:p:g:f:h", opts, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (choose(&opt->memory, "--memory", "2, 4 or 8") != 0)
				return -1;
			break;
		case 'p':
			if (choose(&opt->page, "--page", "4 or 2") != 0)
				return -1;
			break;
		case 'g':
			list_take(opt->images, &opt->count, argv);
			break;
		case 'f':
			list_take(opt->paths, &opt->path_count, argv);
			break;
		case 'h':
			if (write_all(STDOUT_FILENO, usage, strlen(usage)) == 0)
				exit(0);
			report("standard output", "%s", strerror(errno));
			exit(1);
		default:		/* getopt_long has reported it */
			return -1;
		}
	}
	if (optind < argc)
		return report(argv[optind], "is an unexpected argument");
	if (opt->memory == 0)
		return report("--memory", "is required");
	if (opt->page == 0)
		return report("--page", "is required");
	if (opt->count == 0)
		return report("--guest", "is required");
	opt->memory *= MIB;
	opt->page = opt->page == 4 ? PAGE_4K : PAGE_2M;
	return 0;
}

/* ---- main ------------------------------------------------------------- */

/* The handler of the signals that are to stop the program. */
static void stop_handle(int number)
{
	struct vm *vms = all_vms;
	int error = errno;

	if (stop_signal != 0 && gettid() != getpid())
		return;			/* another thread passed it on */
	stop_signal = number;
	stop_count++;
	/* A signal interrupts one thread only: pass it on to all VMs'. */
	for (size_t i = 0; vms != NULL && i < vms->opt->count; i++)
		syscall(SYS_tgkill, getpid(), vms[i].tid, number);
	errno = error;
}

/* Sets up what signals do. */
static void signals_init(void)
{
	const struct sigaction stop = {.sa_handler = stop_handle};
	struct sigaction old;

	/* On some file systems, calls that a tick interrupts fail. */
	sigaddset(&tick_set, SIGVTALRM);
	sigprocmask(SIG_SETMASK, &tick_set, NULL);
	sigaction(SIGHUP, &stop, &old);		/* no SA_RESTART: EINTR */
	if (old.sa_handler == SIG_IGN)
		signal(SIGHUP, SIG_IGN);	/* as nohup(1) set it */
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);		/* write fails instead */
	signal(SIGXFSZ, SIG_IGN);
}

/* Opens /dev/null for each closed standard stream; using it still fails. */
static int streams_fill(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return report("/dev/null", "%s", strerror(errno));
	return 0;
}

/* Keeps other runs out of the working directory, where the vmN folders are. */
static int directory_lock(struct options *opt)
{
	opt->directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opt->directory >= 0 &&
	    flock(opt->directory, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return report("working directory", "%s", errno == EWOULDBLOCK ?
	    "is in use by another run, which has its files in vm1, vm2, ..."
	    : strerror(errno));
}

int main(int argc, char **argv)
{
	static struct options opt;
	static struct kvm kvm;
	static struct console console;
	int result;

	if (streams_fill() != 0)
		return 1;
	if (options_parse(&opt, argc, argv) != 0) {
		write_all(STDERR_FILENO, usage, strlen(usage));
		return 2;
	}
	/* Only what a guest touches is allocated: no huge pages. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (kvm_open(&kvm) != 0)
		return 1;
	descriptors_free(0);		/* raises the limit on open files */
	if (originals_open(&opt) != 0 || directory_lock(&opt) != 0)
		return 1;
	signals_init();
	result = threads_run(&opt, &kvm, &console);
	if (stop_signal) {
		signal(stop_signal, SIG_DFL);
		kill(getpid(), stop_signal);
		return 128 + stop_signal;	/* PID 1 survives it */
	}
	return result == 0 ? 0 : 1;
}
