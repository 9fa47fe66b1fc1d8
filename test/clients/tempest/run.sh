#!/usr/bin/env bash
# run.sh BASE_URL [REGEX]
# Runs the Tempest tests named in tests.txt (Debian's tempest + cinder-tempest-plugin)
# against the server at BASE_URL. REGEX narrows the list (grep -E on the test id).
#   apt-get install --no-install-recommends tempest cinder-tempest-plugin
# Settings (environment):
#   IDENTITY_PATH=/iam/v3   Keystone v3 root under BASE_URL (or IDENTITY_URL=...)
#   TESTS=tests.txt              another list (ids, '#' comments)
#   AREA=a,b                     only these areas of tests.txt ('## area: name' headings)
#   USER1 PASSWORD1 PROJECT1 USER2 ... ADMIN_USER ADMIN_PASSWORD ADMIN_PROJECT
#   DOMAIN_NAME=Default DOMAIN_ID=default REGION=eu-de CATALOG_TYPE=volumev3
#   MIN_MV= MAX_MV=latest        microversion window offered to tempest
#   VENDOR_NAME STORAGE_PROTOCOL what GET scheduler-stats/get_pools must report
#   CREDS=preprov|dynamic        dynamic: tempest makes its own users/projects (needs the
#                                Keystone admin API); needed by 1 test only
#   ALLOW_SKIP=all               count skips as skips; else only the marked test may skip, any
#                                other skip is a failure (a server cannot pass by hiding a feature)
#   CONCURRENCY=1  BUILD_TIMEOUT=60  OUT=dir (default: a new temporary folder)
# Prints each failure, then as last line: N passed, M failed, K skipped.
# Per-test list: $OUT/results.tsv (status, seconds, id, reason). Exit 0 = nothing failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
base=${1:?usage: run.sh BASE_URL [REGEX]}; base=${base%/}; regex=${2:-.}
: "${IDENTITY_PATH:=/iam/v3}"; : "${IDENTITY_URL:=$base$IDENTITY_PATH}"
: "${TESTS:=$here/tests.txt}" "${AREA:=}" "${DOMAIN_NAME:=Default}" "${DOMAIN_ID:=default}"
: "${REGION:=eu-de}" "${CATALOG_TYPE:=volumev3}" "${MIN_MV:=}" "${MAX_MV:=latest}"
: "${USER1:=demo1}" "${PASSWORD1:=secret}" "${PROJECT1:=demo1}"
: "${USER2:=demo2}" "${PASSWORD2:=secret}" "${PROJECT2:=demo2}"
: "${ADMIN_USER:=admin}" "${ADMIN_PASSWORD:=secret}" "${ADMIN_PROJECT:=admin}"
: "${VENDOR_NAME:=Open Source}" "${STORAGE_PROTOCOL:=iSCSI}"
: "${ALLOW_SKIP:=}" "${CREDS:=preprov}" "${CONCURRENCY:=1}" "${BUILD_TIMEOUT:=60}"
[ "$CREDS" = dynamic ] && DYNAMIC=true || DYNAMIC=false
WORK=${OUT:-$(mktemp -d)}; mkdir -p "$WORK/lock"; WORK=$(cd "$WORK" && pwd)
MIN_MV_LINE=${MIN_MV:+min_microversion = $MIN_MV}; export MIN_MV_LINE
export IDENTITY_URL DOMAIN_NAME DOMAIN_ID REGION CATALOG_TYPE MIN_MV MAX_MV USER1 PASSWORD1 \
  PROJECT1 USER2 PASSWORD2 PROJECT2 ADMIN_USER ADMIN_PASSWORD ADMIN_PROJECT VENDOR_NAME \
  STORAGE_PROTOCOL BUILD_TIMEOUT DYNAMIC WORK
py=/usr/bin/python3   # Debian's own, which has the tempest package
fill() { $py - "$1" "$2" <<'P'
import os, re, sys
t = open(sys.argv[1]).read()
open(sys.argv[2], 'w').write(re.sub(r'@([A-Z0-9_]+)@', lambda m: os.environ[m.group(1)], t))
P
}
fill "$here/tempest.conf.tmpl" "$WORK/tempest.conf" || exit 2
fill "$here/accounts.yaml.tmpl" "$WORK/accounts.yaml" || exit 2
pk=$($py -c 'import os,tempest;print(os.path.dirname(tempest.__file__))') || { echo '0 passed, 1 failed, 0 skipped'; exit 2; }
printf '[DEFAULT]\ntest_path=%s/test_discover\ntop_dir=%s\ngroup_regex=([^\\.]*\\.)*\n' "$pk" "$(dirname "$pk")" > "$WORK/.stestr.conf"
awk -v want="$AREA" '/^## area:/{a=$3} /^[^#]/ && NF {if (want=="" || index(","want",", ","a",")) print $1}' "$TESTS" \
  | grep -E -- "$regex" > "$WORK/selected.txt"
cnt=$(wc -l < "$WORK/selected.txt")
[ "$cnt" -gt 0 ] || { echo "no test selected"; echo '0 passed, 1 failed, 0 skipped'; exit 2; }
echo "tempest: $cnt tests against $IDENTITY_URL ($CREDS credentials)"
cd "$WORK" || exit 2
rm -rf .stestr; stestr init || exit 2
TEMPEST_CONFIG_DIR=$WORK TEMPEST_CONFIG=tempest.conf \
  stestr run --load-list selected.txt --concurrency "$CONCURRENCY" > stestr.out 2>&1
stestr last --subunit > stream.subunit 2>/dev/null
echo "per-test list: $WORK/results.tsv"
awk '/# .*DYNAMIC/{print $1}' "$TESTS" > may-skip.txt
[ "$ALLOW_SKIP" = all ] && cp selected.txt may-skip.txt
$py "$here/summarise.py" stream.subunit selected.txt results.tsv may-skip.txt
