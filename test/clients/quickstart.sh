#!/usr/bin/env bash
# quickstart.sh URL: runs the README's quick start as it stands, against the server at URL.
set -euo pipefail
url=${1:?usage: quickstart.sh URL}
readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The block of code after the marker, with the address of this server.
sed -n '/<!-- quick start:/,/^```$/p' "$readme" | sed '1,2d;$d' | sed "s#^U=.*#U=$url#" >"$folder/quickstart.sh"

passed=0
failed=0
(cd "$folder" && bash -eu quickstart.sh >output.txt 2>&1) || true
for expected in 'rolled back' 'restored'; do
  if grep -qx "$expected" "$folder/output.txt"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
[ "$failed" -eq 0 ] || cat "$folder/output.txt"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
