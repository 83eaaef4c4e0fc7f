#!/bin/sh
# Whether the tests notice faults: breaks the last version's text, one line at a
# time, and expects each time that a test goes red.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in /dev/shm
trap 'rm -rf "$work" "$here/hv_mutant"' EXIT

# built PROGRAM OUTPUT: builds a program of the tests with $work's text.
built() {
	gcc -std=gnu11 -w -O0 -static -fsanitize=bounds \
		-fsanitize-undefined-trap-on-error -o "$2" \
		"$work/tests/$1.c" -pthread || {
		echo "Bail out! a fault that gcc does not take"
		exit 1
	}
}

# runs TEST: runs it on $work's text: a program that needs no KVM, or a case of
# kvm.sh.  Succeeds if all is well.
runs() {
	case $1 in
	unit_* | random_files)
		built "$1" "$work/$1"
		rm -rf "$work/files"
		mkdir "$work/files"
		(cd "$work/files" && exec timeout 30 "../$1" 300) >"$work/said" \
			2>&1 </dev/null
		;;
	subverted)
		built subverted "$here/hv_mutant"
		# One kind of thread is enough.
		WHO=self timeout 15 sh "$here/kvm.sh" C hv_mutant "$1" \
			>"$work/said" 2>&1
		;;
	*)
		built hypervisor "$here/hv_mutant"
		timeout 15 sh "$here/kvm.sh" C hv_mutant "$1" >"$work/said" 2>&1
		;;
	esac && ! grep -q '^not ok' "$work/said"
}

# mutant TEST EXPRESSION: a test that is passed when TEST goes red after sed's
# EXPRESSION has changed one line of the text.
mutant() {
	sed -E "$2" "$text" >"$work/Version_C/mini_hypervisor.c"
	diff "$text" "$work/Version_C/mini_hypervisor.c" >"$work/change"
	[ "$(grep -c '^>' "$work/change")" -eq 1 ] && ! runs "$1" 2>/dev/null
	ok $? "$1 notices $2" || sed 's/^/# /' "$work/change"
}

text=$here/../Version_C/mini_hypervisor.c
mkdir "$work/tests" "$work/Version_C"
cp "$here"/*.[ch] "$work/tests"
cp "$text" "$work/Version_C"
# The program itself, as one that kvm.sh takes.
echo '#include "../Version_C/mini_hypervisor.c"' >"$work/tests/hypervisor.c"

all='unit_files random_files unit_rare unit_tables'
[ ! -w /dev/kvm ] || all="$all subverted confined limits"
for test in $all; do
	runs "$test"
	ok $? "$test has nothing to say of the program as it is" ||
		sed 's/^/# /' "$work/said"
done

# Names, addresses and handles.
mutant random_files "s/ \|\| name\[0\] == '-'//"
mutant random_files "s/\(uint8_t\)\*name < ' ' \|\| //"
mutant random_files "s/ \|\| \*name == '.177'//"
mutant random_files "s/\*name == '\/' \|\| //"
mutant random_files 's/> NAME_MAX\)/>= NAME_MAX)/'
mutant unit_files 's/address > memory - size/address > memory - size + 1/'
mutant random_files 's/^#define HANDLE_FIRST 3/#define HANDLE_FIRST 2/'
mutant unit_files 's/^#define HANDLES_MAX 256/#define HANDLES_MAX 255/'
mutant random_files 's/request.handle >= HANDLES_MAX/0/'
mutant unit_files 's/offset > FILE_SIZE_MAX\)/0)/'
mutant unit_files 's/= at >= FILE_SIZE_MAX/= at > FILE_SIZE_MAX/'
mutant random_files 's/ && \(flags \& O_EXCL\)\)/ \&\& 0)/'
mutant random_files 's/^(\t.*) == O_WRONLY\)/\1 == O_RDWR)/'
mutant random_files 's/^(\t.*) == O_RDONLY\)/\1 == O_RDWR)/'
mutant random_files 's/handle->offset = at \+ n/handle->offset += n/'

# Copies, and what is in a VM's folder.
mutant unit_files 's/\? file->original->mode : 0666/? 0666 : 0666/'
mutant unit_files 's/st_mode = S_IFREG \| 0666/st_mode = S_IFREG/'
mutant unit_files 's/O_NOFOLLOW \| //'
if [ "$(id -u)" -eq 0 ]; then
	mutant unit_files 's/status.st_uid != geteuid\(\)/0/'
else
	skip "another user's folder" 'needs root'
fi
mutant unit_files 's/(old, )AT_SYMLINK_NOFOLLOW/\10/'
mutant unit_files 's/lstat\(path/stat(path/'
mutant unit_files '/^static int file_publish/,/^}/s/error = -EACCES;/;/'
mutant unit_files '/^static void file_discard/,/^}/s/unlinkat.*/;/'
mutant unit_files 's/^\tunlinkat\(.*of a killed run.*/\t;/'
mutant unit_files '/^static int64_t data_copy/,/^}/s/while \(!stop_signal\)/while (1)/'
mutant unit_files 's/^\t\tsize -= \(size_t\)n;/\t\tsize = 0;/'
mutant unit_files 's/at = lseek\(from, hole, SEEK_DATA\);/at = -1;/'
mutant unit_files 's/if \(size > FILE_SIZE_MAX\)/if (0)/'
mutant unit_files 's/ftruncate\(to, size\) == 0 \?/1 ?/'
mutant unit_files 's/from >= 0 \&\& console_flush\(vm\) != 0/0/'
mutant unit_files 's/\? file_size\(fd\)/? file_size(file_fd(file))/'
mutant unit_files '/^static int64_t files_write/,/^}/s/file_discard\(.*/;/'
mutant random_files 's/^\thandle->file = NULL;/\tclose(handle->file->fd), handle->file->fd = -1, handle->file = NULL;/'
mutant unit_files 's/O_NONBLOCK \| O_CLOEXEC\);$/O_NONBLOCK | O_CLOEXEC | O_CREAT, 0666);/'
mutant unit_files 's/vm->failed = console_put\(vm, data\[i\]\) != 0/console_put(vm, data[i])/'
mutant unit_files 's/return n > 0 \? transfer\(to, /return n > 0 ? transfer(from, /'

# Output, its buffers and its errors.
mutant unit_rare 's/if \(grown \&\& /if (/'
mutant unit_rare 's/ \&\& \+\+vm->line_ticks < LINE_TICKS\)/)/'
mutant unit_rare 's/grown = .*/grown = true;/'
mutant unit_rare 's/^\tvm->line_ticks = 0;/\t;/'
mutant unit_rare '/^static int console_put/,/^}/s/console_flush_lines/console_flush/'
mutant unit_rare 's/(data\[0\]\)) != 0\)/\1 == 1)/'
mutant unit_rare 's/vm->console->out_given_up = true/vm->console->out_given_up = false/'
mutant unit_rare 's/poll\(\&ready, 1, 0\) <= 0 \&\& /1 \&\& /'
mutant unit_rare 's/poll\(\&ready, 1, 0\) <= 0/poll(\&ready, 1, 0) == 0/'
mutant unit_rare '/^static int console_flush\(/,/^}/s/size == 0\)/0)/'
mutant unit_rare 's/sigprocmask\(SIG_SETMASK, .*/;/'
mutant unit_rare 's/^\t    !stop_signal; i/\t    1; i/'
mutant unit_rare 's/^\t\t\tsigtimedwait\(.*/\t\t\t;/'
mutant unit_rare '/^static int calls_confine/,/^}/s/ALLOW\(SYS_write\), //'
mutant unit_rare 's/pthread_mutex_lock\(\&vm->console->out_lock\);/;/'
mutant unit_rare '/^static int vm_run/,/^}/s/input_release\(vm\)/;/'
mutant unit_rare 's/^\tsignal\(SIGXFSZ, SIG_IGN\)/\t;/'
mutant unit_rare 's/now->tid, 0\) != 0\)/now->tid, 0) == 0)/'
mutant unit_rare 's/atomic_compare_exchange_strong\(.*NULL\);/;/'
mutant unit_rare 's/count \+= fcntl\(fd, F_GETFD\) < 0/count++/'

# What the CPU reads.
mutant unit_tables 's/(TABLES_PHYSICAL\(vm, gdt\)) \| PTE_P/\1 | PTE_RW | PTE_P/'
mutant unit_tables 's/at \| PTE_RW \| PTE_P;/at | PTE_P;/'
mutant unit_tables 's/back = hlt \+ VECTORS/back = hlt + VECTORS + 1/'
mutant unit_tables 's/^#define TSS_IST1 9/#define TSS_IST1 8/'
mutant unit_tables 's/GATE\(hlt \+ i\)/GATE(hlt + i + (i == 31))/'

if [ -w /dev/kvm ]; then
	mutant subverted 's/syscall\(LANDLOCK_RESTRICT_SELF, rules, 0\)/0/'
	mutant subverted 's/^\treturn calls_confine\(\)/\treturn 0/'
	mutant subverted 's/EQUAL\(SYS_mmap, 1, 0\)/EQUAL(SYS_mmap, YES, 0)/'
	mutant subverted 's/ANY\(PROT_EXEC, NO, YES\)/ANY(PROT_EXEC, YES, YES)/'
	mutant subverted 's/ANY\(CLONE_THREAD, YES, NO\)/ANY(CLONE_THREAD, YES, YES)/'
	mutant subverted 's/EQUAL\(SYS_kill, 1, 0\)/EQUAL(SYS_kill, YES, 0)/'
	mutant subverted 's/ANY\(S_ISUID \| S_ISGID, NO, YES\)/ANY(S_ISGID, NO, YES)/'
	mutant subverted 's/EQUAL\(FILE_NEW, 0, NO\)/EQUAL(FILE_NEW, 0, 0)/'
	mutant confined 's/ALLOW\(SYS_timer_create\),//'
	mutant confined 's/^\t\tfolder_remove\(.*/\t\t;/'
	mutant limits 's/^#define VM_DESCRIPTORS 3/#define VM_DESCRIPTORS 2/'
else
	skip 'the confinement' 'there is no /dev/kvm for us'
fi
done_testing
