#!/bin/sh
# bcftools +split-vep on annotated variants: lists the fields, splits, filters by consequence, takes the worst.
set -eu
vcf=$1
split() {
    bcftools +split-vep -a PolyA "$@" "$vcf" 2>/dev/null
}
expect() {
    [ "$2" "$3" "$4" ] || { echo "test_split_vep.sh: $1: $2 $3 $4 does not hold" >&2; exit 1; }
}
lines() {
    wc -l | tr -d ' '
}

expect "fields" "$(split -l | lines)" -eq 22
split -l | grep -q 'Consequence$'
entries=$(split -d -f '%ID %Consequence %GENE\n' | lines)
records=$(split -f '%ID %Consequence\n' | lines)
expect "entries are split" "$entries" -gt "$records"
weakened=$(split -d -f '%ID %Consequence\n' | grep -c ' weakened$')
expect "consequences are there" "$weakened" -gt 3
expect "expressions see columns" "$(split -d -c Consequence -i 'Consequence="weakened"' -f '%ID\n' | lines)" -eq "$weakened"
expect "numbers are numbers" "$(split -d -c DELTA_STRENGTH:Float -i 'DELTA_STRENGTH<-1' -f '%ID\n' | lines)" -gt 3
expect "the worst of each record" "$(split -s worst -f '%ID %Consequence\n' | lines)" -ge 1
echo "split-vep: $entries entries of $records records"
