#!/bin/sh
# That a command in an emulated machine can't tell it from this one, by what
# goes in and what comes out, and that nothing is left of that machine.

here=$(cd -- "$(dirname -- "$0")" && pwd)
. "$here/lib.sh"
work_in "${TMPDIR:-/tmp}"

# All that a box starts has this among its surroundings; what it writes is there.
mkdir tmp
export BOX=amd "TMPDIR=$work/tmp"
said='box: emulating a machine with KVM (AMD by QEMU), which starts in 5 s'

# What a box fetches at first, it says.
[ -e "$here/.cache/kernel" ] || "$here/box" true 2>/dev/null

# box COMMAND...: leaves $status, out and err.
box() {
	"$here/box" "$@" >out 2>err
	status=$?
}

no_process() {
	left=$(env -u TMPDIR grep -lszxF "TMPDIR=$work/tmp" \
		/proc/[0-9]*/environ)
	[ ! "$left" ]
}

# nothing_left NAME: of the last box no process stays, whose surroundings would
# tell it, and no file.
nothing_left() {
	[ ! "$(ls tmp)" ] && wait_until no_process
	ok $? "$1: no process and no file is left" ||
		echo "# $left" tmp/*
}

head -c 1048576 /dev/urandom >sent
# shellcheck disable=SC2016
box sh -c 'tee written && cat written >&2; exit 7' <sent
[ $status -eq 7 ]
ok $? 'a command ends with its status' || echo "# $status"
check 'its input, to the end, and its output are whole, of any bytes' \
	cmp sent out
{
	echo "$said"
	cat sent
} >want
check 'so is its standard error, apart, behind one line' cmp want err
check 'what it wrote into the folder is there' cmp sent written
nothing_left 'when it has ended'

box no-such-command <&-
[ $status -eq 127 ] && [ ! -s out ] && [ "$(head -n 1 err)" = "$said" ] &&
	grep -q 'no-such-command: not found' err
ok $? 'a command that there is not, and a closed input' || cat err
# shellcheck disable=SC2016
box sh -c 'cat; kill -KILL $$' </dev/null
[ $status -eq 137 ] && [ ! -s out ]
ok $? 'a command killed by a signal' || echo "# $status"

: >out
env --default-signal=INT "$here/box" sh -c 'echo hangs; sleep 1000' >out 2>err &
pid=$!
wait_for out hangs
kill -INT "$pid"
wait "$pid"
status=$?
[ $status -eq 130 ] && [ "$(cat err)" = "$said" ]
ok $? 'SIGINT ends a command that hangs' || echo "# $status"
nothing_left 'then'
timeout 2 "$here/box" sleep 1000 >out 2>err
status=$?
[ $status -eq 124 ] && [ "$(cat err)" = "$said" ]
ok $? 'timeout ends a box that still starts' || echo "# $status"
nothing_left 'then too'

# More than a pipe takes waits to be written when the reader goes.
(
	trap '' PIPE
	exec "$here/box" sh -c 'cat sent; sleep 1; echo >sent_all' 2>err
) | wait_until [ -e sent_all ]
[ "$(cat err)" = "$said" ]
ok $? 'a box ends without a word when nobody reads its output' || cat err
nothing_left 'then'

# ended_by_box NAME TEXT: whether the last box ended for a reason of its own,
# which says TEXT.
ended_by_box() {
	[ $status -eq 125 ] && grep -q "^box: $2" err
	ok $? "$1" || sed "s/^/# status $status: /" err
}

BOX_TIME=5 box sleep 1000
ended_by_box 'a machine that does not end has a time limit' \
	'no end in 5 (BOX_TIME)'
nothing_left 'then'
mkfifo endless
BOX=intel BOX_TIME=1 box true <>endless
ended_by_box 'so has the input that Bochs gets beforehand' \
	'the input has no end in 1 (BOX_TIME)'
nothing_left 'then'
BOX_QEMU=-bogus box true
ended_by_box 'a machine that ends early says why' \
	'the machine ended early: .*-bogus'
nothing_left 'then'
BOX=intel box make
[ $status -eq 127 ] && grep -q "^box: Bochs' machine has only busybox" err
ok $? 'a command that Bochs has not: what it has' || cat err

# These programs stand in for Debian's.
mkdir copy bin
cp "$here"/box* "$here/kvm-here" "$here/setup" copy
# fetched STATUS: a box that fetches, with an apt-get of that status.
fetched() {
	printf '%s\n' '#!/bin/sh' 'echo damaged >linux-image.deb' "exit $1" \
		>bin/apt-get
	chmod +x bin/apt-get
	PATH=$work/bin:$PATH copy/box true >out 2>err
	status=$?
}
fetched 1
ended_by_box 'a fetch that fails' "can't fetch linux-image"
fetched 0
ended_by_box 'a fetch of a damaged package' "can't unpack linux-image"
[ ! -e copy/.cache ]
ok $? 'then nothing of it is left'

cat >bin/apt-get <<'END'
#!/bin/sh
echo "$@" >>called
case $* in
*--print-uris*)
	echo 0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
	echo Need to get 3 MB of archives.
	echo After this operation, 9 MB of additional disk space will be used.
	;;
esac
END
printf '%s\n' '#!/bin/sh' 'exec "$@"' >bin/sudo
echo '#!/bin/sh' >bin/dpkg
chmod +x bin/*
PATH=$work/bin:$PATH copy/setup >out 2>err
status=$?
[ $status -eq 0 ] && [ ! -s out ] &&
	grep -q '^setup: .* 2 newly installed' err &&
	grep -q '^setup: Need to get 3 MB' err &&
	grep -q '^setup: After .* 9 MB' err &&
	tail -n 1 called | grep -q 'install .* -y gcc make'
ok $? 'setup says what it installs' || cat err called

BOX=bogus box true
[ $status -eq 2 ] && [ "$(cat err)" = "box: BOX is 'bogus', not host, amd or intel" ]
ok $? 'an unknown kind of box'
box
[ $status -eq 2 ] && [ "$(cat err)" = 'box: usage: tests/box COMMAND [ARGUMENT...]' ]
ok $? 'no command'
done_testing
