/*
 * What a run seldom meets, without KVM: a console's buffer that is full, output
 * that fails in any place, and ends that only a broken host gives.  Prints TAP.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* A poll(2) and an ioctl(2) that a signal may interrupt, that once; no vCPU. */
static bool poll_interrupted, ioctl_interrupted;
static int tasks_missing;		/* runs that fail with EAGAIN */

static int host_poll(struct pollfd *files, nfds_t count, int wait)
{
	errno = EINTR;
	return poll_interrupted ? -1 : poll(files, count, wait);
}

static int host_ioctl(int fd, unsigned long request, void *argument)
{
	bool interrupted = ioctl_interrupted;

	if (request == KVM_GET_REGS)
		return 0;
	errno = EAGAIN;
	if (request == KVM_RUN && tasks_missing-- > 0)
		return -1;
	ioctl_interrupted = false;
	errno = EINTR;
	return interrupted ? -1 : ioctl(fd, request, argument);
}

#define ioctl(fd, request, argument) \
    host_ioctl(fd, request, (void *)(uintptr_t)(argument))
#define poll host_poll
#include "vm.h"

#include <sys/wait.h>

#define DATA PAGE_4K			/* of an IN or OUT, in kvm_run */

static char *images[] = {"guest"};
static const struct options opt = {.images = images, .count = 1};
static struct kvm kvm = {.fd = -1};
static struct vm vm;

static union {
	struct kvm_run run;
	uint8_t bytes[2 * PAGE_4K];
} area;

static union {
	struct kvm_coalesced_mmio_ring ring;
	uint8_t bytes[PAGE_4K];
} ring;

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
	static uint8_t data[CONSOLE_OUTPUT];

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
	ok(console_flush(&vm) == 0 && wrote(1, data, CONSOLE_OUTPUT),
	    "and then the rest");
	redirect(STDOUT_FILENO, NULL);
	data = fill("");
	ok(console_put(&vm, 'x') == 0 && wrote(1, data, CONSOLE_OUTPUT),
	    "a full buffer without a line");
	ok(ring_create(&vm) == 0 && vm.ring == NULL,
	    "a kernel that keeps no output");
}

/* Whether output of the tick number TICK from now on is SIZE bytes. */
static bool ticks(int tick, const char *text, size_t size)
{
	bool good = true;

	redirect(STDOUT_FILENO, NULL);
	for (int i = 1; i <= tick; i++) {
		if (text[0] != '\0')
			console_put(&vm, (uint8_t)text[0]);
		good = good && wrote(1, "", 0) && console_tick(&vm) == 0;
	}
	return good && lseek(1, 0, SEEK_END) == (off_t)size;
}

/* How long an unfinished line is held. */
static void test_ticks(void)
{
	vm.out_size = 0;
	console_put(&vm, 'x');
	ok(ticks(1, "", 0) && ticks(1, "", 1), "an unfinished line is written "
	    "when it has not grown since the last tick");
	ok(ticks(LINE_TICKS, "x", LINE_TICKS) && ticks(1, "x", 0),
	    "or when it has grown for many ticks");
	ok(ticks(LINE_TICKS - 1, "x", LINE_TICKS), "and so is the next");
	ok(ticks(1, "x", 0) && console_put(&vm, '\n') == 0 &&
	    ticks(1, "", 2) && ticks(1, "x", 0) &&
	    ticks(LINE_TICKS - 2, "x", 0) && ticks(1, "x", LINE_TICKS),
	    "of which a whole line between them is no part");
}

/* Output that fails is reported, wherever it is noticed. */
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
	vm.ring = NULL;
	fill("");
	area.run.io.size = 1;
	area.run.io.count = 1;
	area.run.io.direction = KVM_EXIT_IO_OUT;
	ok(console_io(&vm) == -1 && said(full), "OUT");
	fill("");
	redirect(STDIN_FILENO, NULL);
	area.run.io.direction = KVM_EXIT_IO_IN;
	ok(console_io(&vm) == 0 && area.bytes[DATA] == 0xFF && said("") == false,
	    "IN of what is there does not write it");
	ok(console_io(&vm) == -1 && said(full), "but an error of the guest's");
	input_release(&vm);
	vm.out_size = 0;
}

/* Output that is there before input, and what holds up neither. */
static void test_prompt(void)
{
	redirect(STDOUT_FILENO, NULL);
	console_put(&vm, '?');
	vm.input_ended = false;
	poll_interrupted = true;
	ok(console_io(&vm) == 0 && wrote(1, "?", 1),
	    "a prompt is shown if it can't be told whether there is input");
	poll_interrupted = false;
	vm.out_size = 0;
	alarm(20);
	pthread_mutex_lock(&console.out_lock);
	ok(console_flush(&vm) == 0, "a VM that has no output waits for no "
	    "other's");
	pthread_mutex_unlock(&console.out_lock);
	alarm(0);
}

/* Whether a run that KVM ends for REASON is reported as TEXT. */
static bool ends(uint32_t reason, const char *text)
{
	area.run.exit_reason = reason;
	return exit_check(&vm, 0) == -1 && said(text);
}

static void test_ends(void)
{
	ok(vm_create(&vm) == -1 && said("KVM_CREATE_VM: Bad file descriptor"),
	    "no VM");
	vm.regs.rip = 0x12;
	area.run.internal.suberror = 3;
	ok(ends(KVM_EXIT_INTERNAL_ERROR, "KVM internal error at rip 0x12, "
	    "suberror 3"), "an internal error");
	area.run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	ok(ends(KVM_EXIT_INTERNAL_ERROR, "KVM internal error at rip 0x12, "
	    "suberror 1: it cannot emulate the instruction"), "of emulation");
	ok(ends(KVM_EXIT_NMI, "unexpected VM exit, exit reason 16"),
	    "a reason that should not come");
	vm.regs.rip = TABLES_VIRTUAL(hlt) + 1;
	ok(ends(KVM_EXIT_HLT, "KVM_GET_SREGS: Bad file descriptor"),
	    "a fault whose place can't be told");
}

/* VMs for which there are no tasks: one ends, and then others try again. */
static void test_tasks(void)
{
	static struct vm other;
	bool waits;

	other.tid = gettid();
	tasks_missing = 1;
	waits = !task_wait(&other) && vm_loop(&vm) == -1 &&
	    said("KVM_RUN: Bad file descriptor") && task_wait(&vm);
	other.tid = INT_MAX;		/* of no thread */
	ok(waits && task_wait(&vm) && !task_wait(&vm),
	    "one VM at a time makes room for the others' tasks");
}

/* What a signal to stop interrupts is not reported. */
static void test_stop(void)
{
	redirect(STDOUT_FILENO, "/dev/full");
	stop_signal = SIGINT;
	ok(console_put(&vm, 'x') == 0 && vm_loop(&vm) == -1 &&
	    wrote(STDERR_FILENO, "", 0) && console.out_given_up,
	    "output given up when a signal stops it");
	area.run.io.size = 4;
	area.run.io.direction = KVM_EXIT_IO_IN;
	area.bytes[DATA] = 'x';
	ok(files_io(&vm) == 0 && area.bytes[DATA] == 'x',
	    "and no more requests are carried out");
	stop_signal = 0;
	console.out_given_up = false;
}

/* A process that is confined can say of any failure what it is. */
static void test_confined(void)
{
	pid_t child = (pid_t)syscall(SYS_fork);	/* gcov has its own fork */
	int status = -1;

	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		calls_confine();
		errno = 524;		/* the kernel's, without a name */
		vm_fail(&vm, "call");
		syscall(SYS_exit, 0);
	}
	waitpid(child, &status, 0);
	ok(status == 0 && said("call: Unknown error 524"),
	    "an error without a name, in confinement");
}

/* Writes all that a VM has gathered. */
static void *writer(void *argument)
{
	console_flush(argument);
	return NULL;
}

/* Two VMs' output through a pipe that takes a page at a time. */
static void test_lock(void)
{
	static struct vm vms[2];
	uint8_t data[1000], last = 0;
	pthread_t threads[2];
	int ends[2], changes = 0;

	if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, PAGE_4K) < 0 ||
	    dup2(ends[1], STDOUT_FILENO) != STDOUT_FILENO)
		exit(1);
	for (size_t i = 0; i < 2; i++) {
		vm_init(&vms[i], &opt, &kvm, &console, "guest");
		memset(vms[i].out, 'a' + (int)i, CONSOLE_OUTPUT);
		vms[i].out_size = CONSOLE_OUTPUT;
		pthread_create(&threads[i], NULL, writer, &vms[i]);
	}
	usleep(100000);			/* so that both have begun */
	for (size_t left = 2 * CONSOLE_OUTPUT; left > 0;) {
		ssize_t n = read(ends[0], data, sizeof(data));

		for (ssize_t i = 0; i < n; i++) {
			changes += data[i] != last;
			last = data[i];
		}
		left -= (size_t)n;
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ok(changes == 2, "output of two is not mixed");
}

/* What a VM's thread leaves, even of a VM that could not be created. */
static void test_thread(void)
{
	static struct vm other;

	vm_init(&other, &opt, &kvm, &console, "guest");
	input_take(&other);
	thread_main(&other);
	ok(said("KVM_CREATE_VM: Bad file descriptor") && other.result == -1 &&
	    pthread_mutex_trylock(&console.in_lock) == 0,
	    "the input is left to others");
	pthread_mutex_unlock(&console.in_lock);
}

/* What signals do; and how many files can be opened, of 64. */
static void test_process(void)
{
	const struct rlimit limit = {64, 64};
	struct sigaction pipe_, size;
	sigset_t blocked, pending;
	size_t held = 0;

	signals_init();
	raise(SIGVTALRM);
	ioctl_interrupted = true;
	ok(vm_loop(&vm) == -1 && said("KVM_RUN: Bad file descriptor") &&
	    sigpending(&pending) == 0 && !sigismember(&pending, SIGVTALRM),
	    "a tick interrupts KVM_RUN once");
	sigaction(SIGPIPE, NULL, &pipe_);
	sigaction(SIGXFSZ, NULL, &size);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	ok(pipe_.sa_handler == SIG_IGN && size.sa_handler == SIG_IGN &&
	    sigismember(&blocked, SIGVTALRM), "signals that end or disturb "
	    "nothing");
	for (int fd = 0; fd < 64; fd++)
		held += fcntl(fd, F_GETFD) >= 0;
	setrlimit(RLIMIT_NOFILE, &limit);
	ok(descriptors_free(1000) == 64 - held && descriptors_free(9) == 9,
	    "open files count, whoever opened them");
}

int main(void)
{
	tap_open();
	vm_init(&vm, &opt, &kvm, &console, "guest");
	vm.run = &area.run;
	vm.run->io.data_offset = DATA;
	redirect(STDIN_FILENO, "/dev/null");
	redirect(STDOUT_FILENO, NULL);
	redirect(STDERR_FILENO, NULL);
	test_buffer();
	test_ticks();
	test_output();
	test_prompt();
	test_ends();
	test_tasks();
	test_stop();
	test_confined();
	test_lock();
	test_thread();
	test_process();
	fprintf(tap, "1..%d\n", tests);
	return 0;
}
