#!/usr/bin/env bash
# nbd.sh URL: Debian's NBD clients (libnbd-bin, qemu-utils, fio, nbdfuse) on disks of the server at URL, through
# `edge-evs nbd`. Who asks is in the OS_ variables. The last line is "N passed, M failed".
set -uo pipefail
url=${1:?usage: nbd.sh URL}
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
cd "$folder" || exit 1
passed=0
failed=0
bridges=()

finish() {
  for pid in "${bridges[@]}"; do kill "$pid" 2>/dev/null; done
  mountpoint -q "$folder/fuse" && fusermount3 -u "$folder/fuse"
  rm -rf "$folder"
}
trap finish EXIT

# check WHAT COMMAND...: counts it; what it printed is shown when it fails.
check() {
  local what=$1
  shift
  if "$@" >check.log 2>&1; then
    passed=$((passed + 1))
    echo "ok   $what"
  else
    failed=$((failed + 1))
    echo "FAIL $what"
    tail -n 20 check.log
  fi
}

# api METHOD PATH [BODY]: a call to the service; {p} is the project.
api() {
  curl -sS -f -X "$1" "$url${2//\{p\}/$project}" -H "X-Auth-Token: $token" -H 'Content-Type: application/json' ${3:+-d "$3"}
}

field() { python3 -c 'import functools,json,sys; print(functools.reduce(lambda v,k: v[k], sys.argv[1:], json.load(sys.stdin)))' "$@"; }

# until_status PATH KEY STATUS: waits until the thing has it.
until_status() {
  for _ in $(seq 300); do
    [ "$(api GET "$1" | field "$2" status)" = "$3" ] && return 0
    sleep 0.2
  done
  return 1
}

# new_volume GIB: makes a volume and prints its id.
new_volume() {
  local id
  id=$(api POST '/evs/v3/{p}/volumes' "{\"volume\":{\"size\":$1,\"name\":\"nbd\"}}" | field volume id)
  until_status "/evs/v3/{p}/volumes/$id" volume available >&2
  echo "$id"
}

# new_snapshot VOLUME: makes a snapshot of a disk in use and prints its id.
new_snapshot() {
  local id
  id=$(api POST '/evs/v3/{p}/snapshots' "{\"snapshot\":{\"volume_id\":\"$1\",\"name\":\"nbd\",\"force\":true}}" | field snapshot id)
  until_status "/evs/v3/{p}/snapshots/$id" snapshot available >&2
  echo "$id"
}

# bridge NAME ARGS...: starts `edge-evs nbd ARGS` on a Unix socket; sets uri and bridge.
bridge() {
  local name=$1
  shift
  node "$root/cli/edge-evs.mjs" nbd "$@" --socket "$folder/$name.sock" >"$name.log" 2>&1 &
  bridge=$!
  bridges+=("$bridge")
  uri="nbd+unix:///?socket=$folder/$name.sock"
  for _ in $(seq 150); do
    grep -q Ready "$name.log" && return 0
    sleep 0.2
  done
  cat "$name.log"
  return 1
}

login() {
  local body="{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"$OS_USERNAME\",\"domain\":{\"name\":\"${OS_USER_DOMAIN_NAME:-Default}\"},\"password\":\"$OS_PASSWORD\"}}},\"scope\":{\"project\":{\"name\":\"$OS_PROJECT_NAME\",\"domain\":{\"name\":\"${OS_PROJECT_DOMAIN_NAME:-Default}\"}}}}}"
  token=$(curl -sS -D - -o token.json -H 'Content-Type: application/json' -d "$body" "$url/iam/v3/auth/tokens" |
    tr -d '\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p')
  project=$(field token project id <token.json)
}

login
volume=$(new_volume 1)
bridge disk "$volume"
disk=$uri

# --- nbdinfo ---
nbdinfo "$disk" >info.txt 2>&1
for line in 'export-size: 1073741824 ' 'base:allocation' 'is_read_only: false' 'can_fua: true' 'can_trim: true' \
  'can_zero: true' 'can_fast_zero: true' 'can_multi_conn: true' 'can_cache: true' 'can_df: true' \
  'block_size_maximum: 1048576' 'block_size_preferred: 4096' 'using structured packets'; do
  check "nbdinfo: $line" grep -qF "$line" info.txt
done
check 'nbdinfo --list' nbdinfo --list "$disk"
check 'the volume is in use' until_status "/evs/v3/{p}/volumes/$volume" volume in-use

# --- nbdcopy, both ways, sparse ---
truncate -s 1G image.raw
for at in 0 5 40 41 300 1023; do dd if=/dev/urandom of=image.raw bs=1M seek=$at count=1 conv=notrunc status=none; done
check 'nbdcopy to the disk' nbdcopy --flush image.raw "$disk"
check 'nbdcopy from the disk' nbdcopy "$disk" copy.raw
check 'every byte came back' cmp image.raw copy.raw
check 'holes came back as holes' test "$(du -k copy.raw | cut -f1)" -lt 10240
nbdinfo --map=base:allocation --totals "$disk" >map.txt
check 'nbdinfo --map counts 6 MiB of data' grep -Eq '^ *6291456 .*data$' map.txt

# --- qemu ---
check 'qemu-img compare' qemu-img compare -f raw -F raw "$disk" image.raw
check 'qemu-img map' sh -c "qemu-img map --output=json -f raw '$disk' | python3 -c '
import json, sys
assert sum(part[\"length\"] for part in json.load(sys.stdin) if part[\"data\"]) == 6291456'"
check 'qemu-img convert to qcow2' qemu-img convert -f raw -O qcow2 "$disk" disk.qcow2
check 'the qcow2 is the same' qemu-img compare -f qcow2 -F raw disk.qcow2 image.raw
check 'qemu-img convert back' qemu-img convert -n -f qcow2 -O raw disk.qcow2 "$disk"
check 'qemu-io patterns' qemu-io -f raw -c 'write -P 0x5a 1000 3000' -c 'read -P 0x5a 1000 3000' -c 'write -P 7 64k 1M' \
  -c 'write -z 100k 50k' -c 'read -P 0 100k 50k' -c 'read -P 7 64k 36k' -c 'discard 64k 64k' -c 'read -P 0 64k 36k' \
  -c 'write -f -P 9 513 1' -c 'flush' -c 'read -P 9 513 1' "$disk"
check 'qemu-io beyond the end fails' sh -c "! qemu-io -f raw -c 'write 1G 4k' '$disk'"

nbdcopy "$disk" expected.raw
# --- fio with verification, several jobs, snapshots meanwhile ---
cat >fio.job <<FIO
[global]
ioengine=nbd
uri=$disk
bs=4k
iodepth=16
size=16m
io_size=12m
rw=randrw
verify=crc32c
verify_backlog=128
[one]
offset=64m
[two]
offset=128m
[three]
offset=192m
FIO
timeout -k 5 120 fio fio.job >fio.log 2>&1 &
fio=$!
snapshots=()
for _ in 1 2; do
  sleep 1
  snapshots+=("$(new_snapshot "$volume")")
done
if wait "$fio"; then
  passed=$((passed + 1))
  echo 'ok   fio: random reads and writes verified, three jobs'
else
  failed=$((failed + 1))
  tail -n 20 fio.log
fi
# What a snapshot is does not change while the disk goes on.
for snapshot in "${snapshots[@]}"; do
  bridge "snapshot-$snapshot" --snapshot "$snapshot"
  nbdcopy "$uri" before.raw
  qemu-io -f raw -c 'write -P 1 64m 1M' "$disk" >/dev/null
  check "snapshot $snapshot is read only" sh -c "nbdinfo '$uri' | grep -q 'is_read_only: true'"
  check "snapshot $snapshot stays as it was" qemu-img compare -f raw -F raw "$uri" before.raw
  check "snapshot $snapshot has what was written before" cmp -n 42991616 before.raw expected.raw
  kill "$bridge"
done

# --- a file system, made and filled over the network, checked at every place ---
fs=$(new_volume 1)
bridge fs "$fs"
mkdir -p files/deep fuse
head -c 3000000 /dev/urandom >files/random
seq 200000 >files/deep/numbers
if [ -w /dev/fuse ] && nbdfuse fuse "$uri" >fuse.log 2>&1 & then
  for _ in $(seq 50); do [ -e fuse/nbd ] && break; sleep 0.1; done
fi
if [ -e fuse/nbd ]; then
  check 'mkfs.ext4 through nbdfuse' mkfs.ext4 -q -F -d files fuse/nbd
  check 'e2fsck through nbdfuse' e2fsck -fn fuse/nbd
  sync
  fusermount3 -u fuse
else
  echo 'no FUSE here: the file system is made in a file and copied'
  truncate -s 1G fs.raw
  mkfs.ext4 -q -F -d files fs.raw
  check 'nbdcopy of a file system' nbdcopy --flush fs.raw "$uri"
fi
nbdcopy "$uri" fs-copy.raw
check 'e2fsck of the copy' e2fsck -fn fs-copy.raw
debugfs -R 'dump /random random.out' fs-copy.raw 2>/dev/null
check 'a file in it' cmp files/random random.out
backup=$(api POST '/evs/v3/{p}/backups' "{\"backup\":{\"volume_id\":\"$fs\",\"name\":\"nbd\",\"force\":true}}" | field backup id)
until_status "/evs/v3/{p}/backups/$backup" backup available
bridge backup --backup "$backup"
nbdcopy "$uri" backup.raw
check 'e2fsck of the backup' e2fsck -fn backup.raw
check 'the backup is the disk' cmp backup.raw fs-copy.raw
check 'nothing can be written to a backup' sh -c "! qemu-io -f raw -c 'write 0 4k' '$uri'"

# --- who may not ---
check 'an unknown volume is said to be one' sh -c "! node '$root/cli/edge-evs.mjs' nbd 00000000-0000-4000-8000-000000000000 --socket x.sock 2>err.txt && grep -q 404 err.txt"
check 'a second bridge is told about the first' sh -c "! node '$root/cli/edge-evs.mjs' nbd $volume --socket y.sock 2>err.txt && grep -q 'another bridge' err.txt"
for pid in "${bridges[@]}"; do kill "$pid" 2>/dev/null; done
check 'the volume is available when its bridge has ended' until_status "/evs/v3/{p}/volumes/$volume" volume available

for id in "${snapshots[@]}"; do api DELETE "/evs/v3/{p}/snapshots/$id" >/dev/null; done
api DELETE "/evs/v3/{p}/backups/$backup" >/dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
