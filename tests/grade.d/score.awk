# Numbers the tests of submissions, prints what advice they do not follow, and a
# table of the points, which it writes to grade.csv too.  Reads, of each, a file with its name and one with its
# tests.  Ends with status 1 when points are missing.

function finish(	i, level, line) {
	if (name == "")
		return
	if (!graded || !("A" in of || "B" in of || "C" in of)) {
		print "not ok " ++n " - " (graded ? "a folder Version_A, " \
			"Version_B or Version_C" : "the grader came to its end")
		failed = 1
	}
	printf "%s", advice
	line = name
	if (gsub(/"/, "\"\"", line) || line ~ /,/)
		line = "\"" line "\""
	table = table sprintf("%-30s", length(name) <= 30 ? name : \
		".." substr(name, length(name) - 27))
	for (i = 1; i <= 3; i++) {
		level = substr("ABC", i, 1)
		line = line "," points[level] + 0 "," of[level] + 0
		table = table sprintf("%4d of %2d", points[level], of[level])
		if (of[level])
			print "# Version_" level ": " points[level] + 0 " of " \
				of[level] " points"
	}
	print line "," unseen + 0 >"grade.csv"
	table = table sprintf("%10d\n", unseen)
	delete points
	delete of
	unseen = graded = 0
	advice = ""
}

BEGIN { print "submission,A,of A,B,of B,C,of C,not seen" >"grade.csv" }
FILENAME ~ /name$/ {
	finish()
	name = $0
	print "# Submission: " name
	next
}
/^(not )?ok - .: advice/ {
	advising = /^not/
	if (advising)
		advice = advice "# Not followed, which costs no point: " \
			substr($0, index($0, "- ") + 2) "\n"
	next
}
/^(not )?ok - / {
	advising = 0
	level = substr($0, index($0, "- ") + 2, 1)
	of[level]++
	points[level] += /^ok/ && !/ # SKIP /
	unseen += / # SKIP /
	sub(/ok/, "ok " ++n)
	failed = failed || /^not/
}
/^# graded$/ {
	graded = 1
	next
}
advising {
	advice = advice $0 "\n"
	next
}
{ print }
END {
	finish()
	print "1.." n
	printf "%-30s%10s%10s%10s%10s\n%s", "submission", "Version_A", "_B", "_C",
		"not seen", table
	exit failed
}
