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

# whole(NUMBER): it without a fraction, or nothing.
function whole(number)
{
	return number == "" ? "" : sprintf("%.0f", number)
}

# row(WHAT, FLOOR, OURS, TARGET): a line, with the ratio.
function row(what, floor, ours, target, ratio)
{
	ratio = ""
	if (floor != "")
		ratio = sprintf("%.3f", ours / floor)
	printf "%-56s %9s %9s %6s  %s\n", what, whole(floor), whole(ours),
	    ratio, target
}

# less(MEASURE, PROGRAM, BASE): a figure without that of BASE.
function less(measure, program, base)
{
	return of(measure, program) - of(base, program)
}

END {
	split("A B C", versions)
	printf "%-56s %9s %9s %6s  %s\n", "measure", "floor", "ours",
	    "ratio", "target"
	print "\nthousands of instructions"
	for (i = 1; i <= 3; i++) {
		v = versions[i]
		row(v ": a hello, exec to exit", of("boot", "floor") / 2,
		    of("boot", v) / 2, "1.05")
		if (v != "A")
			row("   and a floor with a thread",
			    of("boot", "threads") / 2, of("boot", v) / 2, "")
	}
	for (i = 1; i <= 3; i++)
		row(versions[i] ": 200 000 bytes out, each an instruction",
		    of("out", "floor") / 2, of("out", versions[i]) / 2, "0.50")
	for (size = 4096; size <= 65536; size *= 16)
		row("C: 100 times " size " bytes to a file and back",
		    less("files-" size, "floor", "files-1") / 2,
		    less("files-" size, "C", "files-1") / 2,
		    size == 4096 ? "1.35" : "1.10")
	row("C: 10^6 writes to 2048 pages in turn, 2 MiB to 4 KiB",
	    of("touch1", 4) / 2, of("touch1", 2) / 2, "")
	row("   in random order; no TLB counts here",
	    of("touch1229", 4) / 2, of("touch1229", 2) / 2, "")
	row("C: copy on write of 4 MB, cp",
	    less("copy-big", "floor", "copy-empty") / 2,
	    less("copy-big", "C", "copy-empty") / 2, "1.10")
	for (i = 2; i <= 3; i++) {
		v = versions[i]
		split("1 10 50 100 500 1000", counts)
		for (j = 1; j <= 6; j++) {
			n = counts[j]
			floor = target = ""
			if (n == 500) {
				floor = of("many500", "floor") / n / 2
				target = "1.10"
			}
			row(v ": a VM of " n, floor, of("many" n, v) / n / 2,
			    target)
		}
		row("   1000 to 50", of("many50", v) / 100,
		    of("many1000", v) / 2000, "1.10")
	}
	print "\nthousands of instructions on Bochs' clock"
	for (i = 1; i <= 3; i++)
		row(versions[i] ": a hello, exec to exit",
		    of("bochs", "floor") / 2.5, of("bochs", versions[i]) / 2.5,
		    "1.05")
	print "\nmicroseconds of an emulated CPU"
	for (i = 1; i <= 3; i++)
		row(versions[i] ": 200 000 bytes out, one rep outsb",
		    of("outs", "floor"), of("outs", versions[i]), "0.10")
	print "\nKiB"
	for (i = 2; i <= 3; i++) {
		row(versions[i] ": a VM that waits for input",
		    of("memory-never", "floor") / 200,
		    of("memory-never", versions[i]) / 200, "1.05")
		row("   with huge pages for all that asks not",
		    of("memory-never", "floor") / 200,
		    of("memory-always", versions[i]) / 200, "1.05")
	}
	print "\nexits"
	for (i = 1; i <= 3; i++) {
		v = versions[i]
		of("exit-out", v)
		row(v ": 200 000 bytes out, to user space", "",
		    second["exit-out", v], "1300")
		row("   one rep outsb, all exits", "",
		    of("exit-outs", v), "1600")
		row("   in, one rep insb, to user space", "",
		    second["exit-ins", v] - second["exit-outs", v], "220")
	}
	of("exit-files", "C")
	# Without 8 bytes read, the address handed over, and the end.
	row("C: 221 calls on files, to user space", "",
	    second["exit-files", "C"] - 10, "221")
	print "\nsystem calls of a hello"
	for (i = 1; i <= 3; i++)
		row(versions[i], of("calls", "floor"),
		    of("calls", versions[i]), "")
	for (program in list)
		print "\n" program ": " list[program]
	exit missing
}
