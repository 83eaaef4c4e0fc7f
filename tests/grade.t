#!/bin/sh
# That tests/grade gives our versions all points, and takes from mutants, copies
# of them that break promises, just the points for those.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in "${TMPDIR:-/tmp}"

# Any KVM will do, even one that emulates what its guests execute.
if [ ! "$BOX" ] && (: <>/dev/kvm) 2>/dev/null; then export BOX=host; fi

# mutant COPY NAME SED LOST: breaks one promise more in a copy of the level that
# COPY begins with, and notes which checks that must lose. The faults of a copy
# lose checks of their own each.
mutant() {
	level=${1%?}
	file=$1/Version_$level/mini_hypervisor.c
	[ -d "$1" ] || {
		mkdir "$1"
		cp -R "$here/../Version_$level" "$1"
		make -s -C "$1/Version_$level" clean
		mutants="$mutants $1"
	}
	cp "$file" before
	sed -i "$(echo "$3" | tr -d '\n')" "$1/Version_$level"/*.c
	! cmp -s before "$file"
	ok $? "$2: there is what to change"
	echo "$4" | xargs -n 1 | sed "s/^/$level: /" >>"$1/want"
	level=
}

mutant A1 always-2-MB 's/opt->page == 4 ?/opt->page == 5 ?/' page-4
mutant A1 takes-3-MB 's/"2, 4 or 8"/"2, 3, 4 or 8"/' memory-3
mutant A1 prints-no-0 '/^static int console_put/,/^}/s/^{/{ if (!byte) return 0;/' \
	'in-bytes out'
mutant A1 goes-on 's/reason != KVM_EXIT_SET_TPR/(reason != KVM_EXIT_HLT ||
	vm->input_ended++)/' after-hlt
mutant A1 crashes 's/^	if (at > VECTORS)/	if (at < VECTORS) abort();\n&/' \
	'fault wild-store'
mutant A2 no-8-MB 's/opt->memory \*= MIB/opt->memory = (opt->memory > 4 ? 4 :
	opt->memory) * MIB/' \
	'ram-8-2 ram-8-4 image-7'
mutant A2 7-bit-input 's/\*byte = console->in\[.*\]/& \& 0x7F/' in-bytes
mutant A2 two-vCPUs 's/^	vm->run = run;/&mmap(0, 4096, 1, 1, ioctl(vm->fd,
	KVM_CREATE_VCPU, 1L), 0);/' one-vcpu
mutant A2 loses-output 's/return console_flush(vm) != 0 ?/return exit_check(vm,
	error) != 0 ?/; s/^	*    exit_check(vm, error);/console_flush(vm);/' \
	before-fault
mutant B2 all-or-none 's/vm->result = vm_run(vm);/& if (vm->result) _exit(1);/' \
	beside-fault
mutant B1 in-turn 's/vm->result = vm_run(vm);/static pthread_mutex_t one =
	PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(\&one); &
	pthread_mutex_unlock(\&one);/' at-once
mutant B1 at-most-8 's/i >= room/i >= 8/' guests-64
mutant B2 no-threads 's/error = pthread_create(.*/vm->thread = pthread_self();
	thread_main(vm); error = 0;/' 'at-once threads'
mutant C1 creates-no 's/!(flags & (O_ACCMODE | O_CREAT))/!(flags \& O_CREAT)/' \
	create
mutant C1 truncates 's/if ((flags & ~known)/if ((flags \& 3) == O_WRONLY)
	flags |= O_TRUNC;\n&/' 'middle copy'
mutant C1 one-folder 's/"vm%zu", vm->number/"vm%d", 1/' 'same-name two-copies'
mutant C1 one-file 's/list_take(opt->paths.*/& opt->path_count = 1;/' second
mutant C1 port-279 's/0x0278/0x0279/' port
mutant C1 never-closes 's/^	handle->file = NULL;.*/	if (0)/' closed
mutant C1 4-KiB 's/n = transfer(fd, data, request->size, at, true);/{
	transfer(fd, data, request->size > 4096 ? 4096 : request->size, at,
	true); n = request->size; }/' 64-KiB

# A submission that does harm: to what it finds, and to who waits for it.
mkdir -p hostile/Version_A
printf 'all:\n\tchmod +x mini_hypervisor\n' >hostile/Version_A/Makefile
cat >hostile/Version_A/mini_hypervisor <<'END'
#!/bin/sh
rm -rf ../* "$HOME"/* /dev/shm/* /var/tmp/*
for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done
yes >../flood &
yes '<hello>'
END
cp -R hostile twice

mkdir ours
cp -R "$here"/../Version_? ours
for folder in ours/*; do make -s -C "$folder" clean; done
# shellcheck disable=SC2086
"$here/grade" -j 2 ours hostile twice $mutants >out 2>err
status=$?
[ $status -eq 1 ]
ok $? 'the status says that not all points were given' || cat err

# graded NAME: prints what was said of a submission.
graded() {
	sed -n "/^# Submission: $1\$/,/^# Submission: /p" out
}

# lost NAME: prints the checks that gave it no point.
lost() {
	graded "$1" | sed -n 's/^not ok [0-9]* - //p
		s/^ok [0-9]* - \(.*\) # SKIP.*/\1/p' | sort
}

[ ! "$(lost ours)" ] && graded ours | grep -q '^# Version_C: 28 of 28 points'
ok $? 'our versions get all points' || graded ours | grep -v ^ok
graded hostile | grep -q 'Not followed' && ! graded ours | grep -q 'Not followed'
ok $? 'and follow all advice, as not all do'
[ "$(grep -c '^ours,\|^hostile,\|^C1,' grade.csv)" -eq 3 ]
ok $? 'each has a line in the CSV file' || cat grade.csv
[ "$(lost hostile | wc -l)" -eq 32 ] && [ "$(lost hostile)" = "$(lost twice)" ]
ok $? 'one that does harm does it to itself, and the same twice' ||
	lost hostile
for mutant in $mutants; do
	lost "$mutant" >found
	sort -u -o "$mutant/want" "$mutant/want"
	check "$mutant loses what it breaks, and no more" \
		diff "$mutant/want" found
done
done_testing
