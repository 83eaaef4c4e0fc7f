#!/bin/sh
# What can be told without running a guest: clean compiles, style, scripts.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in "${TMPDIR:-/tmp}"

warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'

# short_functions FILE: names the functions of over 50 lines.
short_functions() {
	awk '/^{/ { from = FNR }
		/^}/ && from && FNR - from - 1 > 50 {
			print FILENAME ":" from ": " FNR - from - 1 " lines"
			bad = 1
		}
		/^}/ { from = 0 }
		END { exit bad }' "$1"
}

# narrow FILE: names the lines of over 80 columns.
narrow() {
	! expand "$1" | grep -nE '.{81}'
}

# stack FILE: whether the stack that the program takes is bounded: no function
# gets to call itself, none has arrays of variable length, and no chain of calls
# takes more than a quarter of a thread's 128 KiB, without optimization.
stack() {
	gcc -std=gnu11 -O0 -Wvla -Wstack-usage=10000 -Werror \
		-fcallgraph-info=su -c -o stack.o "$1" &&
		awk -F '"' '/^edge/ { print $2, $4 }' stack.ci | tsort &&
		awk -F '"' '
			function deep(name, to, n, bytes, most) {
				for (n = split(calls[name], to, "\n"); n > 0; n--)
					if ((bytes = deep(to[n])) > most)
						most = bytes
				return own[name] + most
			}
			/^node/ && match($4, /[0-9]+ bytes/) {
				own[$2] = substr($4, RSTART) + 0
			}
			/^edge/ { calls[$2] = calls[$2] $4 "\n" }
			END {
				for (name in own)
					if ((bytes = deep(name)) > most)
						most = bytes
				print most " bytes"
				exit !(most > 0 && most <= 32 * 1024)
			}' stack.ci
}

# makes FOLDER COMPILER: make has nothing to say beside its commands, and make
# clean removes exactly what it built.
makes() {
	rm -rf copy
	mkdir copy
	cp "$1"/*.c "$1"/*.ld "$1/Makefile" copy
	find copy | sort >before
	make -s -C copy "CC=$2" 2>complaints
	cat complaints
	[ ! -s complaints ] && [ -x copy/mini_hypervisor ] &&
		sed -n 's/^GUESTS = //p' copy/Makefile |
			(cd copy && xargs ls -l) && make -s -C copy clean &&
		find copy | sort | cmp - before
}

for folder in "$here"/../Version_*; do
	version=$(basename "$folder")
	for compiler in gcc clang; do
		for optimize in -O0 -O2; do
			# shellcheck disable=SC2086
			check "$version: $compiler $optimize has nothing to say" \
				$compiler -std=gnu11 $optimize $warnings \
				-o program "$folder/mini_hypervisor.c"
			# shellcheck disable=SC2086
			check "$version's guest: $compiler $optimize neither" \
				$compiler -std=gnu11 $optimize $warnings \
				-ffreestanding '-DNAME="guest"' \
				-c -o guest.o "$folder/guest.c"
		done
		check "$version: make and make clean, with $compiler" \
			makes "$folder" "$compiler"
	done
	check "$version: its stack is bounded" stack "$folder/mini_hypervisor.c"
	# A member that nothing uses may be there for the CPU or for the device,
	# and a guest's memory is written by others too.
	check "$version: cppcheck has nothing to say" \
		cppcheck -q --std=c11 --error-exitcode=1 \
		--enable=warning,style,performance,portability \
		--suppress=unusedStructMember \
		--suppress=normalCheckLevelMaxBranches \
		--suppress=knownConditionTrueFalse:*/guest.c \
		--suppress=constParameterPointer:*/guest.c \
		--suppress=uninitvar:*/guest.c '-DNAME="guest"' \
		"$folder/mini_hypervisor.c" "$folder/guest.c"
	for file in "$folder"/*.c; do
		name=$version/$(basename "$file")
		freestanding=
		[ "${file##*/}" = mini_hypervisor.c ] ||
			freestanding=-ffreestanding
		# The end of the process closes what is open.
		# shellcheck disable=SC2086
		check "$name: gcc's analyzer has nothing to say" \
			gcc -std=gnu11 -O2 $warnings -fanalyzer \
			-Wno-analyzer-fd-leak $freestanding \
			'-DNAME="guest"' -c -o analyzed.o "$file"
		# shellcheck disable=SC2086
		check "$name: clang-tidy has nothing to say" \
			clang-tidy --quiet "$file" -- -std=gnu11 \
			$freestanding '-DNAME="guest"'
		check "$name: no function of over 50 lines" \
			short_functions "$file"
		check "$name: no line of over 80 columns" narrow "$file"
	done
done
cd "$here" || exit 1
for program in bench/*.c; do
	for compiler in gcc clang; do
		# shellcheck disable=SC2086
		check "$program: $compiler has nothing to say" $compiler \
			-std=gnu11 -O2 $warnings -o "$work/program" "$program"
	done
done
for script in box box-init kvm-here setup run check tree grade kvm.sh \
	bench/run bench/inside proofs/prove cases/*.sh \
	$(grep -l '^#!/bin/sh' ./*.t); do
	# $? after [ is what ok takes.
	ok "$(shellcheck -x -e SC2319 "$script" >"$work/said" 2>&1; echo $?)" \
		"shellcheck of $(basename "$script")" || sed 's/^/# /' "$work/said"
done
done_testing
