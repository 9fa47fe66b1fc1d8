#!/usr/bin/env bash
# The real Debian clients (python3-openstackclient, python3-cinderclient) against a running server:
#   bash test/clients/openstack.sh http://127.0.0.1:8787
# With the variables that the launcher prints, pasted: volumes, snapshots, backups made, listed, shown, restored, deleted;
# the bytes are looked at with curl. The last line is "N passed, N failed"; the exit code is 1 when something failed.
set -uo pipefail

url=${1:?usage: $0 URL}
url=${url%/}
# What the launcher prints to be pasted. An environment that has them already is left alone.
export OS_AUTH_URL=${OS_AUTH_URL:-$url/iam/v3}
export OS_PROJECT_NAME=${OS_PROJECT_NAME:-demo1} OS_USERNAME=${OS_USERNAME:-demo1} OS_PASSWORD=${OS_PASSWORD:-secret}
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_REGION_NAME=${OS_REGION_NAME:-eu-de}
export OS_IDENTITY_API_VERSION=3 OS_VOLUME_API_VERSION=3
# Python's warnings about its own packages are not what is looked for.
export PYTHONWARNINGS=ignore

scratch=$(mktemp -d)
tag=cli-$$
passed=0
failed=0
volume= other= snapshot= backup=
trap 'remove_all; rm -rf "$scratch"' EXIT

# ok NAME COMMAND...: a test; its output is shown when it fails.
ok() {
  local name=$1
  shift
  if "$@" >"$scratch/out" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    sed 's/^/        /' "$scratch/out" | tail -n 15
  fi
}

# Whatever a broken run leaves behind; quiet when all is gone.
remove_all() {
  for id in $snapshot; do openstack volume snapshot delete "$id" &>/dev/null; done
  for id in $backup; do openstack volume backup delete "$id" &>/dev/null; done
  sleep 1
  for id in $volume $other; do openstack volume delete --purge "$id" &>/dev/null; done
}

status() { openstack $1 show "$2" -f value -c status; }

# becomes "volume snapshot" ID STATUS: waits for a status; "gone" for the end.
becomes() {
  local answer
  for _ in $(seq 20); do
    if answer=$(status "$1" "$2" 2>&1); then
      [ "$answer" = "$3" ] && return 0
      case $answer in error*) [ "$3" = "$answer" ] || { echo "$1 $2 is $answer"; return 1; } ;; esac
    elif [ "$3" = gone ]; then
      return 0
    fi
    sleep 0.5
  done
  echo "$1 $2 is '$answer', not $3"
  return 1
}

# lists "volume snapshot" NAME: the list has it. The whole list is read first: the client must not write into a closed pipe.
lists() {
  local names
  names=$(openstack $1 list -f value -c Name) || return 1
  grep -x -- "$2" <<<"$names"
}
lists_not() { ! lists "$@"; }

# The client's own token, for curl.
data() {
  local method=$1 path=$2
  shift 2
  curl -sS --fail-with-body -X "$method" -H "X-Auth-Token: $token" "$@" "$url/data/v1/$project/$path"
}
write() { data PUT "volumes/$1" -H "Content-Range: bytes $2-$(($2 + $(stat -c %s "$3") - 1))/*" --data-binary "@$3"; }
same() { data GET "$1" -r "$2-$(($2 + $(stat -c %s "$3") - 1))" | cmp - "$3"; }

# OSC 6.0.0 fails after the accepted request ("cannot unpack non-iterable VolumeBackupsRestore object"), exit code 1:
# that failure is the client's, any other is ours.
osc_restore() {
  openstack volume backup restore --force "$1" "$2" >"$scratch/restore" 2>&1 && return 0
  grep -q 'cannot unpack non-iterable VolumeBackupsRestore' "$scratch/restore" || { cat "$scratch/restore"; return 1; }
}

head -c 3000320 /dev/urandom >"$scratch/old"
head -c 3000320 /dev/urandom >"$scratch/new"
offset=65024

ok 'token issue' openstack token issue
token=$(openstack token issue -f value -c id)
project=$(openstack token issue -f value -c project_id)
ok 'catalog list' openstack catalog list
ok 'availability zone list' openstack availability zone list --volume
ok 'volume type list' openstack volume type list

volume=$(openstack volume create --size 1 --description 'made by a real client' -f value -c id "$tag")
ok 'volume create' test -n "$volume"
ok 'volume becomes available' becomes volume "$volume" available
ok 'volume list' lists volume "$tag"
ok 'volume show by name' test "$(openstack volume show "$tag" -f value -c id)" = "$volume"
ok 'volume show: size' test "$(openstack volume show "$volume" -f value -c size)" = 1
ok 'volume show: unknown' bash -c '! openstack volume show 00000000-0000-4000-8000-000000000000'
ok 'bytes are written' write "$volume" $offset "$scratch/old"
ok 'bytes are read' same "volumes/$volume" $offset "$scratch/old"

snapshot=$(openstack volume snapshot create --volume "$tag" -f value -c id "$tag-snapshot")
ok 'snapshot create' test -n "$snapshot"
ok 'snapshot becomes available' becomes 'volume snapshot' "$snapshot" available
ok 'snapshot list' lists 'volume snapshot' "$tag-snapshot"
ok 'snapshot show' test "$(openstack volume snapshot show "$tag-snapshot" -f value -c volume_id)" = "$volume"
ok 'snapshot has the bytes' same "snapshots/$snapshot" $offset "$scratch/old"

backup=$(openstack volume backup create --name "$tag-backup" -f value -c id "$volume")
ok 'backup create' test -n "$backup"
ok 'backup becomes available' becomes 'volume backup' "$backup" available
ok 'backup list' lists 'volume backup' "$tag-backup"
ok 'backup show' test "$(openstack volume backup show "$tag-backup" -f value -c volume_id)" = "$volume"
ok 'backup has the bytes' same "backups/$backup" $offset "$scratch/old"

ok 'bytes are overwritten' write "$volume" $offset "$scratch/new"
ok 'the disk has the new bytes' same "volumes/$volume" $offset "$scratch/new"
ok 'openstack volume backup restore' osc_restore "$backup" "$volume"
ok 'volume is available again' becomes volume "$volume" available
ok 'the disk has the bytes of the backup' same "volumes/$volume" $offset "$scratch/old"

ok 'bytes are overwritten again' write "$volume" $offset "$scratch/new"
ok 'backup is available again' becomes 'volume backup' "$backup" available
ok 'cinder backup-restore' cinder backup-restore --volume "$volume" "$backup"
ok 'volume is available again (cinder)' becomes volume "$volume" available
ok 'the disk has the bytes of the backup (cinder)' same "volumes/$volume" $offset "$scratch/old"
ok 'bytes are overwritten, to be reverted' write "$volume" $offset "$scratch/new"
ok 'cinder revert-to-snapshot' cinder --os-volume-api-version 3.40 revert-to-snapshot "$snapshot"
ok 'volume is available again (revert)' becomes volume "$volume" available
ok 'the disk has the bytes of the snapshot' same "volumes/$volume" $offset "$scratch/old"

other=$(openstack volume create --snapshot "$tag-snapshot" --size 1 -f value -c id "$tag-clone")
ok 'volume create from a snapshot' becomes volume "$other" available
ok 'the clone has the bytes' same "volumes/$other" $offset "$scratch/old"

ok 'volume delete is refused while there are snapshots' bash -c "! openstack volume delete $volume"
ok 'snapshot delete' openstack volume snapshot delete "$tag-snapshot"
ok 'snapshot is gone' becomes 'volume snapshot' "$snapshot" gone
ok 'volume delete' openstack volume delete "$volume" "$other"
ok 'volume is gone' becomes volume "$volume" gone
ok 'volume list has it no more' lists_not volume "$tag"
ok 'the backup outlives the volume' same "backups/$backup" $offset "$scratch/old"
ok 'backup delete' openstack volume backup delete "$tag-backup"
ok 'backup is gone' becomes 'volume backup' "$backup" gone
ok 'backup list has it no more' lists_not 'volume backup' "$tag-backup"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
