#!/usr/bin/perl
# Each version's text is the one before it and no more than the file LEVELS
# says: a paragraph of mini_hypervisor.c (a definition with its comment, ended
# by a blank line outside braces) is kept to the byte, or listed there as
# grown, rewritten or new, with the reason.  Nothing is lost or moves.

use strict;
use warnings;
use File::Basename;
use Test::More;

chdir dirname($0) or die;

sub slurp {
	my ($file) = @_;
	open my $handle, '<', $file or die "$file: $!";
	local $/;
	return scalar <$handle>;
}

# The name of what a paragraph defines.
sub name {
	my ($text) = @_;
	return "section $1" if $text =~ m{^/\* -+ (.*?) -+ \*/$}m;
	return 'header' if $text =~ m{\A/\*\n \* mini_hypervisor, version};
	return 'includes' if $text =~ /^#include /m;
	return $1 if $text =~ /^#(?:define|ifndef) (\w+)/m && $text !~ /^\w/m;
	return $1 if $text =~ /^((?:struct|enum) \w+) \{/m;
	return $1 if $text =~ /^(?!__attribute__)\w[^=;(]*?\b(\w+)\(/m;
	return $1 if $text =~ /^static [^(]*?\b(\w+)(?:\[\w*\])?(?: =|;)/m;
	return (split /\n/, $text)[0];
}

# The paragraphs of a C file: pairs of a name and a text.
sub paragraphs {
	my ($text) = @_;
	my ($depth, $paragraph, @found) = (0, '');
	for my $line (split(/\n/, $text), '') {
		(my $code = $line) =~ s{/\*.*?\*/|"(?:\\.|[^"])*"|'\\?.'}{}g;
		$depth += ($code =~ tr/{//) - ($code =~ tr/}//);
		if ($line eq '' && $depth == 0) {
			push @found, [name($paragraph), $paragraph] if $paragraph;
			$paragraph = '';
		} else {
			$paragraph .= "$line\n";
		}
	}
	return @found;
}

# Whether the lines of one text are all in another, in order.
sub within {
	my ($small, $large) = @_;
	my @left = split /\n/, $small;
	for my $line (split /\n/, $large) {
		shift @left if @left && $left[0] eq $line;
	}
	return !@left;
}

# What is wrong with a version's text over the one before it, by the list.
sub problems {
	my ($level, $before, $after, $list) = @_;
	my @before = paragraphs($before);
	my @after = paragraphs($after);
	my %before = map { @$_ } @before;
	my %after = map { @$_ } @after;
	my (%listed, @wrong);
	for (grep { /^$level / } split /\n/, $list) {
		/^\w+ +(grown|rewritten|new) +(.*?): +\S/ or
			return "not understood: $_";
		push @wrong, "listed twice: $2" if $listed{$2};
		$listed{$2} = $1;
	}
	push @wrong, 'two paragraphs of one name'
		if keys %after != @after || keys %before != @before;
	for (@after) {
		my ($name, $text) = @$_;
		my $old = $before{$name};
		my $kind = !defined $old ? 'new' : $text eq $old ? 'kept' :
			within($old, $text) ? 'grown' : 'rewritten';
		my $said = delete $listed{$name} || 'kept';
		push @wrong, "$name is $kind, listed as $said" if $kind ne $said;
	}
	push @wrong, map { "listed, but not there: $_" } sort keys %listed;
	my @order = grep { exists $before{$_} } map { $_->[0] } @after;
	push @wrong, 'something is lost or has moved'
		if "@order" ne join ' ', map { $_->[0] } @before;
	return @wrong;
}

# The part of a guest.c that all versions share.
sub common {
	my ($text) = @_;
	$text =~ m{^(.*?)^/\* -+ the program }ms or die;
	return $1;
}

my $list = slurp('LEVELS');
my @folders = sort glob '../Version_?';
for my $i (1 .. $#folders) {
	my ($from, $to) = @folders[$i - 1, $i];
	my $level = substr $to, -1;
	my ($before, $after) = map { slurp("$_/mini_hypervisor.c") } $from, $to;
	my @wrong = problems($level, $before, $after, $list);
	is("@wrong", '', "version $level is as LEVELS says") or
		diag(join "\n", @wrong);
	is(index(common(slurp("$to/guest.c")), common(slurp("$from/guest.c"))),
		0, "$level: its guest's common part begins as the one before");
	is(slurp("$to/guest.ld"), slurp("$from/guest.ld"),
		"$level: guest.ld is the same");
	(my $make = slurp("$from/Makefile")) =~ s/^(GUESTS|RUN) = .*\n//mg;
	ok(within($make, slurp("$to/Makefile")),
		"$level: its Makefile has all of the one before");
}

# The check itself notices.
my ($before, $after) = map { slurp("$_/mini_hypervisor.c") } @folders[0, 1];
my %spoilt = (
	'a change that is not listed' =>
		sub { s/(static void gdt_create.*?\n\{\n)/$1\tint x;\n/s },
	'another format' => sub { s/size_t memory = vm/size_t  memory = vm/ },
	'a new name' => sub { s/\bidt_create\b/idt_write/g },
	'a paragraph lost' => sub { s{/\* Writes the GDT\. .*?\n\}\n\n}{}s },
	'a paragraph moved' => sub {
		s{(/\* Writes the GDT\. .*?\n\}\n\n)}{}s;
		my $text = $1;
		s{(/\* ---- errors)}{$text$1};
	},
	'a paragraph more' =>
		sub { s{(/\* ---- errors)}{static int more;\n\n$1} },
	'a listed change taken back' =>
		sub { s/^#include <pthread.h>\n#include <semaphore.h>\n//m;
			s/^#include <sys.resource.h>\n//m },
);
for my $how (sort keys %spoilt) {
	local $_ = $after;
	$spoilt{$how}->();
	isnt($_, $after, "$how can be made");
	ok(scalar problems('B', $before, $_, $list), 'and is noticed');
}
(my $short = $list) =~ s/^B new .*\n//m;
ok(scalar problems('B', $before, $after, $short), 'a missing line is noticed');
ok(scalar problems('B', $before, $after, "$list\nB new gone: x"),
	'a line too many is noticed');
done_testing();
