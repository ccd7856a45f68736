#!/bin/sh
# Makes the archive of a release, target/dist/polyascan-VERSION-TARGET.tar.gz, and its sha256: the binary, completions,
# manual pages, the defaults, licences of all that is in the binary. The same binary and commit give the same bytes.
# usage: dist.sh TARGET, which names what rustc compiled for, as x86_64-unknown-linux-musl
set -eu
cd "$(dirname "$0")/.."
target=${1:?dist.sh: name the target}
binary=target/$target/release/polyascan
[ -x "$binary" ] || { echo "dist.sh: $binary is not there: run make static" >&2; exit 1; }
version=$("$binary" --version | sed 's/.* //')
name=polyascan-$version-$target
folder=target/dist/$name
rm -rf "$folder"
mkdir -p "$folder/completions"

cp "$binary" "$folder/polyascan"
"${STRIP:-strip}" "$folder/polyascan"
for shell in bash elvish fish powershell zsh; do
    "$binary" completions $shell > "$folder/completions/polyascan.$shell"
done
"$binary" man --quiet --output "$folder/man/man1"
cp LICENSE THIRD_PARTY.md README.md CHANGELOG.md CITATION.cff config/default.toml "$folder"

# THIRD_PARTY.md names the packages; their sources, which cargo has fetched, hold their licences.
sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
awk -F ' *[|] *' '/^\|/ && NR > 1 && $2 != "package" && $2 !~ /^-/ { print $2, $3, $4 }' THIRD_PARTY.md |
    while read -r package number licence; do
        printf '\n==== %s %s: %s ====\n\n' "$package" "$number" "$licence"
        files=$(find "$sources"/*/"$package-$number" -maxdepth 3 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' \
            -o -iname 'notice*' -o -iname 'unlicense*' \) 2>/dev/null | sort)
        [ -n "$files" ] || echo "(The package holds no text of its licence.)"
        echo "$files" | while read -r file; do
            [ -n "$file" ] || continue
            printf -- '-- %s\n\n' "${file#"$sources"/*/}"
            cat "$file"
            echo
        done
    done > "$folder/THIRD_PARTY_LICENCES.txt"

time=$(git log -1 --format=%ct 2>/dev/null || echo 0)
(cd target/dist && tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$time" -cf - "$name") |
    gzip -9n > "target/dist/$name.tar.gz"
(cd target/dist && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
