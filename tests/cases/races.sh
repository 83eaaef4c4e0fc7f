# shellcheck shell=sh disable=SC2034,SC2154
# Threads that do all that threads do, for ThreadSanitizer to watch.

awk 'BEGIN { for (i = 1; i <= 40; i++) print "line", i }' >input
guests='hello bytes reader flood ud2'
: >err
# shellcheck disable=SC2046
"$program" -m 2 -p 2 -g $(for guest in $guests $guests $guests $guests; do
	echo "g/$guest.img"; done) <input >out 2>err &
pid=$!
four_failed() {
	[ "$(grep -cE '^mini_hypervisor: g/ud2.img#' err)" -eq 4 ]
}
wait_until four_failed
ok $? 'twenty guests run'
stop INT
[ "$status" -eq 130 ] && ! grep -q 'WARNING: ThreadSanitizer' err
ok $? 'and race for nothing' || grep -A 20 WARNING err | sed 's/^/# /'

head -c 100000 /dev/zero >given
hv -m 2 -p 2 -g g/cow.img g/cow.img g/cow.img g/cow.img -f given
[ "$status" -eq 0 ] && [ ! -s err ]
ok $? 'nor do four that copy and write one shared file' || sed 's/^/# /' err
