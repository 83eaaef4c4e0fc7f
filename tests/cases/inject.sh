# shellcheck shell=sh disable=SC2034,SC2154
# Every system call of the example, failing: the first of its kind, the second
# and so on, by strace, which then does not make it.  What may come of it:
#
#	unharmed	nothing, if it is harmless or a signal is the reason
#	told		the guest learns the error, as that of its own call
#	reported	a message for each guest that can't go on and status 1,
#			or one message before there are guests
#
# All other output and files are whole, and no file is half written.  Calls that
# were not made to fail are listed.

# harmless CALL: whether its failure may do nothing, and why.
harmless() {
	case $1 in
	madvise | 'prctl PR_SET_THP_DISABLE') ;;	# they save memory
	munmap | close) ;;	# the end of the process does it
	unlinkat) ;;		# there is nothing to remove, or it is not empty
	poll) ;;		# it is read
	fcntl) ;;		# a descriptor more is taken for a free one
	prlimit64) ;;		# the limit stays as it is
	copy_file_range) ;;	# it is read and written
	pread64) ;;		# the bytes before it are what is read
	lseek) ;;		# all of the file is copied, holes too
	newfstatat) ;;		# nothing that was given is in the way
	'ioctl KVM_CHECK_EXTENSION') ;;	# an old kernel: no ring, then
	mmap) ;;		# if malloc's: it has brk
	rseq | set_robust_list) ;;	# the C library goes without
	*) return 1 ;;
	esac
}

# errors CALL: the errors to make of it: one that fits, and EINTR where a signal
# may interrupt it.  (A tick interrupts none but KVM_RUN.)
errors() {
	case $1 in
	# They do not return.
	exit | exit_group | rt_sigreturn | restart_syscall) ;;
	# They fail for wrong arguments only.
	getpid | gettid | timer_delete | rt_sigaction | rt_sigprocmask) ;;
	rt_sigtimedwait) ;;
	# It tells of a failure in another way than strace makes it.
	brk) ;;
	# Of those that wake, which can't fail, a thread would not wake.
	futex) ;;
	'ioctl KVM_GET_API_VERSION') echo ENOMEM ;;
	ioctl*) echo ENOMEM EINTR ;;
	mmap | mprotect | clone* | timer_*) echo ENOMEM ;;
	write) echo ENOSPC EINTR ;;
	pwrite64 | copy_file_range | mkdir | renameat) echo ENOSPC ;;
	*) echo EIO ;;
	esac
}

# main_thread: prints the one that ends last in a trace of all.
main_thread() {
	tail -n 1 trace | cut -d ' ' -f 1
}

# calls WHOSE MOST: what the main thread calls in a trace, from main's first
# call on, or what the others call.  Each line is a call, with the request of an
# ioctl or prctl, and which ones of their thread's calls of that kind it is, up
# to MOST.
calls() {
	awk -v whose="$1" -v most="$2" -v main="$(main_thread)" '
		$2 ~ /^[a-z][a-z0-9_]*\(/ {
			call = $2
			sub(/\(.*/, "", call)
			begun = begun || call == "openat" || call == "fcntl"
			n = ++count[$1, call]
			if (call == "ioctl")
				call = call " " $3
			if (call == "prctl")
				call = call " " substr($2, 7)
			sub(/[,)].*/, "", call)
			if (($1 == main) != (whose == "main") || n > most ||
			    ($1 == main && !begun) || seen[call, n]++)
				next
			if (!(call in list))
				order[++calls] = call
			list[call] = list[call] " " n
		}
		END {
			for (i = 1; i <= calls; i++)
				print order[i] ":" list[order[i]]
		}' trace
}

# traced OPTION...: runs the example under strace in a new folder, run, and
# leaves $status, out, err and trace.  A slow machine, on which a tick cuts a
# line of one guest for another's, gets more tries.
traced() {
	for try in 1 2 3 4 5; do
		rm -rf run
		cp -r example run
		# shellcheck disable=SC2086
		(cd run && exec timeout -s KILL 60 strace -o ../trace \
			--quiet=attach,path-resolution "$@" ../program $arguments \
			</dev/null >../out 2>../err)
		status=$?
		grep -q '.guest[12]: ' out || break
	done
}

# files_right GUEST: whether its folder is as what came of it says.
files_right() {
	folder=run/vm${1#guest}
	[ "$level" = C ] || return 0
	[ "$came" != unharmed ] || {
		diff -r "$folder" "want/$1" >/dev/null
		return
	}
	[ -e "$folder" ] || return 0
	files=$(ls -A "$folder")
	for file in ${files:-none}; do
		case $file in
		flowers.png) cmp -s "$folder/$file" example/flowers.png ;;
		"$1.txt") [ ! -s "$folder/$file" ] ;;
		*) false ;;
		esac || cmp -s "$folder/$file" "want/$1/$file" || return
	done
}

# guest_came GUEST: leaves in $came what came of it; fails if that is wrong.
guest_came() {
	grep "^$1: " out >said
	case $(grep -c "^mini_hypervisor: $1.img: " err) in
	0)
		came=unharmed
		cmp -s said "want/$1.out" || {
			came=told
			grep -qE ", error ($number)\$" said &&
				tail -n 1 said | cmp -s - "want/$1.last"
		}
		;;
	1) came=reported ;;
	*) false ;;
	esac && files_right "$1"
}

# run_came: leaves in $came what came of the run; fails if that is wrong.
run_came() {
	cmp -s run/flowers.png example/flowers.png || [ "$level" != C ] ||
		return
	grep -vqE "^mini_hypervisor: .*: ($text|no thread: .*)(;.*)?\$" err && return 1
	said=$(wc -l <err)
	[ "$status" -eq $((said > 0)) ] || return
	# Before there are guests.
	if [ "$whose" = main ] && ! grep -qE 'clone|KVM_CREATE_VM' trace; then
		came=reported
		[ "$said" -eq 1 ] && [ ! -s out ] &&
			[ ! "$(find run/vm? ! -type d 2>/dev/null)" ]
		return
	fi
	worst=unharmed
	for guest in $guests; do
		guest_came "$guest" || return
		[ "$came" = unharmed ] || [ "$guest" = "${only:-$guest}" ] ||
			return
		[ "$came" = unharmed ] || worst=$came
	done
	came=$worst
}

# fails WHOSE CALL ERROR OCCURRENCES OPTION...: a test: the call of that thread,
# or those threads, fails, and each time in a run of its own.  What is not there
# in every run, or only after a failure of the main thread, is not hit.
fails() {
	whose=$1
	call=$2
	error=$3
	occurrences=$4
	shift 4
	case $error in
	EIO) number=5 text='Input/output error' ;;
	ENOMEM) number=12 text='Cannot allocate memory' ;;
	ENOSPC) number=28 text='No space left on device' ;;
	EINTR) number=4 text=none ;;
	esac
	case $whose-$call in
	*-'ioctl KVM_GET_API_VERSION') text='is not KVM with .*' ;;
	# A file or folder that could not be looked at is not allowed.
	main-openat | main-fstat | main-newfstatat)
		number="$number|13"
		text="$text|Permission denied"
		;;
	esac
	outcomes=
	missed=
	wrong=0
	for n in $occurrences; do
		traced "$@" "--inject=${call%% *}:error=$error:when=$n"
		main=none
		[ "$whose" = main ] || main=$(main_thread)
		hit=$(grep -e "-1 $error .*(INJECTED)" trace | grep -v "^$main ")
		[ "$hit" ] || [ "$status" -gt 1 ] || {
			missed="$missed $n"
			continue
		}
		came=
		run_came && case $came-$error in
		unharmed-EINTR) ;;
		unharmed-*) harmless "$call" ;;
		*-EINTR) false ;;
		esac
		wrong=$?
		[ $wrong -eq 0 ] || came=WRONG
		outcomes="$outcomes $came"
		[ $wrong -eq 0 ] || break
	done
	[ ! "$missed" ] ||
		echo "# $level: $name: $call, $error: not hit:$missed"
	[ "$outcomes" ] || return
	table=$(echo "$outcomes" | xargs -n 1 | sort | uniq -c | xargs)
	printf '# %-12s %-32s %-7s %s\n' "$level $whose" "$call" "$error" \
		"$table"
	ok $wrong "$name: $call, $error" || {
		echo "# at occurrence $n, status $status"
		sed 's/^/# err: /' err
		sed 's/^/# out: /' out
		echo "$hit" | sed 's/^/# /'
		find run/vm* 2>/dev/null | sed 's/^/# /'
	}
}

# all_fail NAME WHOSE MOST OPTION...: tests every call that the main thread or
# the others make, as strace sees them with the options: in each thread the
# first of its kind, the second and so on to MOST.
all_fail() {
	name=$1
	whose=$2
	most=$3
	shift 3
	traced -f "$@"
	calls "$whose" "$most" >list
	[ "$whose" = main ] || set -- -f "$@"
	while IFS=: read -r call occurrences; do
		[ "$(errors "$call")" ] ||
			echo "# $level: $name: $call: not made to fail"
		for error in $(errors "$call"); do
			fails "$whose" "$call" "$error" "$occurrences" "$@"
		done
	done <list
}

rm -rf example want
mkdir example want
folder=$here/../Version_$level
case $level in
A)
	guests=guest
	arguments='--memory 4 --page 2 --guest guest.img'
	;;
B)
	guests='guest1 guest2'
	arguments='--memory 4 --page 2 --guest guest1.img guest2.img'
	;;
C)
	guests='guest1 guest2'
	arguments='-m 4 -p 2 -g guest1.img guest2.img -f ./flowers.png'
	cp "$folder/flowers.png" example
	;;
esac
for guest in $guests; do
	cp "$folder/$guest.img" example
done
traced -f
for guest in $guests; do
	grep "^$guest: " out >"want/$guest.out"
	tail -n 1 "want/$guest.out" >"want/$guest.last"
	[ "$level" != C ] || cp -r "run/vm${guest#guest}" "want/$guest"
done
[ "$status" -eq 0 ] && [ ! -s err ] && [ -s "want/$guest.out" ]
ok $? 'the example, traced'

only=
all_fail "main thread" main 99
[ "$level" = A ] || {
	all_fail "guests' threads" guests 20
	# There as many fail in the main thread before them.
	all_fail "guests' VMs" guests 4 -P anon_inode:kvm-vm \
		-P anon_inode:kvm-vcpu:0
	only=guest1
	all_fail "guest 1's image" guests 99 -P guest1.img
}
[ "$level" != C ] || all_fail "guest 1's files" guests 99 -P vm1 \
	-P "$work/run/vm1" -P "$work/run/vm1/-unfinished" \
	-P "$work/run/vm1/flowers.png" -P "$work/run/vm1/guest1.txt"
