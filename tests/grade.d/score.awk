# Numbers the tests of what submissions gave, advice last, and writes grade.csv.
# Reads, of each, a file with its name and one with its tests.

function finish(	i, level, line) {
	if (name == "")
		return
	print "# Advice, which gives no points:"
	for (i = 1; i <= advices; i++) {
		sub(/ok/, "ok " ++n, advice[i])
		print advice[i]
	}
	line = name
	for (i = 1; i <= 3; i++) {
		level = substr("ABC", i, 1)
		line = line "," points[level] + 0 "," of[level] + 0
		if (of[level])
			print "# Version_" level ": " points[level] + 0 " of " \
				of[level] " points"
	}
	print line "," unseen + 0 >"grade.csv"
	delete points
	delete of
	advices = unseen = 0
}

BEGIN { print "submission,A,of A,B,of B,C,of C,not seen" >"grade.csv" }
FILENAME ~ /name$/ {
	finish()
	name = $0
	print "# Submission: " name
	next
}
/^(not )?ok - .: advice/ {
	advice[++advices] = $0 (/^not/ ? " # TODO no points" : "")
	advising = 1
	next
}
/^(not )?ok - / {
	advising = 0
	level = substr($0, index($0, "- ") + 2, 1)
	of[level]++
	points[level] += /^ok/ && !/ # SKIP /
	unseen += / # SKIP /
	sub(/ok/, "ok " ++n)
}
advising {
	advice[advices] = advice[advices] "\n" $0
	next
}
{ print }
END {
	finish()
	print "1.." n
}
