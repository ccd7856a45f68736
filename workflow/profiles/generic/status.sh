#!/bin/sh
# What Snakemake asks of each job (`status.sh JOBID`): prints running, success or failed.
# A job that was killed (memory, time, node) leaves no mark of its own, so the scheduler is asked.
set -eu
[ $# = 1 ] || { echo "usage: status.sh JOBID" >&2; exit 2; }

# sacct forgets nothing but knows a job a moment late, and is not there without accounting; squeue is the reverse.
state=$(squeue --noheader --jobs "$1" --format %T 2>/dev/null | head -n 1) || state=
[ -n "$state" ] ||
    state=$(sacct --noheader --parsable2 --allocations --jobs "$1" --format State 2>/dev/null | head -n 1) || state=
case $state in
COMPLETED*) echo success ;;
BOOT_FAIL* | CANCELLED* | DEADLINE* | FAILED* | NODE_FAIL* | OUT_OF_MEMORY* | PREEMPTED* | REVOKED* | TIMEOUT*)
    echo failed ;;
*) echo running ;; # pending, running, suspended, or not known yet
esac
