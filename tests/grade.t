#!/bin/sh
# That tests/grade gives our versions all points, and takes from each mutant, a
# copy of one of them that breaks a promise, just the points for that promise.

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$here/lib.sh"

# Any KVM will do, even one that emulates what its guests execute.
if [ ! "$BOX" ] && (: <>/dev/kvm) 2>/dev/null; then export BOX=host; fi

# mutant NAME LEVEL SED LOST: makes it, and notes which checks it must lose.
mutant() {
	mkdir -p "$1"
	cp -R "$here/../Version_$2" "$1"
	make -s -C "$1/Version_$2" clean
	sed -i "$(echo "$3" | tr -d '\n')" "$1/Version_$2"/*.c
	! diff -rq "$here/../Version_$2" "$1/Version_$2" | grep -q '\.c differ'
	check "$1: there is what to change" test $? -eq 1
	set -- "$1" "$2" "$4"
	echo "$3" | xargs -n 1 | sed "s/^/$2: /" | sort >"$1/want"
	mutants="$mutants $1"
}

mutant always-2-MB A 's/opt->page == 4 ?/opt->page == 5 ?/' page-4
mutant takes-3-MB A 's/"2, 4 or 8"/"2, 3, 4 or 8"/' memory-3
mutant no-8-MB A 's/opt->memory \*= MIB/opt->memory = (opt->memory > 4 ? 4 :
	opt->memory) * MIB/' \
	'ram-8-2 ram-8-4 image-8'
mutant prints-no-0 A '/^static int console_put/,/^}/s/^{/{ if (!byte) return 0;/' \
	'in-bytes out'
mutant 7-bit-input A 's/\*byte = console->in\[.*\]/& \& 0x7F/' in-bytes
mutant goes-on A 's/reason != KVM_EXIT_SET_TPR/(reason != KVM_EXIT_HLT ||
	vm->input_ended++)/' after-hlt
mutant two-vCPUs A 's/^	vm->run = run;/&mmap(0, 4096, 1, 1, ioctl(vm->fd,
	KVM_CREATE_VCPU, 1L), 0);/' one-vcpu
mutant crashes A 's/^	if (at > VECTORS)/	if (at < VECTORS) abort();\n&/' \
	'before-fault fault wild-store'
mutant loses-output A 's/return console_flush(vm) != 0 ?/return exit_check(vm,
	error) != 0 ?/; s/^	*    exit_check(vm, error);/console_flush(vm);/' \
	before-fault
mutant all-or-none B 's/vm->result = vm_run(vm);/& if (vm->result) _exit(1);/' \
	beside-fault
mutant in-turn B 's/vm->result = vm_run(vm);/static pthread_mutex_t one =
	PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(\&one); &
	pthread_mutex_unlock(\&one);/' at-once
mutant no-threads B 's/error = pthread_create(.*/vm->thread = pthread_self();
	thread_main(vm); error = 0;/' 'at-once threads'
mutant at-most-8 B 's/i >= room/i >= 8/' guests-64
mutant creates-no C 's/!(flags & (O_ACCMODE | O_CREAT))/!(flags \& O_CREAT)/' \
	'create read-back two-handles middle grow no-bytes 64-KiB own-only
	same-name'
mutant truncates C 's/if ((flags & ~known)/if ((flags \& 3) == O_WRONLY)
	flags |= O_TRUNC;\n&/' 'middle copy two-copies'
mutant one-folder C 's/"vm%zu", vm->number/"vm%d", 1/' 'same-name two-copies'
mutant one-file C 's/list_take(opt->paths.*/& opt->path_count = 1;/' second
mutant port-279 C 's/0x0278/0x0279/' port
mutant never-closes C 's/^	handle->file = NULL;.*/	if (0)/' closed
mutant 4-KiB C 's/data, request->size, at, true/data, request->size > 4096 ? 4096 :
	request->size, at, true/' 64-KiB

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
	graded "$1" | grep -v ' # TODO ' |
		sed -n 's/^not ok [0-9]* - //p; s/^ok [0-9]* - \(.*\) # SKIP.*/\1/p' |
		sort
}

[ ! "$(lost ours)" ] && graded ours | grep -q '^# Version_C: 28 of 28 points'
ok $? 'our versions get all points' || graded ours | grep -v ^ok
graded ours | grep -q TODO
ok $((1 - $?)) 'and follow all advice'
[ "$(grep -c '^ours,\|^hostile,\|^one-folder,' grade.csv)" -eq 3 ]
ok $? 'each has a line in the CSV file' || cat grade.csv
[ "$(lost hostile | wc -l)" -eq 32 ] && [ "$(lost hostile)" = "$(lost twice)" ]
ok $? 'one that does harm does it to itself, and the same twice' ||
	lost hostile
for mutant in $mutants; do
	lost "$mutant" >found
	check "$mutant loses what it breaks, and no more" \
		diff "$mutant/want" found
done
done_testing
