#!/usr/bin/env bash
# The identity commands of Debian's python3-openstackclient against a running server with the demo accounts:
#   bash test/clients/identity.sh http://127.0.0.1:8787
# An administrator makes a project and a user, who logs in, and whose token ends with the role, the password, the project.
# Every step looks at the effect. The last line is "N passed, N failed"; the exit code is 1 when something failed.
set -uo pipefail

url=${1:?usage: $0 URL}
url=${url%/}
export OS_AUTH_URL=$url/iam/v3 OS_PROJECT_NAME=admin OS_USERNAME=admin OS_PASSWORD=${ADMIN_PASSWORD:-secret}
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_REGION_NAME=${OS_REGION_NAME:-eu-de}
export OS_IDENTITY_API_VERSION=3 OS_VOLUME_API_VERSION=3
# Python's warnings about its own packages are not what is looked for.
export PYTHONWARNINGS=ignore

scratch=$(mktemp -d)
team=cli-team-$$
user=cli-user-$$
role=cli-role-$$
passed=0
failed=0
trap 'remove_all; rm -rf "$scratch"' EXIT

# Whatever a broken run leaves behind; quiet when all is gone.
remove_all() {
  openstack user delete "$user" &>/dev/null
  openstack project delete "$team" &>/dev/null
  openstack role delete "$role" &>/dev/null
}

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

# is WANTED COMMAND...: its output is exactly this.
is() {
  local wanted=$1 answer
  shift
  answer=$("$@" 2>&1)
  [ "$answer" = "$wanted" ] || { echo "answered '$answer', not '$wanted'"; return 1; }
}

# says WORDS COMMAND...: it fails, with these words.
says() {
  local words=$1 answer
  shift
  answer=$("$@" 2>&1) && { echo "succeeded: $answer"; return 1; }
  grep -E -- "$words" <<<"$answer" || { echo "$answer"; return 1; }
}

show() { openstack "$1" show "$2" -f value -c "$3"; }
ids() { openstack "$@" -f value -c ID; }
names() { openstack "$@" -f value -c Name; }

# as PASSWORD COMMAND...: the new user in the new project.
as() {
  local password=$1
  shift
  OS_USERNAME=$user OS_PASSWORD=$password OS_PROJECT_NAME=$team openstack "$@"
}
with_token() { env -u OS_USERNAME -u OS_PASSWORD -u OS_USER_DOMAIN_NAME OS_AUTH_TYPE=token OS_TOKEN="$token" "$@"; }

ok 'token issue' openstack token issue
ok 'catalog list' bash -c 'openstack catalog list -f value -c Type | grep -x block-storage'
ok 'catalog show' openstack catalog show volumev3
ok 'domain list' is Default names domain list
ok 'domain show' is default show domain Default id
ok 'region list' is "$OS_REGION_NAME" openstack region list -f value -c Region
ok 'region show' is "$OS_REGION_NAME" show region "$OS_REGION_NAME" region
ok 'service list' bash -c 'openstack service list -f value -c Type | grep -x volumev3'
ok 'service show' is cbr show service cbr type
ok 'endpoint list' is "$url/cbr/v3/\$(project_id)s" openstack endpoint list --service cbr -f value -c URL
ok 'endpoint show' is public show endpoint evs-public interface

ok 'project create' openstack project create --description first --tag blue --property colour=red "$team"
project=$(show project "$team" id)
ok 'project create: twice' says 'HTTP 409' openstack project create "$team"
ok 'project create --or-show' is "$project" openstack project create --or-show "$team" -f value -c id
ok 'project show' is first show project "$team" description
ok 'project show: property' is red show project "$team" colour
ok 'project list' bash -c "openstack project list -f value -c Name | grep -x $team"
ok 'project list --tags' is "$project" ids project list --tags blue
ok 'project set' openstack project set --description second --property colour=green "$project"
ok 'project set: description' is second show project "$project" description
ok 'project set: property' is green show project "$project" colour

ok 'user create' openstack user create --project "$team" --password first --email a@b.c "$user"
id=$(show user "$user" id)
ok 'user create: twice' says 'HTTP 409' openstack user create "$user"
ok 'user show' is a@b.c show user "$id" email
ok 'user list' bash -c "openstack user list -f value -c Name | grep -x $user"
ok 'a user without a role is not let in' says 'HTTP 401' as first token issue

ok 'role create' openstack role create "$role"
ok 'role show' is "$role" show role "$role" name
ok 'role list' bash -c "openstack role list -f value -c Name | grep -x $role"
ok 'role add' openstack role add --project "$team" --user "$user" member
ok 'role assignment list' is "$user@Default" \
  openstack role assignment list --project "$team" --role member --names -f value -c User
ok 'user list --project' is "$user" names user list --project "$team"
ok 'project list --user' is "$team" names project list --user "$user"

ok 'the user logs in' is "$project" as first token issue -f value -c project_id
ok 'the user sees its project' is "$team" as first project list -f value -c Name
ok 'the user has disks of its own' is '' as first volume list -f value
ok 'the user is no administrator' says 'HTTP 403' as first project create other
ok 'user set --password' openstack user set --password second "$user"
ok 'the old password is refused' says 'HTTP 401' as first token issue
ok 'user password set' as second user password set --original-password second --password third
ok 'the new password is good' as third token issue

token=$(as third token issue -f value -c id)
ok 'a token logs in' is "$project" with_token openstack --os-project-name "$team" token issue -f value -c project_id
ok 'token revoke' openstack token revoke "$token"
ok 'a revoked token is refused' says 'HTTP 401' with_token openstack --os-project-name "$team" token issue
token=$(as third token issue -f value -c id)
ok 'role remove' openstack role remove --project "$team" --user "$user" member
ok 'the token has ended with the role' says 'HTTP 401' with_token openstack --os-project-name "$team" token issue
ok 'no role, no login' says 'HTTP 401' as third token issue
ok 'role add: again' openstack role add --project "$team" --user "$user" "$role"
ok 'user set --disable' openstack user set --disable "$user"
ok 'a disabled user is refused' says 'HTTP 401' as third token issue
ok 'user set --enable' openstack user set --enable "$user"
ok 'project set --disable' openstack project set --disable "$team"
ok 'a disabled project is refused' says 'HTTP 401' as third token issue
ok 'project set --enable' openstack project set --enable "$team"
ok 'both are back' as third token issue

ok 'an account of the settings stays' says EVS_ACCOUNTS openstack user delete demo1
ok 'a project of the settings stays' says EVS_ACCOUNTS openstack project set --disable demo1
ok 'there is no system scope' says 'role on the system' \
  env -u OS_PROJECT_NAME -u OS_PROJECT_DOMAIN_NAME openstack --os-system-scope all token issue

ok 'role delete' openstack role delete "$role"
ok 'nobody has the role' says 'HTTP 401' as third token issue
ok 'user delete' openstack user delete "$user"
ok 'user show: gone' says 'No user' openstack user show "$user"
ok 'project delete' openstack project delete "$team"
ok 'project show: gone' says 'No project' openstack project show "$team"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
