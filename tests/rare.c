/*
 * What a run seldom meets, without KVM: a console's buffer that is full, output
 * that fails in any place, and ends that only a broken host gives.  Prints TAP.
 */

#define main hypervisor_main
#include "../Version_C/mini_hypervisor.c"
#undef main

#include <sys/wait.h>

static FILE *tap;			/* stdout is the console's */
static int tests;

static struct shared shared = {
	.output = PTHREAD_MUTEX_INITIALIZER,
};
static struct kvm kvm = {.fd = -1};
static uint8_t out[CONSOLE_BUFFER];
static struct vm vm = {
	.out = out,
	.name = (char *)(uintptr_t)"guest",
	.kvm = &kvm,
	.shared = &shared,
	.fd = -1,
	.vcpu = -1,
};

/* What KVM shares with us, the data of an IN or OUT behind it. */
static union {
	struct kvm_run run;
	uint8_t bytes[2 * PAGE_4K];
} area;

static union {
	struct kvm_coalesced_mmio_ring ring;
	uint8_t bytes[PAGE_4K];
} ring;

static void ok(bool good, const char *name)
{
	fprintf(tap, "%sok %d - %s\n", good ? "" : "not ", ++tests, name);
}

/* Puts an empty file, or the one at PATH, in place of a standard stream. */
static void redirect(int stream, const char *path)
{
	int fd = path ? open(path, O_RDWR) : memfd_create("stream", 0);

	if (fd < 0 || dup2(fd, stream) != stream)
		exit(1);
	close(fd);
}

/* Whether all that was written to a standard stream is SIZE bytes of DATA. */
static bool wrote(int stream, const void *data, size_t size)
{
	static uint8_t seen[2 * CONSOLE_BUFFER];

	return pread(stream, seen, sizeof(seen), 0) == (ssize_t)size &&
	    memcmp(seen, data, size) == 0;
}

/* Whether stderr is TEXT, said of the guest; empties it. */
static bool said(const char *text)
{
	char line[256];
	int size = snprintf(line, sizeof(line), "mini_hypervisor: guest: %s\n",
	    text);
	bool result = wrote(STDERR_FILENO, line, (size_t)size);

	redirect(STDERR_FILENO, NULL);
	return result;
}

/* Has all but one byte of the console's buffer full; returns what is there. */
static const uint8_t *fill(const char *begin)
{
	static uint8_t data[CONSOLE_BUFFER];

	memset(data, 'x', sizeof(data));
	memcpy(data, begin, strlen(begin));
	vm.out_size = 0;
	for (size_t i = 0; i < sizeof(data) - 1; i++)
		console_put(&vm, data[i]);
	return data;
}

static void test_buffer(void)
{
	const uint8_t *data = fill("line\n");

	ok(wrote(1, "", 0) && console_put(&vm, 'x') == 0 &&
	    wrote(1, "line\n", 5), "a full buffer: the whole lines go out");
	ok(console_flush(&vm) == 0 && wrote(1, data, CONSOLE_BUFFER),
	    "and then the rest");
	redirect(STDOUT_FILENO, NULL);
	data = fill("");
	ok(console_put(&vm, 'x') == 0 && wrote(1, data, CONSOLE_BUFFER),
	    "a full buffer without a line");
	ok(console_create(&vm) == 0 && vm.ring == NULL,
	    "a kernel that keeps no output");
}

/* Output that fails is told, wherever it is noticed. */
static void test_output(void)
{
	const char *full = "standard output: No space left on device";

	redirect(STDOUT_FILENO, "/dev/full");
	fill("line\n");
	ok(console_put(&vm, 'x') == -1 && said(full), "a disk full: a line");
	fill("");
	vm.ring = &ring.ring;
	vm.ring->last = 1;
	ok(vm_loop(&vm) == -1 && said(full), "what KVM kept");
	fill("");
	area.run.io.size = 1;
	area.run.io.count = 1;
	area.run.io.direction = KVM_EXIT_IO_OUT;
	ok(console_io(&vm) == -1 && said(full), "OUT");
	fill("");
	area.run.io.direction = KVM_EXIT_IO_IN;
	ok(console_io(&vm) == -1 && said(full), "IN");
	fill("");
	ok(port_error(&vm, "") == -1 && said(full), "an error of the guest's");
}

/* Whether a run that KVM ends for REASON is told as TEXT. */
static bool ends(uint32_t reason, const char *text)
{
	area.run.exit_reason = reason;
	return vm_ended(&vm) == -1 && said(text);
}

static void test_ends(void)
{
	vm.image = (char *)(uintptr_t)"/nowhere";
	ok(image_load(&vm) == -1 && said("No such file or directory"),
	    "an image that is gone since it was looked at");
	area.run.fail_entry.hardware_entry_failure_reason = 0x80000021;
	ok(ends(KVM_EXIT_FAIL_ENTRY, "the CPU refused to enter the guest, "
	    "reason 0x80000021"), "a guest that can't be entered");
	area.run.internal.suberror = 1;
	ok(ends(KVM_EXIT_INTERNAL_ERROR, "KVM_GET_REGS: Bad file "
	    "descriptor"), "an internal error whose place can't be told");
	ok(ends(KVM_EXIT_NMI, "stopped for KVM's exit reason 16"),
	    "a reason that should not come");
}

/* A thread that is confined can say of any failure what it is. */
static void test_confined(void)
{
	pid_t child = (pid_t)syscall(SYS_fork);	/* gcov has its own fork */
	int status = -1;

	if (child == 0) {
		calls_confine(&vm);
		errno = 524;		/* the kernel's, without a name */
		vm_fail(&vm, "call");
		syscall(SYS_exit, 0);
	}
	waitpid(child, &status, 0);
	ok(status == 0 && said("call: Unknown error 524"),
	    "an error without a name, in confinement");
}

int main(void)
{
	tap = fdopen(dup(STDOUT_FILENO), "w");
	if (tap == NULL)
		return 1;
	vm.run = &area.run;
	vm.run->io.data_offset = PAGE_4K;
	sem_init(&shared.input, 0, 1);
	redirect(STDIN_FILENO, "/dev/null");
	redirect(STDOUT_FILENO, NULL);
	redirect(STDERR_FILENO, NULL);
	test_buffer();
	test_output();
	test_ends();
	test_confined();
	fprintf(tap, "1..%d\n", tests);
	return 0;
}
