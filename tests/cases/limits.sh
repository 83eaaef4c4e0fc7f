# shellcheck shell=sh disable=SC2012,SC2034,SC2154,SC3045
# Limits: as many guests run as fit, and each of the others is named.

# all_told: whether $guests guests wait or are refused; counts them, good and
# bad.
all_told() {
	good=$(count out 'name? ')
	bad=$(grep -cE "^mini_hypervisor: g/prompt.img(#[0-9]+)?: $text" err)
	[ $((good + bad)) -eq "$guests" ]
}

# squeezed NAME GUESTS LEAST TEXT COMMAND...: of so many guests that wait for
# input, under the limit that the command sets, at least LEAST run, and the
# others are named, with that text.
squeezed() {
	name=$1
	guests=$2
	least=$3
	text=$4
	shift 4
	: >out
	: >err
	# shellcheck disable=SC2046
	(
		"$@" || exit
		exec "$program" -m 2 -p 2 -g $(repeat "$guests" g/prompt.img) \
			<in >out 2>err
	) &
	exec 4<>in
	wait_until all_told
	exec 4>&-
	wait $!
	status=$?
	[ $status -eq 1 ] && [ "$good" -ge "$least" ] && [ "$bad" -gt 0 ] &&
		[ "$(grep -c '!' out)" = "$good" ]
	ok $? "$name" ||
		echo "# $status, $good ran, $bad refused: $(tail -n 1 err)"
}
# Of 24 files four are ours, five in Version C, where a VM takes three.
open=$(($(ls /proc/self/fd | wc -l) - 4))	# besides the standard streams
files='.*; ulimit -n sets the limit'
squeezed 'a limit on open files' 40 "$([ "$level" = C ] && echo 6 || echo 10)" \
	"$files" ulimit -n $((24 + open))
sh -c 'ulimit -n 5 && exec "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-' sh \
	"$program" -m 2 -p 2 -g g/hello.img g/hello.img >out 2>err </dev/null
[ $? -eq 1 ] && [ "$(grep -c "#[12]: $files" err)" -eq 2 ]
ok $? 'room for none'
exec 5</dev/null 6<&5 7<&5 8<&5 9<&5
squeezed 'of which five are open already' 12 1 "$files" ulimit -n $((14 + open))
exec 5<&- 6<&- 7<&- 8<&- 9<&-
if [ "$tested" = covered/hypervisor ]; then
	skip 'a limit on memory' 'AddressSanitizer reserves terabytes'
else
	# A VM's struct is larger in Version C, and all are mapped at once.
	squeezed 'a limit on memory' 40 \
		"$([ "$level" = C ] && echo 10 || echo 20)" . ulimit -v 60000
fi
# A group of processes that may have ten tasks.  From Linux 6.12 on KVM wants one
# more for each VM, when it first runs.
in_group() {
	echo 0 >group/of_ten/cgroup.procs
}
if may_change 'a limit on tasks'; then
	mkdir group
	mount -t cgroup2 group group
	echo +pids >group/cgroup.subtree_control
	mkdir group/of_ten
	echo 10 >group/of_ten/pids.max
	squeezed 'a limit on tasks' 20 3 \
		'(no thread|KVM_RUN): Resource temporarily unavailable' in_group
	rmdir group/of_ten
	umount group
	rmdir group
fi
