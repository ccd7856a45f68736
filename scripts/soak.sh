#!/bin/sh
# Streams a simulated genome of human size through a whole scan and prints the peak of its memory;
# fails above 1 GiB. Takes about two hours on two cores, and 3.1 GB of disk (--tracks: some 20 GB more).
#
#   SOAK_LENGTH=60000000 sh scripts/soak.sh --tracks     an excerpt; options go to the scan
set -eu

length=${SOAK_LENGTH:-3000000000}
folder=${SOAK_FOLDER:-target/soak}
binary=${SOAK_BINARY:-target/release/polyascan}
most=1048576

"$binary" simulate --length "$length" --sites $((length / 50000)) --contigs 24 --seed 1 -o "$folder"
"$binary" scan "$folder/genome.fa" -o "$folder/scan" "$@" &
scan=$!
trap 'kill $scan 2>/dev/null' INT TERM
peak=0
while now=$(awk '/^VmHWM:/ { print $2 }' "/proc/$scan/status" 2>/dev/null) && [ -n "$now" ]; do
    peak=$now
    sleep 0.2
done
wait $scan
echo "peak resident memory: $((peak / 1024)) MiB for $length nt"
[ "$peak" -gt 0 ] && [ "$peak" -lt $most ]
