#!/bin/sh
# As much of SLURM as workflow/profiles/generic uses, on this machine, for scripts/test_workflow.sh: linked as sbatch,
# squeue, sacct and scancel. Jobs run at once, in the background. About every second job that has a shard to write
# is killed with SIGKILL at a random moment after its first chunk, each shard once; the first always.
# FAKE_SLURM: folder for states (JOBID.state), process groups, outputs of jobs, and marks of kills (SHARD.killed).
set -eu
: "${FAKE_SLURM:?is not set: the folder for the states of jobs}"
state_of() { cat "$FAKE_SLURM/$1.state" 2>/dev/null || true; }
set_state() { echo "$2" > "$FAKE_SLURM/$1.new" && mv "$FAKE_SLURM/$1.new" "$FAKE_SLURM/$1.state"; }
random() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); } # 0 to $1 - 1

# The last argument: the job's script, or its id.
for last; do :; done

# Kills the job once its shard has a checkpoint, if the draw says so.
perhaps_kill() {
    id=$1 script=$2 group=$3
    shard=$(sed -n 's/^# properties = .*"output": \["\([^"]*\)\.shard".*/\1/p' "$script")
    [ -n "$shard" ] || return 0
    mark=$FAKE_SLURM/$(echo "$shard" | tr / _).killed
    [ ! -e "$mark" ] || return 0
    if [ "$(random 2)" = 0 ] && [ -n "$(find "$FAKE_SLURM" -name '*.killed')" ]; then return 0; fi
    # The checkpoint begins with what the run is made of; once it has grown, something is done.
    first=
    while size=$(wc -c 2>/dev/null < "$shard.checkpoint") || size=; [ "$size" = "${first:=$size}" ]; do
        kill -0 "$group" 2>/dev/null || return 0
        sleep 0.02
    done
    sleep "0.$(random 4)"
    kill -KILL "-$group" 2>/dev/null || return 0
    size=$(wc -c < "$shard.checkpoint" 2>/dev/null) || return 0 # it was done just before
    why=TIMEOUT
    if [ "$(random 2)" = 0 ]; then why=OUT_OF_MEMORY; fi
    set_state "$id" "$why"
    echo "job $id: $why with a checkpoint of $size bytes" > "$mark"
}

run() {
    id=$1 script=$2
    setsid sh "$script" > "$FAKE_SLURM/$id.out" 2>&1 &
    group=$!
    echo $group > "$FAKE_SLURM/$id.group"
    perhaps_kill "$id" "$script" "$group" &
    watcher=$!
    ended=0
    wait $group || ended=$?
    wait $watcher || true
    [ "$(state_of "$id")" = RUNNING ] || return 0
    if [ $ended = 0 ]; then set_state "$id" COMPLETED; else set_state "$id" FAILED; fi
}

case $(basename "$0") in
sbatch)
    [ -f "$last" ] || { echo "sbatch: no script $last" >&2; exit 1; }
    id=1
    while ! mkdir "$FAKE_SLURM/$id.job" 2>/dev/null; do id=$((id + 1)); done
    echo "$*" > "$FAKE_SLURM/$id.job/arguments"
    cp "$last" "$FAKE_SLURM/$id.job/script"
    set_state $id RUNNING
    run $id "$FAKE_SLURM/$id.job/script" > /dev/null 2>&1 < /dev/null &
    echo $id
    ;;
squeue)
    [ "$(state_of "$3")" != RUNNING ] || echo RUNNING
    ;;
sacct)
    for argument; do
        [ "${previous:-}" != --jobs ] || state_of "$argument"
        previous=$argument
    done
    ;;
scancel)
    for id; do
        set_state "$id" CANCELLED
        kill -TERM "-$(cat "$FAKE_SLURM/$id.group")" 2>/dev/null || true
    done
    ;;
*) echo "fake_slurm.sh: link it as sbatch, squeue, sacct or scancel" >&2; exit 2 ;;
esac
