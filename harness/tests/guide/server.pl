# A runtime in Perl, written by runtimes/template/README.md alone: one loop over select(2), echo and delay.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

$| = 1;
my $name = 'my_runtime';
my %defaults = (echo => { size => 64 }, delay => { delay_us => 10_000 });

sub refuse {
    my ($status, $reason) = @_;
    $reason =~ s/["\\]/'/g;
    print qq({"event":"error","reason":"$reason"}\n);
    exit $status;
}

sub describe {
    my $workloads = join ',', map { qq("$_":{"kind":"server","supported":true,"reason":null}) } sort keys %defaults;
    my $version = sprintf '%vd', $^V;
    print qq({"contract":1,"name":"$name","model":"callback","engine":"select","description":"Perl: one loop over select",)
        . qq("available":true,"reason":null,"versions":{"perl":"$version"},"parameters":[],"workloads":{$workloads}}\n);
}

sub parse {
    my %options = ('--workload' => '', '--workers' => 1, '--rounds-per-us' => 1);
    my %settings;
    while (defined(my $option = shift)) {
        my $value = shift // refuse(2, "$option lacks its value");
        if ($option eq '--set') {
            $value =~ /^(\w+)=(\d+)$/ or refuse(2, "--set $value: no NAME=NUMBER");
            $settings{$1} = $2;
        } elsif (exists $options{$option}) {
            $options{$option} = $value;
        } else {
            refuse(2, "unknown option '$option'");
        }
    }
    my $workload = $options{'--workload'};
    my $known = $defaults{$workload} or refuse(2, "unknown workload '$workload'");
    exists $known->{$_} or refuse(2, "unknown parameter '$_'") for keys %settings;
    refuse(3, 'there is one worker') if $options{'--workers'} != 1;
    return ($workload, $options{'--rounds-per-us'}, { %$known, %settings });
}

my ($workload, $set, %count, %received, %busy, @due);

# Sends all of it; a blocking socket makes the loop wait, which is good enough here.
sub reply {
    my ($peer, $bytes) = @_;
    for (my $at = 0; $at < length $bytes;) {
        my $sent = syswrite($peer, $bytes, length($bytes) - $at, $at) // return $count{errors}++;
        $at += $sent;
        $count{bytes_sent} += $sent;
    }
}

sub take {
    my ($peer, $bytes) = @_;
    $count{bytes_received} += length $bytes;
    if ($workload eq 'echo') {
        reply($peer, $bytes);
        return;
    }
    $received{$peer} .= $bytes;
    begin_next($peer);
}

# The connection's next request begins when the one before it is answered.
sub begin_next {
    my $peer = shift;
    return if $busy{$peer} || length($received{$peer} // '') < 12;
    my $frame = substr $received{$peer}, 0, 12, '';
    my $nonce = ~substr($frame, 4);    # all bits of a string inverted
    $busy{$peer} = 1;
    push @due, [time + $set->{delay_us} / 1e6, $peer, substr($frame, 0, 4) . $nonce];
}

sub serve {
    my $rounds_per_us;
    ($workload, $rounds_per_us, $set) = parse(@_);
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 4096) or refuse(1, "listen: $!");
    my $port = $listener->sockport;
    %count = map { $_ => 0 } qw(accepted requests bytes_received bytes_sent errors);
    my $stopping = 0;
    local $SIG{TERM} = sub { $stopping = 1 };
    local $SIG{PIPE} = 'IGNORE';
    my $readers = IO::Select->new($listener, \*STDIN);
    my $values = join ',', map { qq("$_":$set->{$_}) } sort keys %$set;
    print qq({"event":"ready","contract":1,"port":$port,"pid":$$,"notes":[],"effective":{"runtime":"$name",)
        . qq("workload":"$workload","workers":1,"listen":"127.0.0.1:$port","rounds_per_us":$rounds_per_us,"set":{$values}}}\n);
    until ($stopping) {
        my $wait = @due && $due[0][0] - time < 0.2 ? $due[0][0] - time : 0.2;    # a signal may come just before the wait
        for my $ready ($readers->can_read($wait < 0 ? 0 : $wait)) {
            if ($ready == $listener) {
                my $peer = $listener->accept or next;
                setsockopt $peer, IPPROTO_TCP, TCP_NODELAY, 1;
                $readers->add($peer);
                $received{$peer} = '';
                $count{accepted}++;
                next;
            }
            my $got = sysread $ready, my $bytes, 65536;
            if ($ready == \*STDIN) {
                $stopping = 1 unless $got;
            } elsif ($got) {
                take($ready, $bytes);
            } else {
                $count{errors}++ unless defined $got;
                $readers->remove($ready);
                delete $received{$ready};
                close $ready;
            }
        }
        while (@due && $due[0][0] <= time) {
            my (undef, $peer, $bytes) = @{ shift @due };
            reply($peer, $bytes) if defined fileno $peer;
            $count{requests}++;
            delete $busy{$peer};
            begin_next($peer);
        }
    }
    $count{requests} = int $count{bytes_received} / $set->{size} if $workload eq 'echo';
    my $counters = join ',', map { qq("$_":$count{$_}) } sort keys %count;
    my $aborted = @due;
    print qq({"event":"done","counters":{$counters},"aborted_sessions":$aborted,"notes":[]}\n);
}

my $verb = shift @ARGV // '';
$verb eq 'describe' ? describe() : $verb eq 'serve' ? serve(@ARGV) : refuse(2, "unknown verb '$verb'");
