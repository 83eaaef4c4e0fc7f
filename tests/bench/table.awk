# The table of tests/bench/run, from the lines of bench/inside; ends with 1
# when one of them is missing.

NF > 2 { figure[$1, $2] = $3; second[$1, $2] = $4 }
$1 == "list" { program = $2; sub(/^list [^ ]* /, ""); list[program] = $0 }

# of(MEASURE, PROGRAM): the figure.
function of(measure, program)
{
	if (!((measure, program) in figure)) {
		print "missing: " measure " " program
		missing = 1
		return 1
	}
	return figure[measure, program]
}

# less(MEASURE, BASE, PROGRAM): a figure without that of BASE.
function less(measure, base, program)
{
	return of(measure, program) - of(base, program)
}

# whole(NUMBER): it without a fraction, or nothing.
function whole(number)
{
	return number == "" ? "" : sprintf("%.0f", number)
}

# row(WHAT, BASE, OURS, TARGET): a line, with the ratio if there is a BASE; the
# TARGET is for that or else for OURS, and what is over it is marked.
function row(what, base, ours, target, ratio, over)
{
	ratio = base == "" ? "" : sprintf("%.3f", ours / base)
	if (target != "" && (base == "" ? ours : ratio) + 0 > target + 0)
		over = "  over"
	printf "%-56s %9s %9s %6s %6s%s\n", what, whole(base), whole(ours),
	    ratio, target, over
}

END {
	split("A B C", versions)
	printf "%-56s %9s %9s %6s %6s\n", "measure", "floor", "ours", "ratio",
	    "target"
	print "\nthousands of instructions"
	row("A: a hello, exec to exit", of("boot", "floor") / 2,
	    of("boot", "A") / 2, 1.02)
	row("B: and a floor with a thread", of("boot", "thread") / 2,
	    of("boot", "B") / 2, 1.01)
	row("C: and a floor with a thread", of("boot", "thread") / 2,
	    of("boot", "C") / 2, "1.10")
	row("   and one that is confined", of("boot", "confined") / 2,
	    of("boot", "C") / 2)
	if (("boot", "qemu") in figure) {
		row("A: and QEMU's microvm, for the same line",
		    of("boot", "qemu") / 2, of("boot", "A") / 2)
		row("   KiB of memory", second["boot", "qemu"],
		    second["boot", "A"])
	}
	for (i = 2; i <= 3; i++) {
		v = versions[i]
		row(v ": a VM of 500 at once, and floors with guard pages",
		    of("many-500-guarded", "floor") / 1000,
		    of("many-500", v) / 1000, i == 2 ? 0.77 : 0.79)
		row("   and floors without", of("many-500", "floor") / 1000,
		    of("many-500", v) / 1000)
		row("   a VM of 1000, and a VM of 50", of("many-50", v) / 100,
		    of("many-1000", v) / 2000, "1.10")
		row("   a VM of 4000, and a VM of 50", of("many-50", v) / 100,
		    of("many-4000", v) / 8000, 1.25)
		row("   a VM of 1000 that are alive at once, and floors",
		    of("alive", "floor") / 2000, of("alive", v) / 2000)
		row("   alone", "", of("alive", v) / 2000, 3443)
	}
	for (size = 4096; size <= 65536; size *= 16) {
		row("C: 100 times " size " bytes to a file and back, plain",
		    less("files-" size, "files-1", "plain") / 2,
		    less("files-" size, "files-1", "C") / 2,
		    size == 4096 ? "2.80" : 1.19)
		row("   and a floor that makes the exit",
		    less("files-" size, "files-1", "floor") / 2,
		    less("files-" size, "files-1", "C") / 2)
	}
	row("C: copy on write of 4 MB, and cp",
	    less("copy-big", "copy-empty", "floor") / 2,
	    less("copy-big", "copy-empty", "C") / 2, "1.00")
	row("C: each of 10 000 files to share at the start, of 1000",
	    less("files-of-1000", "files-of-100", "C") / 1800,
	    less("files-of-10000", "files-of-1000", "C") / 18000,
	    "1.10")
	row("C: each of 10 000 guests on the command line, of 1000",
	    less("guests-of-1000", "guests-of-100", "C") / 1800,
	    less("guests-of-10000", "guests-of-1000", "C") / 18000,
	    "1.10")
	print "\ninstructions"
	for (i = 1; i <= 3; i++) {
		v = versions[i]
		row(v ": a byte out, each an instruction",
		    less("out-50000", "out-0", "floor") / 100,
		    less("out-50000", "out-0", v) / 100, 0.48)
		row("   a byte in", less("in-20000", "in-0", "floor") / 40,
		    less("in-20000", "in-0", v) / 40)
		row("   alone", "", less("in-20000", "in-0", v) / 40, 3000)
	}
	row("C: a byte by handle 1", "",
	    less("bulk-10", "bulk-0", "C") / 400, 20)
	row("C: opening one of 10 000 files", "",
	    less("opens-1000", "opens-0", "C") / 2, 20000)
	print "\nKiB"
	for (i = 2; i <= 3; i++) {
		target = i == 2 ? 1.01 : 1.02
		row(versions[i] ": a VM that waits for input",
		    of("memory-never", "floor") / 200,
		    of("memory-never", versions[i]) / 200, target)
		row("   with huge pages for all that asks not",
		    of("memory-never", "floor") / 200,
		    of("memory-always", versions[i]) / 200, target)
	}
	print "\nexits"
	for (i = 1; i <= 3; i++) {
		v = versions[i]
		of("exit-out", v)
		row(v ": 200 000 bytes out, to user space", "",
		    second["exit-out", v], 1210)
		row("   one rep outsb, all exits", "",
		    of("exit-outs", v), 1390)
		row("   in, one rep insb, to user space", "",
		    second["exit-ins", v] - second["exit-outs", v], 220)
	}
	of("exit-files", "C")
	# Without 8 bytes read, the address handed over, and the end.
	row("C: 221 calls on files, to user space", "",
	    second["exit-files", "C"] - 10, 221)
	print "\nsystem calls of a hello"
	for (i = 1; i <= 3; i++)
		row(versions[i], of("calls", "floor"),
		    of("calls", versions[i]))
	print "\nwrites of an echo of 20 000 bytes"
	for (i = 1; i <= 3; i++)
		row(versions[i], "", of("echo", versions[i]), 10)
	for (program in list)
		print "\n" program ": " list[program]
	exit missing
}
