/*
 * Measures how many VMs are best created and destroyed: one after another, or
 * each in its thread, or left to the end of the process.
 *
 *	lifecycle IMAGE COUNT...
 *
 * Prints the seconds that each way takes, for COUNT VMs that do not run.
 */

#define main hypervisor_main
#include "../../Version_B/mini_hypervisor.c"
#undef main

#include <sys/wait.h>

static struct shared shared = {.output = PTHREAD_MUTEX_INITIALIZER};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *create(void *vm)
{
	((struct vm *)vm)->result =
	    memory_create(vm) == 0 ? vm_create(vm) : -1;
	return NULL;
}

static void *destroy(void *vm)
{
	vm_destroy(vm);
	return NULL;
}

/* Calls WORK for each VM: in turn here, or in a thread for each. */
static void each(struct vm **vms, size_t count, void *(*work)(void *),
    bool threads)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	for (size_t i = 0; i < count; i++)
		if (!threads)
			work(vms[i]);
		else if (pthread_create(&vms[i]->thread, &attributes, work,
		    vms[i]) != 0)
			exit(1);
	for (size_t i = 0; threads && i < count; i++)
		pthread_join(vms[i]->thread, NULL);
}

/* A child's work; tells the time of creation through the pipe FD. */
static void measure(size_t count, char *image, bool threads, char end, int fd)
{
	static const struct options opt = {.memory = 2 * MIB, .page = PAGE_2M};
	struct vm **vms = calloc(count, sizeof(struct vm *));
	struct kvm kvm;
	double start;

	files_allow();
	signals_init();
	if (vms == NULL || kvm_open(&kvm) != 0)
		exit(1);
	for (size_t i = 0; i < count; i++) {
		vms[i] = calloc(1, sizeof(*vms[i]));
		vms[i]->opt = &opt;
		vms[i]->kvm = &kvm;
		vms[i]->shared = &shared;
		vms[i]->image = vms[i]->name = image;
		vms[i]->fd = vms[i]->vcpu = -1;
	}
	start = seconds();
	each(vms, count, create, threads);
	start = seconds() - start;
	for (size_t i = 0; i < count; i++)
		if (vms[i]->result != 0)
			exit(1);
	if (write(fd, &start, sizeof(start)) != sizeof(start))
		exit(1);
	if (end != 'e')
		each(vms, count, destroy, end == 't');
	_exit(0);
}

/* Prints the times of one way: creation, and all that comes after it. */
static void way(size_t count, char *image, bool threads, char end)
{
	double start = seconds(), creation = 0;
	int ends[2], status;

	if (pipe(ends) != 0)
		exit(1);
	fflush(stdout);
	if (fork() == 0)
		measure(count, image, threads, end, ends[1]);
	close(ends[1]);
	if (read(ends[0], &creation, sizeof(creation)) != sizeof(creation))
		exit(1);
	close(ends[0]);
	wait(&status);
	printf("%6zu  %-10s %8.3f  %-10s %8.3f  %8.3f\n", count,
	    threads ? "threads" : "in turn", creation,
	    end == 't' ? "threads" : end == 's' ? "in turn" : "at exit",
	    seconds() - start - creation, seconds() - start);
}

int main(int argc, char **argv)
{
	printf("   VMs  created     seconds  destroyed   seconds     total\n");
	for (int i = 2; i < argc; i++) {
		size_t count = strtoul(argv[i], NULL, 10);

		way(count, argv[1], false, 't');
		way(count, argv[1], true, 't');
		way(count, argv[1], true, 's');
		way(count, argv[1], true, 'e');
	}
	return 0;
}
