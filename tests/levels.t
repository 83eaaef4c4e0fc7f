#!/usr/bin/perl
# Each version's text is the one before it and no more than the file LEVELS
# says: a paragraph of mini_hypervisor.c (a definition with its comment, ended
# by a blank line outside braces) is kept to the byte, or listed there as
# grown, rewritten or new, with the reason.  Nothing is lost or moves.  The
# other files are the same, but for what is told here.

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

# The lines that a text has more than another, whose lines are all in it, in
# order; undefined when they are not.
sub more {
	my ($small, $large) = @_;
	my @left = split /\n/, $small;
	my $more = '';
	for my $line (split /\n/, $large) {
		if (@left && $left[0] eq $line) {
			shift @left;
		} else {
			$more .= "$line\n";
		}
	}
	return @left ? undef : $more;
}

# What is wrong with a version's mini_hypervisor.c over the one before it, by
# the list.
sub text_problems {
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
			defined more($old, $text) ? 'grown' : 'rewritten';
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

# What a version's Makefile has more than the one before it, beside the guests
# and the example.
my %make_more = (B => <<'END', C => '');
LDLIBS = -pthread
guest%.img: guest.c guest.ld
	$(CC) $(CFLAGS) $(GUEST_CFLAGS) -DNAME='"guest$*"' -o $@ $<

END

# What is wrong with a version, a hash of its files, over the one before it.
sub problems {
	my ($level, $before, $after, $list) = @_;
	my @wrong = text_problems($level, $before->{'mini_hypervisor.c'},
		$after->{'mini_hypervisor.c'}, $list);
	my @make = map { s/^(?:GUESTS|RUN) = .*\n//mgr }
		$before->{Makefile}, $after->{Makefile};
	push @wrong, 'the common part of guest.c does not begin as before'
		if index common($after->{'guest.c'}), common($before->{'guest.c'});
	push @wrong, 'guest.ld is another'
		if $after->{'guest.ld'} ne $before->{'guest.ld'};
	push @wrong, 'the Makefile has not just the lines more that it may'
		if (more(@make) // 'lost') ne $make_more{$level};
	return @wrong;
}

my $list = slurp('LEVELS');
my %version;
for my $folder (glob '../Version_?') {
	$version{substr $folder, -1} = {map { $_ => slurp("$folder/$_") }
		qw(mini_hypervisor.c guest.c guest.ld Makefile)};
}

# Ways to spoil a version, by file.
my %spoilt = (
	'mini_hypervisor.c' => {
		'a change that is not listed' => sub {
			s/(static void gdt_create.*?\n\{\n)/$1\tint x;\n/s },
		'another format' =>
			sub { s/size_t memory = vm/size_t  memory = vm/ },
		'a new name' => sub { s/\bidt_create\b/idt_write/g },
		'a paragraph lost' =>
			sub { s{/\* Writes the GDT\. .*?\n\}\n\n}{}s },
		'a paragraph moved' => sub {
			s{(/\* Writes the GDT\. .*?\n\}\n\n)}{}s;
			my $text = $1;
			s{(/\* ---- errors)}{$text$1};
		},
		'a paragraph more' => sub {
			s{(/\* ---- errors)}{static int more;\n\n$1} },
		'a listed change taken back' => sub {
			s/^#include <(?:pthread|semaphore|sys.resource).h>\n//mg;
			s/^\tsize_t file_count;.*\n//m;
			s/^\tstruct original \*files;.*\n//m },
	},
	'guest.c' => {
		'another console' => sub { s/rep outsb/rep; outsb/ },
	},
	'guest.ld' => {
		'a comment' => sub { $_ .= "/* */\n" },
	},
	'Makefile' => {
		'another flag' => sub { s/-O2/-O3/ },
		'a line more' => sub { s/^LDLIBS/LDFLAGS = -s\nLDLIBS/m },
		'a line lost' => sub { s/^LDLIBS.*\n//m },
	},
);
for my $level ('B', 'C') {
	my ($before, $after) = @version{chr(ord($level) - 1), $level};
	my @wrong = problems($level, $before, $after, $list);
	is("@wrong", '', "version $level is the one before it and what it says");
	diag(join "\n", @wrong) if @wrong;
	# The check itself notices.
	for my $file (sort keys %spoilt) {
		for my $how (sort keys %{$spoilt{$file}}) {
			my %copy = %$after;
			$spoilt{$file}{$how}->() for $copy{$file};
			isnt($copy{$file}, $after->{$file},
				"$level: $file: $how: can be made");
			ok(scalar problems($level, $before, \%copy, $list),
				'and is noticed');
		}
	}
	(my $short = $list) =~ s/^$level new .*\n//m;
	ok(scalar problems($level, $before, $after, $short),
		"$level: a missing line is noticed");
	ok(scalar problems($level, $before, $after, "$list\n$level new gone: x"),
		'a line too many is noticed');
}
done_testing();
