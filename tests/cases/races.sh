# shellcheck shell=sh disable=SC2034,SC2154
# Threads that do all that threads do, for ThreadSanitizer to watch.

awk 'BEGIN { for (i = 1; i <= 40; i++) print "line", i }' >input
guests='hello bytes reader flood ud2'
# shellcheck disable=SC2046
timeout -s INT -k 60 10 "$program" -m 2 -p 2 -g $(for guest in $guests $guests \
	$guests $guests; do echo "g/$guest.img"; done) <input >out 2>err
status=$?
[ $status -ne 66 ] && ! grep -q 'WARNING: ThreadSanitizer' err
ok $? 'twenty guests race for nothing' || grep -A 20 WARNING err | sed 's/^/# /'
[ "$(grep -cE '^mini_hypervisor: g/ud2.img#' err)" -eq 4 ] && [ -s out ]
ok $? 'and ran'
